"""`iotistic applications`, `dashboards`, `mqtt`, and `devices create|import|interfaces|traffic` as their operator types them."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from iotistic.database.conninfo import url
from iotistic.database.pool import connect
from iotistic.devices import DeviceService, NetworkInterface
from iotistic.devices.network import NetworkService
from iotistic.devices.traffic import Traffic, TrafficService
from tests.support.databases import TestDatabase
from tests.support.terminal import typed

IMAGE = "registry.example.com/pump@sha256:" + "a1" * 32
HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


class Terminal:
    """Runs the command in a folder of its own."""

    def __init__(self, database: TestDatabase, folder: Path) -> None:
        self._url = url(database.endpoint("app"), database.name)
        self._folder = folder

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return typed(*words, "--url", self._url, folder=self._folder)

    def rows(self, *words: str) -> list[dict[str, object]]:
        """What a list says, an object a line."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def terminal(database: TestDatabase, tmp_path: Path) -> Terminal:
    """The command line, on the test's own database."""
    return Terminal(database, tmp_path)


@pytest_asyncio.fixture
async def pump(database: TestDatabase) -> UUID:
    """A device called pump, with an interface and an hour of traffic."""
    owner = await connect(database.endpoint("owner"), database.name, application_name="test", autocommit=True)
    await owner.execute(
        "CREATE TABLE device_traffic_stats_all PARTITION OF device_traffic_stats"
        " FOR VALUES FROM ('2000-01-01Z') TO ('2100-01-01Z')"
    )
    await owner.close()
    connection = await connect(database.endpoint("app"), database.name, application_name="test")
    uuid = (await DeviceService(connection).create_device(name="pump", kind="gateway")).uuid
    eth0 = NetworkInterface(
        name="eth0",
        kind="ethernet",
        mac=None,
        addresses=("192.0.2.9/24",),
        is_up=True,
        is_default=True,
        mtu=1500,
        speed_mbps=None,
        ssid=None,
        signal_dbm=None,
    )
    await NetworkService(connection).replace_interfaces(uuid, [eth0])
    await TrafficService(connection).add(
        [
            Traffic(
                device_uuid=uuid,
                timestamp=HOUR,
                kind="metrics",
                requests=360,
                refused=2,
                bytes_received=2048,
                bytes_sent=10,
            )
        ]
    )
    await connection.commit()
    await connection.close()
    return uuid


async def test_a_release_is_made_deployed_and_rolled_back(terminal: Terminal, pump: UUID) -> None:
    assert terminal.run("applications", "create", "pump-control").returncode == 0
    for level in ("info", "debug"):
        made = terminal.run(
            "applications",
            "release",
            "pump-control",
            "--service",
            f"web={IMAGE}",
            "--env",
            f"web.LEVEL={level}",
        )
        assert made.returncode == 0, made.stderr
    assert [row["newest_release"] for row in terminal.rows("applications", "list")] == [2]
    assert [row["number"] for row in terminal.rows("applications", "releases", "pump-control")] == [2, 1]
    for number in ("2", "1"):
        done = terminal.run("applications", "deploy", "pump-control", number, "--device", "pump", "--json")
        assert json.loads(done.stdout)["changed"] == 1
    shown = json.loads(terminal.run("shadow", "show", str(pump), "--json").stdout)
    assert "debug" not in json.dumps(shown["desired"])
    assert "info" in json.dumps(shown["desired"])


async def test_what_is_no_release_is_refused_with_what_to_write(terminal: Terminal) -> None:
    terminal.run("applications", "create", "pump-control")
    for words, told in (
        (("--service", "web"), "NAME=IMAGE"),
        (("--service", "web=registry/pump:latest"), "not pinned"),
        (("--service", f"web={IMAGE}", "--env", "db.LEVEL=info"), "SERVICE.KEY=VALUE"),
    ):
        refused = terminal.run("applications", "release", "pump-control", *words)
        assert refused.returncode == 1
        assert told in refused.stderr
    missing = terminal.run("applications", "releases", "nothing")
    assert (missing.returncode, missing.stdout) == (1, "")


async def test_interfaces_and_traffic_are_shown(terminal: Terminal, pump: UUID) -> None:
    assert [row["addresses"] for row in terminal.rows("devices", "interfaces", "pump")] == [["192.0.2.9/24"]]
    changes = terminal.rows("devices", "interfaces", "pump", "--history")
    assert [(row["name"], row["change"]) for row in changes] == [("eth0", "appeared")]
    assert "192.0.2.9/24" in terminal.run("devices", "find", "--ip", "192.0.2.0/24").stdout
    (hour,) = terminal.rows("devices", "traffic", "pump")
    assert (hour["device_uuid"], hour["requests"], hour["refused"]) == (str(pump), 360, 2)
    assert "2.0 KiB" in terminal.run("devices", "traffic", "pump").stdout
    assert terminal.run("devices", "traffic", "nobody").returncode == 1


async def test_dashboards_are_made_listed_replaced_and_deleted(
    terminal: Terminal, database: TestDatabase, tmp_path: Path
) -> None:
    connection = await connect(database.endpoint("app"), database.name, application_name="test")
    await connection.execute("INSERT INTO users (username, password_hash) VALUES ('anna', 'none')")
    await connection.commit()
    await connection.close()
    (tmp_path / "pumps.json").write_text('{"widgets": []}')
    (tmp_path / "bad.json").write_text("[]")
    made = terminal.run("dashboards", "create", "Pumps", "pumps.json", "--default", "--json")
    number = str(json.loads(made.stdout)["id"])
    assert terminal.run("dashboards", "create", "Mine", "pumps.json", "--user", "anna").returncode == 0
    assert [row["owner"] for row in terminal.rows("dashboards", "list", "--user", "anna")] == [None, "anna"]
    assert [row["name"] for row in terminal.rows("dashboards", "list")] == ["Pumps"]
    assert terminal.run("dashboards", "replace", number, "pumps.json", "--name", "All pumps").returncode == 0
    shown = json.loads(terminal.run("dashboards", "show", number).stdout)
    assert (shown["name"], shown["is_default"], shown["document"]) == ("All pumps", True, {"widgets": []})
    assert terminal.run("dashboards", "create", "Bad", "bad.json").returncode == 1
    assert terminal.run("dashboards", "create", "Hers", "pumps.json", "--user", "nobody").returncode == 1
    assert terminal.run("dashboards", "delete", number).returncode == 0
    assert terminal.run("dashboards", "delete", number).returncode == 1


async def test_mqtt_accounts_and_rules_come_and_go(terminal: Terminal, pump: UUID) -> None:
    made = terminal.run("mqtt", "add", "ingest")
    assert len(made.stdout.strip()) == 32
    renewed = terminal.run("mqtt", "new-password", "ingest", "--json")
    assert json.loads(renewed.stdout)["password"] != made.stdout.strip()
    assert terminal.run("mqtt", "add-device", "pump").returncode == 0
    assert {row["username"] for row in terminal.rows("mqtt", "users")} == {"ingest", str(pump)}
    rule = terminal.run("mqtt", "allow", "a/#", "receive", "subscribe", "--user", "ingest", "--json")
    number = json.loads(rule.stdout)["id"]
    assert terminal.run("mqtt", "check", "ingest", "a/b", "--access", "receive").returncode == 0
    assert terminal.run("mqtt", "disable", "ingest").returncode == 0
    assert terminal.run("mqtt", "check", "ingest", "a/b", "--access", "receive").returncode == 1
    assert terminal.run("mqtt", "enable", "ingest").returncode == 0
    assert terminal.run("mqtt", "disallow", str(number)).returncode == 0
    assert terminal.run("mqtt", "check", "ingest", "a/b", "--access", "receive").returncode == 1
    assert terminal.run("mqtt", "allow", "a", "subscribe", "--user", "ingest").returncode == 1
    assert terminal.run("mqtt", "remove", "ingest").returncode == 0
    assert terminal.run("mqtt", "remove", "ingest").returncode == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("devices", "export", "--nonsense"), "Run `iotistic devices export --help`"),
        (
            ("devices", "claim-keys", "create", "--uses", "0"),
            "Run `iotistic devices claim-keys create --help`",
        ),
        (("devices", "nonsense"), "Run `iotistic devices --help`"),
        (("devices", "show", "nobody"), "with --retired the others"),
        (("devices", "interfaces", "nobody"), "with --retired the others"),
    ],
)
def test_a_refusal_names_the_command_that_says_more(
    terminal: Terminal, words: tuple[str, ...], said: str
) -> None:
    done = terminal.run(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


def test_an_export_is_ndjson_unless_told_otherwise(terminal: Terminal, pump: UUID) -> None:
    assert pump
    plain, named = terminal.run("devices", "export"), terminal.run("devices", "export", "--format", "ndjson")
    assert json.loads(plain.stdout)["name"] == "pump"
    assert plain.stdout == named.stdout
    table = terminal.run("devices", "export", "--format", "csv")
    assert table.stdout.splitlines()[0] == "name,kind,serial,fleet"
    assert "file's ending" not in terminal.run("devices", "export", "--help").stdout


def test_an_untouched_history_of_keys_is_told_as_whole(terminal: Terminal) -> None:
    done = terminal.run("audit", "verify")
    assert (done.returncode, "is whole" in done.stderr) == (0, True)
    assert len(done.stdout.splitlines()) == 1


def test_a_revoked_claim_key_does_not_count_claims_as_devices(terminal: Terminal) -> None:
    made = json.loads(terminal.run("devices", "claim-keys", "create", "--json").stdout)
    done = terminal.run("devices", "claim-keys", "revoke", made["key_id"])
    assert (done.returncode, "whoever it let in stays" in done.stderr) == (0, True)


def test_a_device_is_shown_with_its_fleet_and_tags(terminal: Terminal, pump: UUID) -> None:
    assert terminal.run("fleets", "create", "spree").returncode == 0
    moved = terminal.run("fleets", "add", "spree", "pump")
    assert "1 device moved" in moved.stderr
    assert terminal.run("devices", "tag", "site=berlin", "--device", "pump").returncode == 0
    shown = terminal.run("devices", "show", str(pump)).stdout
    assert "fleet       spree\n" in shown
    assert "tags        site=berlin\n" in shown


async def test_a_device_is_registered_before_it_comes(terminal: Terminal) -> None:
    assert terminal.run("fleets", "create", "spree").returncode == 0
    words = ("--kind", "sensor", "--serial", "S-9", "--fleet", "spree", "--tag", "site=berlin")
    made = json.loads(terminal.run("devices", "create", "pump-9", *words, "--json").stdout)
    shown = json.loads(terminal.run("devices", "show", "pump-9", "--json").stdout)
    assert (made["serial"], made["connection_status"]) == ("S-9", "never")
    assert (shown["device"]["uuid"], shown["device"]["fleet"]) == (made["uuid"], "spree")
    assert shown["tags"] == {"site": "berlin"}
    for kind, name, told in (("sensor", "pump-9", "has this name"), ("Sensor", "pump-8", "lower-case")):
        refused = terminal.run("devices", "create", name, "--kind", kind)
        assert refused.returncode != 0
        assert told in refused.stderr


async def test_a_file_that_is_not_there_is_named(terminal: Terminal) -> None:
    for name in ("devices.csv", "devices"):
        refused = terminal.run("devices", "import", name)
        assert refused.returncode == 1
        assert f"There is no file {name}." in refused.stderr
