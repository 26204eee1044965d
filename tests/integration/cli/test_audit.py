"""`iotistic audit` as its operator types it."""

import json
import os
import pwd
import subprocess
from pathlib import Path

import pytest

from iotistic.database.conninfo import url
from tests.support.databases import TestDatabase
from tests.support.terminal import typed


@pytest.fixture
def run(database: TestDatabase, tmp_path: Path):  # noqa: ANN201 - a function
    """Runs one command in a folder of its own."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return typed(*words, "--url", url(database.endpoint("app"), database.name), folder=tmp_path)

    return run


def test_a_command_is_told_by_the_account_that_ran_it(run) -> None:  # noqa: ANN001 - the fixture above
    assert run("fleets", "create", "berlin").returncode == 0
    assert run("fleets", "change", "berlin", "--description", "Pumps").returncode == 0
    account = pwd.getpwuid(os.getuid()).pw_name

    listed = run("audit", "list", "--resource", "fleets", "--json")
    entries = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [(entry["action"], entry["actor"]) for entry in entries] == [
        ("changed", f"command line, {account}"),
        ("created", f"command line, {account}"),
    ]

    table = run("audit", "list", "--resource", "fleets", "--limit", "1")
    assert "berlin" in table.stdout
    assert '{"description": "Pumps"}' in table.stdout
    assert f"--before {entries[0]['id']}" in table.stderr
    older = run("audit", "list", "--resource", "fleets", "--before", str(entries[0]["id"]), "--json")
    assert [json.loads(line)["id"] for line in older.stdout.splitlines()] == [entries[1]["id"]]


def test_a_question_that_makes_no_sense_is_told_as_one(run) -> None:  # noqa: ANN001 - the fixture above
    unknown = run("audit", "list", "--device", "nowhere")
    assert (unknown.returncode, "nowhere" in unknown.stderr) == (1, True)
    assert run("audit", "list", "--key", "7").returncode == 1
    nothing = run("audit", "list")
    assert (nothing.returncode, nothing.stdout, "Nothing" in nothing.stderr) == (0, "", True)
