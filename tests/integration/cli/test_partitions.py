"""`iotistic partitions` as its operator types it."""

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest

import iotistic.operations.partitions
from iotistic.database.conninfo import url
from iotistic.database.pool import connect
from tests.support.databases import TestDatabase
from tests.support.terminal import typed

SCHEMA = json.loads((Path(iotistic.operations.partitions.__file__).parent / "status.schema.json").read_text())


class Terminal:
    """Runs the command in a folder of its own, as the owner."""

    def __init__(self, database: TestDatabase, folder: Path) -> None:
        self._url = url(database.endpoint("owner"), database.name)
        self._folder = folder

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return typed("partitions", *words, "--url", self._url, folder=self._folder)


@pytest.fixture
def terminal(database: TestDatabase, tmp_path: Path) -> Terminal:
    return Terminal(database, tmp_path)


def test_from_nothing_to_all_well(terminal: Terminal) -> None:
    before = terminal.run("status", "--json")
    assert before.returncode == 3, before.stderr
    parents = json.loads(before.stdout)["parents"]
    # Test databases have a leaf for all events: a device can be registered in each of them.
    states = {parent["state"] for parent in parents if not parent["parent"].startswith("events_")}
    assert states == {"failing"}
    planned = terminal.run("plan", "--json")
    assert planned.returncode == 2
    done = terminal.run("run", "--json")
    assert done.returncode == 0, done.stderr
    made = [step for step in json.loads(done.stdout)["done"] if step["act"] != "seal"]
    assert made == json.loads(planned.stdout)["steps"]
    assert terminal.run("plan").returncode == 0
    after = terminal.run("status", "--json")
    assert after.returncode == 0, after.stderr
    seen = json.loads(after.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(seen)
    logs = next(parent for parent in seen["parents"] if parent["parent"] == "device_logs")
    assert (logs["runway_days"], logs["keep_days"], logs["gaps"]) == (10, 7, [])
    table = terminal.run("status")
    assert "device_logs" in table.stdout
    assert "fine" in table.stdout


async def test_a_missing_day_ahead_is_told_and_mended(terminal: Terminal, database: TestDatabase) -> None:
    assert terminal.run("run").returncode == 0
    connection = await connect(
        database.endpoint("owner"), database.name, application_name="test", autocommit=True
    )
    cursor = await connection.execute(
        "SELECT leaf FROM partition_leaves WHERE parent = 'device_logs' ORDER BY lower_bound DESC OFFSET 8 LIMIT 1"
    )
    row = await cursor.fetchone()
    assert row is not None
    await connection.execute(f"ALTER TABLE device_logs DETACH PARTITION {row[0]}".encode())
    await connection.close()
    seen = terminal.run("status")
    assert seen.returncode == 2, seen.stdout
    assert f"{row[0]} is attached to nothing" in seen.stdout
    dry = terminal.run("repair", "--dry-run")
    assert f"attach {row[0]}" in dry.stdout
    assert terminal.run("status").returncode == 2
    assert terminal.run("repair").returncode == 0
    assert terminal.run("status").returncode == 0


def test_a_refused_adoption_says_why_and_ends_with_3(terminal: Terminal) -> None:
    done = terminal.run("adopt", "users", "--keep-days", "3")
    assert done.returncode == 3
    assert "it is not partitioned" in done.stderr
    done = terminal.run("adopt", "users")
    assert done.returncode == 1
    assert "--keep-days" in done.stderr
    done = terminal.run("adopt", "device_logs", "users", "--from", "2026-01-01")
    assert done.returncode == 1
    assert "go together" in done.stderr
