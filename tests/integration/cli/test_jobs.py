"""`iotistic jobs` as its operator types it."""

import json
import subprocess
from pathlib import Path

import pytest
import pytest_asyncio

from iotistic.database.conninfo import url
from iotistic.database.pool import connect
from iotistic.devices import DeviceService
from tests.support.databases import TestDatabase
from tests.support.terminal import typed

GREET = {"steps": [{"action": "echo", "arguments": {"text": "hello"}}], "timeout_seconds": 60}


class Terminal:
    """Runs `iotistic jobs` in a folder of its own."""

    def __init__(self, database: TestDatabase, folder: Path) -> None:
        self.url = url(database.endpoint("app"), database.name)
        self.folder = folder

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return typed("jobs", *words, "--url", self.url, folder=self.folder, stdin=stdin)


@pytest_asyncio.fixture
async def terminal(database: TestDatabase, tmp_path: Path) -> Terminal:
    """A command line on a database with one device."""
    connection = await connect(database.endpoint("app"), database.name, application_name="test")
    await DeviceService(connection).create_device(name="pump", kind="sensor")
    await connection.commit()
    await connection.close()
    return Terminal(database, tmp_path)


def test_a_template_a_job_and_its_end(terminal: Terminal) -> None:
    saved = terminal.run("templates", "save", "greet", "-", stdin=json.dumps(GREET))
    assert saved.stderr == "greet is at version 1.\n"
    started = terminal.run(
        "run", "greet", "--device", "pump", "--canary", "5%", "--halt-after", "1", "--json"
    )
    assert json.loads(started.stdout) == {"id": 1, "status": "running", "devices": 1}
    shown = terminal.run("show", "1")
    assert "all at once, 5% first, halted by 1 failed" in shown.stdout
    assert "1 released" in shown.stdout
    assert terminal.run("pause", "1", "--reason", "lunch").stderr == "Job 1 is paused: 1 queued.\n"
    assert terminal.run("pause", "1").returncode == 3
    assert terminal.run("resume", "1").stderr == "Job 1 is running: 1 released.\n"
    [device] = terminal.run("devices", "1", "--json").stdout.splitlines()
    assert (json.loads(device)["device_name"], json.loads(device)["status"]) == ("pump", "released")
    assert terminal.run("cancel", "1").stderr == "Job 1 is cancelled: 1 cancelled.\n"
    watched = terminal.run("watch", "1", "--json")
    assert watched.returncode == 3
    assert [json.loads(line)["cancelled"] for line in watched.stdout.splitlines()] == [1]
    assert "cancelled" in terminal.run("list").stdout


def test_a_schedule(terminal: Terminal) -> None:
    terminal.run("templates", "save", "greet", "-", stdin=json.dumps(GREET))
    made = terminal.run("schedules", "create", "nightly", "greet", "--device", "pump", "--cron", "30 2 * * *")
    assert made.returncode == 0, made.stderr
    [found] = [json.loads(line) for line in terminal.run("schedules", "list", "--json").stdout.splitlines()]
    assert (found["name"], found["template"], found["cron"]) == ("nightly", "greet", "30 2 * * *")
    assert terminal.run("templates", "delete", "greet").returncode == 3
    assert terminal.run("schedules", "disable", "nightly").stderr == "nightly rests.\n"
    assert terminal.run("schedules", "delete", "nightly").returncode == 0
    assert terminal.run("templates", "delete", "greet").returncode == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run",), "what is to be done"),
        (("run", "nowhere", "--device", "pump"), "no job template 'nowhere'"),
        (("run", "--document", "-", "--device", "nobody"), "no device 'nobody'"),
        (("run", "--document", "-"), "exactly one of the three"),
        (("run", "--document", "-", "--device", "pump", "--canary", "many"), "'many' is no number"),
        (("run", "--document", "-", "--device", "pump", "--window", "25:00-26:00"), "says no hours"),
        (("run", "--document", "nowhere.json", "--device", "pump"), "nowhere.json cannot be read"),
        (("show", "99"), "no job 99"),
    ],
)
def test_what_cannot_be_is_told_with_what_to_do(
    terminal: Terminal, words: tuple[str, ...], told: str
) -> None:
    done = terminal.run(*words, stdin=json.dumps(GREET))
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
