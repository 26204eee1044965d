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


ENTRIES = {
    "Connection refused": ("connection.md", "docker port iotistic-postgres", "docker logs iotistic-postgres"),
    "could not connect to server": ("connection.md", "docker ps", "pg_isready"),
    "password authentication failed": ("connection.md", "28P01", "POSTGRES_PASSWORD"),
    "migration already applied": ("migrations.md", "iotistic migrate status", "iotistic migrate unmark"),
    "relation does not exist": ("migrations.md", "42P01", "iotistic migrate"),
    "slow queries": ("slow.md", "total_exec_time", "pg_stat_statements"),
    "table sizes": ("slow.md", "pg_total_relation_size", "iotistic db sizes"),
    "index usage": ("slow.md", "pg_stat_user_indexes", "iotistic db indexes"),
}
"""What the handbook's pages on trouble begin with, and what a runbook has to say about it."""


@pytest.mark.parametrize("entry", ENTRIES)
def test_each_trouble_of_the_handbook_has_its_runbook(entry: str) -> None:
    page, *words = ENTRIES[entry]
    text = (ROOT / "docs/runbooks" / page).read_text()
    assert [word for word in [entry, *words] if word.lower() not in text.lower()] == []


def test_the_handbook_leads_to_each_of_them() -> None:
    text = (ROOT / "docs/handbook.md").read_text()
    assert [page for page in {page for page, *_ in ENTRIES.values()} if f"runbooks/{page}" not in text] == []


def test_every_runbook_is_named_in_a_page_people_read() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "".join(page.read_text() for page in pages)
    assert [path.name for path in RUNBOOKS if f"runbooks/{path.name}" not in text] == []
