"""Runbooks name commands, variables and files that exist."""

import re
from pathlib import Path

import pytest

from iotistic.cli.main import COMMANDS
from iotistic.config.catalogue import SETTINGS

ROOT = Path(__file__).parents[2]
RUNBOOKS = sorted((ROOT / "docs/runbooks").glob("*.md"))
KNOWN = {name for setting in SETTINGS for name in (setting.variable, setting.file_variable)}


@pytest.fixture(params=RUNBOOKS, ids=lambda path: path.name)
def runbook(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text()


def test_every_command_exists(runbook: str) -> None:
    named = set(re.findall(r"(?:^|`|\$ )iotistic ([a-z][a-z-]*)", runbook, re.MULTILINE))
    assert named <= set(COMMANDS)


def test_every_variable_is_a_setting(runbook: str) -> None:
    named = set(re.findall(r"\b(?:IOTISTIC|DB|POSTGRES)_[A-Z_]*[A-Z]\b", runbook))
    assert named <= KNOWN


def test_every_container_is_one_of_the_compose_file(runbook: str) -> None:
    named = set(re.findall(r"docker (?:exec|logs|port|restart)(?: -it?)? ([a-z][a-z-]*)", runbook))
    containers = set(re.findall(r"container_name: (\S+)", (ROOT / "docker-compose.yml").read_text()))
    assert named <= containers
