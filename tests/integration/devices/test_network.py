"""Interfaces: what is written of them, what is not, and who has an address."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from iotistic.database.pool import Connection
from iotistic.devices import DeviceInvalid, DeviceNotFound, DeviceService, NetworkInterface
from iotistic.devices.network import AddressInvalid, NetworkService

ETH0 = NetworkInterface(
    name="eth0", kind="ethernet", mac="02:00:5e:10:00:01", addresses=["192.0.2.7/24", "2001:db8::7/64"],
    is_up=True, is_default=True, mtu=1500, speed_mbps=1000, ssid=None, signal_dbm=None,
)  # fmt: skip
WLAN0 = replace(
    ETH0, name="wlan0", kind="wifi", mac="02:00:5e:10:00:02", addresses=[], ssid="home", signal_dbm=-60
)


async def pump(connection: Connection, name: str = "pump") -> UUID:
    return (await DeviceService(connection).create_device(name=name, kind="sensor")).uuid


async def said(connection: Connection, uuid: UUID) -> list[tuple[str, str]]:
    changes = await NetworkService(connection).list_changes(uuid)
    return [(change.name, change.change) for change in reversed(changes)]


async def found(connection: Connection, ip: str) -> list[tuple[str, str]]:
    rows = await NetworkService(connection).find_by_address(ip)
    return [(row.device_name, row.interface) for row in rows]


async def test_a_stranger_has_no_interfaces(connection: Connection) -> None:
    with pytest.raises(DeviceNotFound):
        async with connection.transaction():
            await NetworkService(connection).replace_interfaces(uuid4(), [ETH0])
    assert await NetworkService(connection).list_changes(uuid4()) == []


async def test_what_is_as_before_is_not_written(connection: Connection) -> None:
    uuid, network = await pump(connection), NetworkService(connection)
    await network.replace_interfaces(uuid, [ETH0, WLAN0])
    places = await (await connection.execute("SELECT ctid::text FROM network_interfaces")).fetchall()
    for _ in range(3):
        await network.replace_interfaces(uuid, [ETH0, WLAN0])
    assert await (await connection.execute("SELECT ctid::text FROM network_interfaces")).fetchall() == places
    assert await said(connection, uuid) == [("eth0", "appeared"), ("wlan0", "appeared")]


async def test_each_change_is_kept(connection: Connection) -> None:
    uuid, network = await pump(connection), NetworkService(connection)
    await network.replace_interfaces(uuid, [ETH0])
    for change in (
        replace(ETH0, addresses=["192.0.2.8/24"]),
        replace(ETH0, mac="02:00:5e:10:00:09"),
        replace(ETH0, is_up=False),
        replace(ETH0, ssid="other"),
    ):
        await network.replace_interfaces(uuid, [change])
    await network.replace_interfaces(uuid, [])
    words = [change for _, change in await said(connection, uuid)]
    assert words == ["appeared", *["changed"] * 4, "gone"]
    newest, *older = await network.list_changes(uuid)
    assert (newest.ssid, list(older[0].addresses)) == ("other", list(ETH0.addresses))
    assert [one.id for one in await network.list_changes(uuid, before=older[0].id, limit=1)] == [older[1].id]


@pytest.mark.parametrize(
    ("signal", "written"), [(-65, False), (-55, False), (-66, True), (-54, True), (None, True)]
)
async def test_a_signal_that_wobbles_writes_nothing(
    connection: Connection, signal: int | None, written: bool
) -> None:
    uuid, network = await pump(connection), NetworkService(connection)
    await network.replace_interfaces(uuid, [WLAN0])
    await network.replace_interfaces(uuid, [replace(WLAN0, signal_dbm=signal)])
    assert len(await said(connection, uuid)) == (2 if written else 1)
    [present] = await network.list_interfaces(uuid)
    assert present.signal_dbm == (signal if written else -60)


async def test_a_signal_that_creeps_away_is_noticed(connection: Connection) -> None:
    uuid, network = await pump(connection), NetworkService(connection)
    for signal in range(-60, -91, -1):
        await network.replace_interfaces(uuid, [replace(WLAN0, signal_dbm=signal)])
    assert len(await said(connection, uuid)) == 6


async def test_a_device_is_found_by_address_and_by_network(connection: Connection) -> None:
    network = NetworkService(connection)
    await network.replace_interfaces(await pump(connection), [ETH0, WLAN0])
    other = replace(ETH0, addresses=["198.51.100.1/24", "10.0.0.1"])
    await network.replace_interfaces(await pump(connection, "other"), [other])
    for ip in (
        "192.0.2.7",
        "192.0.2.0/24",
        "192.0.2.99/24",
        "2001:db8::7",
        "2001:0db8::/32",
        "2001:db8::7%eth0",
    ):
        assert await found(connection, ip) == [("pump", "eth0")], ip
    for ip in ("192.0.2.8", "192.0.2.6/32", "192.0.3.0/24", "2001:db8::8", "fe80::/10"):
        assert await found(connection, ip) == [], ip
    assert await found(connection, "10.0.0.0/8") == [("other", "eth0")]
    assert await found(connection, "0.0.0.0/0") == [("other", "eth0"), ("pump", "eth0")]


async def test_an_address_that_went_is_found_no_more(connection: Connection) -> None:
    uuid, network = await pump(connection), NetworkService(connection)
    await network.replace_interfaces(uuid, [ETH0])
    await network.replace_interfaces(uuid, [replace(ETH0, addresses=["192.0.2.8/24"])])
    assert await found(connection, "192.0.2.7") == []
    assert await found(connection, "192.0.2.8") == [("pump", "eth0")]
    await network.replace_interfaces(uuid, [replace(ETH0, addresses=[])])
    assert await found(connection, "192.0.2.0/24") == []
    await network.replace_interfaces(uuid, [ETH0])
    await network.replace_interfaces(uuid, [])
    assert await found(connection, "192.0.2.7") == []


async def test_one_address_with_two_prefixes_is_one(connection: Connection) -> None:
    uuid, network = await pump(connection), NetworkService(connection)
    await network.replace_interfaces(uuid, [replace(ETH0, addresses=["192.0.2.7/24", "192.0.2.7/32"])])
    assert await found(connection, "192.0.2.7") == [("pump", "eth0")]


@pytest.mark.parametrize("mac", ["02:00:5e:10:00:01", "02-00-5E-10-00-01", "0200.5e10.0001", "02005E100001"])
async def test_a_device_is_found_by_mac_however_it_is_written(connection: Connection, mac: str) -> None:
    network = NetworkService(connection)
    await network.replace_interfaces(await pump(connection), [ETH0, WLAN0])
    [row] = await network.find_by_mac(mac)
    assert (row.device_name, row.interface) == ("pump", "eth0")
    assert await network.find_by_mac("02:00:5e:10:00:03") == []


@pytest.mark.parametrize("text", ["", "pump", "192.0.2", "192.0.2.7/33", "192.0.2.256", "1.2.3.4; --", "\0"])
async def test_what_is_no_address_is_told(connection: Connection, text: str) -> None:
    with pytest.raises(AddressInvalid, match="no IP address"):
        await NetworkService(connection).find_by_address(text)
    with pytest.raises(AddressInvalid, match="no MAC address"):
        await NetworkService(connection).find_by_mac(text)


async def test_devices_in_service_are_found_first(connection: Connection) -> None:
    network = NetworkService(connection)
    for name in ("a", "b"):
        uuid = await pump(connection, name)
        await network.replace_interfaces(uuid, [ETH0])
        if name == "a":
            await DeviceService(connection).retire_device(uuid)
    rows = await network.find_by_address("192.0.2.7")
    assert [(row.device_name, row.retired_at is None) for row in rows] == [("b", True), ("a", False)]


async def test_an_interface_named_twice_is_refused(connection: Connection) -> None:
    uuid = await pump(connection)
    with pytest.raises(DeviceInvalid, match="eth0"):
        await NetworkService(connection).replace_interfaces(uuid, [ETH0, ETH0])


async def test_old_changes_are_forgotten(connection: Connection) -> None:
    uuid, network = await pump(connection), NetworkService(connection)
    await network.replace_interfaces(uuid, [ETH0, WLAN0])
    await connection.execute(
        "UPDATE network_interface_history SET occurred_at = now() - interval '181 days' WHERE name = 'eth0'"
    )
    assert await network.forget_old() == 1
    assert await network.forget_old(timedelta(days=1)) == 0
    assert await said(connection, uuid) == [("wlan0", "appeared")]


async def test_a_device_can_be_deleted_with_all_it_has(owner_connection: Connection) -> None:
    uuid = await pump(owner_connection)
    await NetworkService(owner_connection).replace_interfaces(uuid, [ETH0])
    await owner_connection.execute("DELETE FROM devices WHERE uuid = %s", (uuid,))
    cursor = await owner_connection.execute("SELECT count(*) FROM network_interface_history")
    assert await cursor.fetchone() == (0,)
