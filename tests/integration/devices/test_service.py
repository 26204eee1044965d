from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import pytest

from iotistic.database.pool import Connection
from iotistic.devices import (
    Device,
    DeviceInvalid,
    DeviceNameTaken,
    DeviceNotFound,
    DeviceSerialTaken,
    DeviceService,
    NetworkInterface,
    Tag,
    TagInvalid,
    TagNotFound,
)
from iotistic.devices.network import NetworkService

ETH0 = NetworkInterface(
    name="eth0",
    kind="ethernet",
    mac="02:00:5e:10:00:01",
    addresses=["192.0.2.1/24", "2001:db8::1/64"],
    is_up=True,
    is_default=True,
    mtu=1500,
    speed_mbps=1000,
    ssid=None,
    signal_dbm=None,
)


async def pump(devices: DeviceService, name: str = "pump") -> Device:
    return await devices.create_device(name=name, kind="sensor", serial=f"serial of {name}")


async def test_a_registered_device_is_found_by_all_it_is_known_by(connection: Connection) -> None:
    devices = DeviceService(connection)
    made = await pump(devices)
    assert made.connection_status == "never"
    assert await devices.get_device(made.uuid) == made
    assert await devices.find_device_by_name("pump") == made
    assert await devices.find_device_by_serial("serial of pump") == made


async def test_a_stranger_is_not_found(connection: Connection) -> None:
    devices = DeviceService(connection)
    stranger = uuid4()
    assert await devices.find_device(stranger) is None
    with pytest.raises(DeviceNotFound, match=str(stranger)):
        await devices.get_device(stranger)


async def test_a_name_is_given_once(connection: Connection) -> None:
    devices = DeviceService(connection)
    await pump(devices)
    with pytest.raises(DeviceNameTaken):
        await devices.create_device(name="pump", kind="sensor")


async def test_a_serial_is_given_once(connection: Connection) -> None:
    devices = DeviceService(connection)
    await pump(devices)
    with pytest.raises(DeviceSerialTaken):
        await devices.create_device(name="other", kind="sensor", serial="serial of pump")


@pytest.mark.parametrize("name", ["x", "x" * 200, "Pumpe 7 (Süd)"])
async def test_a_name_may_be_what_people_write(connection: Connection, name: str) -> None:
    assert (await DeviceService(connection).create_device(name=name, kind="sensor")).name == name


@pytest.mark.parametrize(
    ("name", "kind"), [("", "sensor"), (" x", "sensor"), ("x" * 201, "sensor"), ("x", "Sensor"), ("x", "")]
)
async def test_an_impossible_name_or_kind_is_refused(connection: Connection, name: str, kind: str) -> None:
    with pytest.raises(DeviceInvalid):
        await DeviceService(connection).create_device(name=name, kind=kind)


async def test_pages_follow_one_another_without_gap_or_repeat(connection: Connection) -> None:
    devices = DeviceService(connection)
    names = [f"device-{number:02}" for number in range(7)]
    for name in reversed(names):
        await pump(devices, name)
    seen: list[str] = []
    page: Sequence[Device] = await devices.list_devices(limit=3)
    while page:
        seen += [device.name for device in page]
        page = await devices.list_devices(after=page[-1].name, limit=3)
    assert seen == names


async def test_a_rename_keeps_everything_else(connection: Connection) -> None:
    devices = DeviceService(connection)
    made = await pump(devices)
    renamed = await devices.rename_device(made.uuid, "pump 2")
    assert renamed == replace(made, name="pump 2", updated_at=renamed.updated_at)


async def test_tags_are_set_replaced_listed_and_removed(connection: Connection) -> None:
    devices = DeviceService(connection)
    uuid = (await pump(devices)).uuid
    await devices.set_tag(uuid, "site", "berlin")
    await devices.set_tag(uuid, "hardware", "rpi4")
    await devices.set_tag(uuid, "site", "bonn")
    assert await devices.list_tags(uuid) == [Tag(key="hardware", value="rpi4"), Tag(key="site", value="bonn")]
    await devices.remove_tag(uuid, "site")
    assert await devices.list_tags(uuid) == [Tag(key="hardware", value="rpi4")]


@pytest.mark.parametrize(
    ("key", "value"),
    [("Site", "x"), ("-a", "x"), ("", "x"), ("a" * 101, "x"), ("a", ""), ("a", " x"), ("a", "x" * 256)],
)
async def test_an_impossible_tag_is_refused(connection: Connection, key: str, value: str) -> None:
    devices = DeviceService(connection)
    uuid = (await pump(devices)).uuid
    with pytest.raises(TagInvalid):
        await devices.set_tag(uuid, key, value)


async def test_the_tag_of_a_stranger_cannot_be_set(connection: Connection) -> None:
    with pytest.raises(DeviceNotFound):
        await DeviceService(connection).set_tag(uuid4(), "site", "berlin")


async def test_removing_an_absent_tag_says_so(connection: Connection) -> None:
    devices = DeviceService(connection)
    uuid = (await pump(devices)).uuid
    with pytest.raises(TagNotFound, match="site"):
        await devices.remove_tag(uuid, "site")


async def test_interfaces_are_replaced_as_a_whole(connection: Connection) -> None:
    devices = DeviceService(connection)
    uuid = (await pump(devices)).uuid
    wlan0 = replace(
        ETH0, name="wlan0", kind="wifi", mac=None, addresses=[], is_default=False, ssid="home", signal_dbm=-60
    )
    await NetworkService(connection).replace_interfaces(uuid, [wlan0, ETH0])
    assert await NetworkService(connection).list_interfaces(uuid) == [ETH0, wlan0]
    changed = replace(ETH0, is_up=False)
    await NetworkService(connection).replace_interfaces(uuid, [changed])
    assert await NetworkService(connection).list_interfaces(uuid) == [changed]
    await NetworkService(connection).replace_interfaces(uuid, [])
    assert await NetworkService(connection).list_interfaces(uuid) == []


async def test_an_interface_named_twice_is_refused(connection: Connection) -> None:
    devices = DeviceService(connection)
    uuid = (await pump(devices)).uuid
    with pytest.raises(DeviceInvalid, match="eth0"):
        await NetworkService(connection).replace_interfaces(uuid, [ETH0, ETH0])


async def test_the_newest_word_about_a_host_counts(connection: Connection) -> None:
    devices = DeviceService(connection)
    uuid = (await pump(devices)).uuid
    assert await devices.find_host(uuid) is None
    await devices.record_host(uuid, {"os": "old"}, [])
    await devices.record_host(uuid, {"os": "new"}, [{"pid": 1}])
    host = await devices.find_host(uuid)
    assert host is not None
    assert (host.facts, host.top_processes) == ({"os": "new"}, [{"pid": 1}])


async def age(connection: Connection, seconds: int) -> None:
    await connection.execute(
        "UPDATE device_contacts SET last_contact_at = now() - make_interval(secs => %s)", (seconds,)
    )


async def test_a_contact_makes_a_device_online_and_strangers_are_passed_over(connection: Connection) -> None:
    devices = DeviceService(connection)
    uuid = (await pump(devices)).uuid
    await devices.touch_contacts([uuid, uuid4()])
    assert (await devices.get_device(uuid)).connection_status == "online"


@pytest.mark.parametrize(("seconds", "written"), [(14, False), (16, True)])
async def test_a_contact_is_written_at_most_once_in_15_seconds(
    connection: Connection, seconds: int, written: bool
) -> None:
    devices = DeviceService(connection)
    uuid = (await pump(devices)).uuid
    await devices.touch_contacts([uuid])
    await age(connection, seconds)
    before = await connection.execute("SELECT ctid::text FROM device_contacts")
    place = await before.fetchone()
    await devices.touch_contacts([uuid])
    after = await connection.execute("SELECT ctid::text FROM device_contacts")
    assert (await after.fetchone() != place) is written


async def test_the_overview_joins_what_an_operator_expects(connection: Connection) -> None:
    devices = DeviceService(connection)
    uuid = (await pump(devices)).uuid
    await devices.set_tag(uuid, "site", "berlin")
    await devices.record_host(uuid, {"os": "linux"}, [])
    cursor = await connection.execute(
        "SELECT name, tags, facts FROM device_overview WHERE uuid = %s", (uuid,)
    )
    assert await cursor.fetchone() == ("pump", {"site": "berlin"}, {"os": "linux"})


async def test_the_overview_shows_where_a_device_is_and_how_it_does(connection: Connection) -> None:
    devices = DeviceService(connection)
    uuid = (await pump(devices)).uuid
    empty = await connection.execute(
        "SELECT addresses, mac, os, cpu_usage, desired_version FROM device_overview WHERE uuid = %s", (uuid,)
    )
    assert await empty.fetchone() == (None,) * 5
    await devices.record_host(uuid, {"os": "linux", "agent_version": "1.2"}, [])
    statements = (
        """
        INSERT INTO network_interfaces (device_uuid, name, kind, mac, addresses, is_up, is_default)
        VALUES (%(uuid)s, 'lo', 'loopback', NULL, '{127.0.0.1/8}', true, false),
          (%(uuid)s, 'eth0', 'ethernet', '00:16:3e:00:00:01', '{192.0.2.7/24}', true, true)
        """,
        """
        WITH names AS (INSERT INTO metric_name_lists (digest) VALUES (sha256('n')) RETURNING id), kind AS (
          INSERT INTO metric_sets (metric_names_id, names, units, digest, first_device_uuid)
          SELECT id, '{cpu_usage,memory_percent}', '{%%,%%}', sha256('s'), %(uuid)s FROM names RETURNING id
        )
        INSERT INTO device_metric_latest (device_uuid, series_id, metric_set_id, timestamp, values)
        SELECT %(uuid)s, 1, id, now(), '{12.5,40}' FROM kind
        """,
        """
        INSERT INTO device_shadows (device_uuid, half, version, document, changed_at)
        VALUES (%(uuid)s, 'desired', 3, '{}', now())
        """,
    )
    for statement in statements:
        await connection.execute(statement, {"uuid": uuid})  # type: ignore[call-overload]
    cursor = await connection.execute(
        "SELECT host(addresses[1]), mac, os, agent_version, cpu_usage, memory_percent, storage_percent, desired_version,"
        " reported_version FROM device_overview WHERE uuid = %s",
        (uuid,),
    )
    assert await cursor.fetchone() == (
        "192.0.2.7", "00:16:3e:00:00:01", "linux", "1.2", 12.5, 40.0, None, 3, None,
    )  # fmt: skip
