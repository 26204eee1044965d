"""`iotistic shadow` as its operator types it."""

import json
import subprocess
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from iotistic.database.conninfo import url
from iotistic.database.pool import connect
from iotistic.devices import DeviceService
from iotistic.devices.shadow import Actor, ShadowService
from tests.support.databases import TestDatabase
from tests.support.terminal import typed


@pytest_asyncio.fixture
async def pump(database: TestDatabase) -> UUID:
    """A device that reports."""
    connection = await connect(database.endpoint("app"), database.name, application_name="test")
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    itself = Actor(kind="device", name=str(device.uuid))
    await ShadowService(connection).patch(device.uuid, "reported", {"interval": 60}, actor=itself)
    await connection.commit()
    await connection.close()
    return device.uuid


class Terminal:
    """Runs the command in a folder of its own."""

    def __init__(self, database: TestDatabase, folder: Path) -> None:
        self._url = url(database.endpoint("app"), database.name)
        self._folder = folder

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return typed("shadow", *words, "--url", self._url, folder=self._folder, stdin=stdin)

    def json(self, *words: str, stdin: str = "") -> dict[str, object]:
        done = self.run(*words, "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        answer: dict[str, object] = json.loads(done.stdout)
        return answer


@pytest.fixture
def terminal(database: TestDatabase, tmp_path: Path) -> Terminal:
    """The command line, on the test's own database."""
    return Terminal(database, tmp_path)


async def test_a_shadow_is_changed_compared_and_brought_back(terminal: Terminal, pump: UUID) -> None:
    assert terminal.json("set", "pump", '{"interval": 30, "led": 1}')["version"] == 1
    assert terminal.json("set", str(pump), "-", stdin='{"led": null}')["document"] == {"interval": 30}
    assert terminal.json("set", "pump", '{"mode": "eco"}', "--replace", "--version", "2")["version"] == 3
    shown = terminal.json("show", "pump")
    assert shown["delta"] == {"mode": "eco"}
    assert terminal.json("diff", "pump", "2")["patch"] == {"interval": None, "mode": "eco"}
    assert terminal.json("rollback", "pump", "2")["document"] == {"interval": 30}
    assert terminal.json("show", "pump", "--half", "desired", "--version", "1")["document"] == {
        "interval": 30,
        "led": 1,
    }
    history = terminal.run("history", "pump", "--json")
    lines = [json.loads(line) for line in history.stdout.splitlines()]
    assert [line["cause"] for line in lines] == ["rollback", "replace", "patch", "patch"]
    assert {(line["actor_kind"], line["actor"]) for line in lines} == {("system", "iotistic shadow")}


async def test_a_person_sees_both_halves_and_what_is_to_do(terminal: Terminal, pump: UUID) -> None:
    assert pump
    terminal.json("set", "pump", '{"interval": 30}')
    shown = terminal.run("show", "pump")
    assert shown.returncode == 0
    assert [line.split(" ")[0] for line in shown.stdout.splitlines() if line[:1].isalpha()] == [
        "desired", "reported", "still",
    ]  # fmt: skip
    table = terminal.run("diff", "pump", "0", "1").stdout.splitlines()
    assert [line.split() for line in table] == [
        ["PATH", "KIND", "BEFORE", "AFTER"],
        ["/interval", "added", "-", "30"],
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "nobody"), 1, "no device 'nobody'"),
        (("set", "pump", "[1]"), 1, "is a JSON object"),
        (("set", "pump", "{"), 1, "no JSON"),
        (("set", "pump", "{}", "--version", "7"), 3, "at version 0"),
        (("rollback", "pump", "7"), 1, "never had a version 7"),
        (("show", "pump", "--version", "1"), 1, "--half"),
        (("show", "pump", "--at", "yesterday"), 1, "no moment"),
    ],
)
async def test_a_refusal_says_why(
    terminal: Terminal, pump: UUID, words: tuple[str, ...], code: int, said: str
) -> None:
    assert pump
    done = terminal.run(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
