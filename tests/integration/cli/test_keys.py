"""`iotistic keys` and `iotistic users` as an operator types them."""

import json
import subprocess
from pathlib import Path

import pytest
import pytest_asyncio

from iotistic.database.conninfo import url
from iotistic.database.pool import connect
from iotistic.devices import DeviceService
from iotistic.devices.fleets import FleetDraft, FleetService
from iotistic.secret import Secret
from iotistic.security.keys import parse_key
from tests.support.databases import TestDatabase
from tests.support.services import security_service
from tests.support.terminal import typed


class Terminal:
    """Runs commands in a folder of its own."""

    def __init__(self, database: TestDatabase, folder: Path) -> None:
        self._url = url(database.endpoint("app"), database.name)
        self._folder = folder

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        return typed(*line.split(), "--url", self._url, folder=self._folder)

    def good(self, line: str) -> str:
        done = self.run(line)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def objects(self, line: str) -> list[dict[str, object]]:
        return [json.loads(text) for text in self.good(f"{line} --json").splitlines()]


@pytest_asyncio.fixture
async def terminal(database: TestDatabase, tmp_path: Path) -> Terminal:
    """On a database with a pump in Berlin, which has a key, and an owner."""
    connection = await connect(database.endpoint("app"), database.name, application_name="test")
    pump = await DeviceService(connection).create_device(name="pump", kind="gateway")
    await FleetService(connection).create_fleet("berlin", FleetDraft())
    await FleetService(connection).assign("berlin", [pump.uuid])
    security = security_service(connection)
    await security.issue_device_key(pump.uuid, reason="test")
    await security.create_user("first", Secret("correct horse"), "owner")
    await connection.commit()
    await connection.close()
    return Terminal(database, tmp_path)


async def test_a_service_is_made_given_a_role_and_a_key_and_loses_both(terminal: Terminal) -> None:
    assert "keys issue" in terminal.run("users create exporter --service").stderr
    terminal.good("users grant exporter viewer --fleet berlin --for 30d")
    [binding] = terminal.objects("users bindings exporter")
    assert (binding["role"], binding["fleet"]) == ("viewer", "berlin")
    assert binding["expires_at"] is not None
    text = terminal.good(
        "keys issue --user exporter --scope telemetry:read --network 192.0.2.0/24 --for 90d"
    ).strip()
    parsed = parse_key(text)
    assert parsed is not None
    [key] = terminal.objects("keys list --user exporter")
    assert (key["key_id"], key["state"], key["kind"]) == (parsed.key_id, "good", "service")
    assert (key["scopes"], key["allowed_networks"]) == (["telemetry:read"], ["192.0.2.0/24"])
    assert parsed.secret.reveal() not in str(key)
    told = json.loads(terminal.good(f"keys rotate {parsed.key_id} --grace 1h --json"))
    assert told["key"].startswith("iot_svc_")
    assert [k["state"] for k in terminal.objects("keys list --user exporter --retiring")] == ["retiring"]
    terminal.good(f"keys revoke {parsed.key_id} --reason stolen")
    assert terminal.objects("keys list --user exporter") == []  # the successor went with it
    assert len(terminal.objects("keys list --user exporter --revoked")) == 2
    terminal.good(f"users revoke {binding['id']}")
    assert terminal.objects("users bindings exporter") == []


async def test_roles_are_shown_as_a_table_and_given_on_a_device(terminal: Terminal) -> None:
    terminal.good("users create ada")
    assert "pump" not in terminal.good("users grant ada operator --device pump")
    terminal.good("users grant ada viewer")
    table = terminal.good("users bindings ada")
    assert "operator" in table
    assert "everything" in table
    assert "viewer" in terminal.good("users list")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("users grant first king", "owner, admin, manager, operator or viewer"),
        ("users grant first viewer --fleet nowhere", "no fleet 'nowhere'"),
        ("users grant first owner --fleet berlin", "owner of everything"),
        ("users revoke 4711", "no role binding 4711"),
        ("users revoke 1", "Nobody would be owner"),
        ("keys issue --device pump", "has a key already"),
        ("keys issue --device pump --scope tags:read", "no scopes"),
        ("keys issue --user first --network 192.0.2.1/24", "no network"),
        ("keys issue --user first --for -8h", "lies in the past"),
        ("keys rotate", "Say which keys"),
        ("keys rotate --fleet berlin --print", "not printed"),
        ("keys revoke nobodys", "no key 'nobodys'"),
    ],
)
async def test_mistakes_are_told(terminal: Terminal, line: str, told: str) -> None:
    done = terminal.run(line)
    assert done.returncode in {1, 3}, done.stdout  # what is wrong, or what the present state forbids
    assert told in done.stderr
    assert "Traceback" not in done.stderr


async def test_the_keys_of_a_fleet_are_replaced_and_the_report_says_who_has_not_come(
    terminal: Terminal,
) -> None:
    assert terminal.good("keys report").startswith("No device of 1 is on an old key.")
    assert "1 keys of the fleet berlin" in terminal.run("keys rotate --fleet berlin --grace 1d").stderr
    told = terminal.good("keys report")
    assert told.startswith("1 of 1 devices are still on the old key, none of them seen yet.")
    assert "The next grace ends at" in told
    found = json.loads(terminal.good("keys report --json"))
    assert (found["on_old_key"], found["open_rotations"]) == (1, [])
    done = terminal.run("keys rotate --device pump")
    assert (done.returncode, "no key to be replaced" in done.stderr) == (1, True)


async def test_a_devices_next_key_is_left_to_it_or_printed(terminal: Terminal) -> None:
    left = terminal.run("keys rotate --device pump")
    assert (left.stdout, "pump fetches its next key" in left.stderr) == ("", True)
    [key] = terminal.objects("keys list --device pump")
    assert key["state"] == "retiring"
    terminal.good(f"keys revoke {key['key_id']}")
    first = parse_key(terminal.good("keys issue --device pump").strip())
    assert first is not None
    printed = parse_key(terminal.good("keys rotate --device pump --print").strip())
    assert printed is not None
    by_id = {k["key_id"]: k for k in terminal.objects("keys list --device pump")}
    assert by_id[printed.key_id]["replaces"] == first.key_id
