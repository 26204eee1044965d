"""`iotistic events` as its operator types it."""

import json
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest_asyncio

from iotistic.database.conninfo import url
from iotistic.database.pool import connect
from iotistic.devices import DeviceService
from tests.support.databases import TestDatabase
from tests.support.terminal import typed


@pytest_asyncio.fixture
async def database_url(database: TestDatabase) -> str:
    """A database in which a device came and went."""
    connection = await connect(database.endpoint("app"), database.name, application_name="test")
    devices = DeviceService(connection)
    device = await devices.create_device(name="pump", kind="sensor")
    await devices.touch_contacts([device.uuid])
    await connection.commit()
    await connection.close()
    return url(database.endpoint("app"), database.name)


def run(folder: Path, database_url: str, *words: str) -> subprocess.CompletedProcess[str]:
    return typed("events", *words, "--url", database_url, folder=folder)


async def test_the_story_of_a_device_is_listed_and_its_chain_shown(database_url: str, tmp_path: Path) -> None:
    listed = run(tmp_path, database_url, "list", "--device", "pump", "--json")
    events = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [event["type"] for event in events] == ["device.online", "device.registered"]
    table = run(tmp_path, database_url, "list", "--type", "device.online")
    assert '{"was": "never"}' in table.stdout
    assert "device.registered" not in table.stdout
    chain = run(tmp_path, database_url, "chain", events[0]["id"], "--json")
    assert [json.loads(line)["id"] for line in chain.stdout.splitlines()] == [events[0]["id"]]
    assert "device.retired" in run(tmp_path, database_url, "types").stdout


async def test_what_is_not_there_is_told(database_url: str, tmp_path: Path) -> None:
    unknown = run(tmp_path, database_url, "chain", str(uuid4()))
    assert (unknown.returncode, "There is no event" in unknown.stderr) == (1, True)
    assert run(tmp_path, database_url, "list", "--device", "nowhere").returncode == 1
    nothing = run(tmp_path, database_url, "list", "--type", "device.retired")
    assert (nothing.returncode, nothing.stdout) == (0, "")
