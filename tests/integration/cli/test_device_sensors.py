"""`iotistic devices sensors` as its operator types it."""

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


@pytest_asyncio.fixture
async def pump(database: TestDatabase) -> str:
    """The name of a device."""
    connection = await connect(database.endpoint("app"), database.name, application_name="test")
    await DeviceService(connection).create_device(name="pump", kind="gateway")
    await connection.commit()
    await connection.close()
    return "pump"


class Terminal:
    """Runs the command in a folder of its own."""

    def __init__(self, database: TestDatabase, folder: Path) -> None:
        self._url = url(database.endpoint("app"), database.name)
        self._folder = folder

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return typed("devices", "sensors", *words, "--url", self._url, folder=self._folder)


@pytest.fixture
def terminal(database: TestDatabase, tmp_path: Path) -> Terminal:
    """The command line, on the test's own database."""
    return Terminal(database, tmp_path)


async def test_a_sensor_is_set_changed_shown_and_deleted(
    terminal: Terminal, pump: str, tmp_path: Path
) -> None:
    (tmp_path / "points.json").write_text('[{"metric": "flow", "register": 40001}]')
    made = terminal.run(
        "set", pump, "flow", "--protocol", "modbus", "--poll", "500ms", "--connection", '{"host": "192.0.2.20"}',
        "--data-points", "@points.json",
    )  # fmt: skip
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
    assert terminal.run("set", pump, "flow", "--disabled").returncode == 0
    shown = json.loads(terminal.run("show", pump, "flow").stdout)
    assert (shown["is_enabled"], shown["poll_every_seconds"], shown["connection"], shown["deployment"]) == (
        False, 0.5, {"host": "192.0.2.20"}, "pending",
    )  # fmt: skip
    assert shown["data_points"] == [{"metric": "flow", "register": 40001}]
    assert json.loads(terminal.run("list", pump, "--json").stdout) == shown
    assert "modbus" in terminal.run("list", pump).stdout
    assert terminal.run("delete", pump, "flow").returncode == 0
    assert terminal.run("list", pump, "--json").stdout == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["set", "pump", "flow"], "needs a protocol"),
        (["set", "pump", "flow", "--protocol", "telepathy"], "telepathy"),
        (["set", "pump", "flow", "--protocol", "can", "--connection", "[]"], "no JSON object"),
        (["set", "pump", "flow", "--protocol", "can", "--data-points", "{"], "no JSON"),
        (["set", "pump", "flow", "--protocol", "can", "--data-points", "@nowhere"], "nowhere"),
        (["set", "pump", "flow", "--protocol", "can", "--poll", "soon"], "soon"),
        (["set", "nobody", "flow", "--protocol", "can"], "nobody"),
        (["delete", "pump", "flow"], "no sensor 'flow'"),
        (["show", "pump", "flow"], "no sensor 'flow'"),
    ],
)
@pytest.mark.usefixtures("pump")
async def test_mistakes_are_told(terminal: Terminal, words: list[str], told: str) -> None:
    done = terminal.run(*words)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
