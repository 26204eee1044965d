"""Finding devices by what is said about them."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotistic.database.pool import Connection, connect
from iotistic.devices import (
    Device,
    DeviceFilter,
    DeviceNameTaken,
    DeviceNotFound,
    DeviceService,
    FilterInvalid,
)
from iotistic.devices.fleets import FleetDraft, FleetNotFound, FleetService
from iotistic.devices.tag_expression import Expression, matches, parse_tag_expression, render
from iotistic.devices.tagging import TaggingService
from tests.support.databases import TestDatabase
from tests.support.tag_expressions import expressions


async def add(connection: Connection, name: str, fleet: str | None = None, **tags: str) -> Device:
    device = await DeviceService(connection).create_device(name=name, kind="sensor", fleet=fleet)
    await TaggingService(connection).tag_devices([device.uuid], set_tags=tags)
    return device


async def names(connection: Connection, which: DeviceFilter, limit: int = 100) -> list[str]:
    return [one.name for one in await DeviceService(connection).list_devices(which, limit=limit)]


def where(text: str) -> DeviceFilter:
    return DeviceFilter(where=parse_tag_expression(text))


@pytest.fixture
async def zoo(connection: Connection) -> Connection:
    await FleetService(connection).create_fleet(
        "spree", FleetDraft(default_tags={"site": "berlin", "tier": "gold"})
    )
    await add(connection, "a", site="berlin", hardware="rpi4")
    await add(connection, "b", site="bonn", hardware="rpi3")
    await add(connection, "c", "spree")
    await add(connection, "d", "spree", site="bonn")
    await add(connection, "e")
    return connection


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("site=berlin", "ac"),
        ("site!=berlin", "bde"),
        ("site=berlin and hardware!=rpi3", "ac"),
        ("site=berlin or hardware=rpi3", "abc"),
        ("site in (berlin, bonn)", "abcd"),
        ("not has site", "e"),
        ("has tier", "cd"),
        ("has tier and site=bonn", "d"),
        ("has tier or has hardware", "abcd"),
        ("not (site=berlin or site=bonn)", "e"),
        ("'no such key'=x", ""),
        ('site=\'berlin" || "1" == "1\'', ""),
    ],
)
async def test_tags_say_which_devices_are_meant(zoo: Connection, text: str, found: str) -> None:
    assert "".join(await names(zoo, where(text))) == found


async def test_filters_hold_together(zoo: Connection) -> None:
    assert await names(zoo, DeviceFilter(fleet="spree")) == ["c", "d"]
    assert await names(zoo, DeviceFilter(fleet="spree", where=parse_tag_expression("site=bonn"))) == ["d"]
    assert await names(zoo, DeviceFilter(kind="host")) == []
    uuid = (await DeviceService(zoo).list_devices())[1].uuid
    await DeviceService(zoo).touch_contacts([uuid])
    assert await names(zoo, DeviceFilter(status="online")) == ["b"]
    assert await names(zoo, DeviceFilter(status="never", kind="sensor")) == ["a", "c", "d", "e"]
    with pytest.raises(FleetNotFound, match="havel"):
        await names(zoo, DeviceFilter(fleet="havel"))


async def test_a_part_of_a_name_finds_it_in_any_case_and_means_itself(connection: Connection) -> None:
    for name in ("Pump 100%", "pump_7", "pumpX7", "valve\\1"):
        await add(connection, name)
    assert sorted(await names(connection, DeviceFilter(name="PUMP"))) == ["Pump 100%", "pumpX7", "pump_7"]
    assert await names(connection, DeviceFilter(name="0%")) == ["Pump 100%"]
    assert await names(connection, DeviceFilter(name="p_7")) == ["pump_7"]
    assert await names(connection, DeviceFilter(name="e\\1")) == ["valve\\1"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_of_a_filter_follow_one_another_however_far_apart_its_devices_are(
    connection: Connection, limit: int
) -> None:
    await connection.execute(
        "INSERT INTO devices (name, kind) SELECT 'x-' || lpad(n::text, 4, '0'), 'sensor' FROM generate_series(1, 900) AS n"
    )
    wanted = [f"x-{number:04}" for number in (1, 2, 450, 451, 452, 899, 900)]
    await connection.execute(
        "INSERT INTO device_tags (device_uuid, key, value) SELECT uuid, 'site', 'oslo' FROM devices WHERE name = ANY(%s)",
        (wanted,),
    )
    devices, seen = DeviceService(connection), []
    page: Sequence[Device] = await devices.list_devices(where("site=oslo"), limit=limit)
    while page:
        seen += [device.name for device in page]
        page = await devices.list_devices(where("site=oslo"), after=page[-1].name, limit=limit)
    assert seen == wanted


TAGS = [
    {},
    {"a": "a"},
    {"a": "b"},
    {"b": "a"},
    {"a": "a", "b": "b"},
    {"a": "b", "c": "a"},
    {"a": "$.b"},
    {"c": '"'},
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(expression=expressions(st.sampled_from(["a", "b", "c", "$.b", '"', "\\"])))
async def test_the_database_means_what_the_language_means(
    connection: Connection, expression: Expression
) -> None:
    for number, tags in enumerate(TAGS):
        name = f"device {number}"
        if await DeviceService(connection).find_device_by_name(name) is None:
            await connection.execute("INSERT INTO devices (name, kind) VALUES (%s, 'sensor')", (name,))
            for key, value in tags.items():
                await connection.execute(
                    "INSERT INTO device_tags SELECT uuid, %s, %s FROM devices WHERE name = %s",
                    (key, value, name),
                )
    expected = [f"device {number}" for number, tags in enumerate(TAGS) if matches(expression, tags)]
    assert await names(connection, DeviceFilter(where=expression)) == expected, render(expression)


async def test_any_key_and_value_reaches_the_database_as_itself(connection: Connection) -> None:
    for text in ("'\\x'='\\u0041'", "'\\\\'='\"'", "'ü😀'='\n\t\x01'", "'$'=''", "has ''", "'a' in ('')"):
        assert await names(connection, where(text)) == []


async def test_the_longest_expression_is_answered(zoo: Connection) -> None:
    deep = "not " * 40 + "site=berlin"
    assert await names(zoo, where(deep)) == ["a", "c"]
    many = " or ".join(f"site=s{number}" for number in range(199)) + " or site=bonn"
    assert await names(zoo, where(many)) == ["b", "d"]


async def test_what_is_said_follows_every_change(zoo: Connection) -> None:
    devices, fleets = DeviceService(zoo), FleetService(zoo)
    [b] = [one for one in await devices.list_devices() if one.name == "b"]
    await devices.set_tag(b.uuid, "site", "berlin")
    assert await names(zoo, where("site=berlin")) == ["a", "b", "c"]
    await devices.rename_device(b.uuid, "z")
    assert await names(zoo, where("site=berlin")) == ["a", "c", "z"]
    await devices.remove_tag(b.uuid, "site")
    assert await names(zoo, where("site=berlin")) == ["a", "c"]
    await fleets.assign("spree", [b.uuid])
    assert await names(zoo, where("site=berlin and tier=gold")) == ["c", "z"]
    await fleets.replace_fleet("spree", FleetDraft(default_tags={"site": "bonn"}))
    assert await names(zoo, where("site=berlin or has tier")) == ["a"]
    await fleets.assign(None, [b.uuid])
    assert await names(zoo, where("site=bonn")) == ["c", "d"]
    await zoo.execute("DELETE FROM devices WHERE name = 'd'")
    assert await names(zoo, where("site=bonn")) == ["c"]


async def test_a_retired_device_is_found_among_its_own_only(zoo: Connection) -> None:
    devices = DeviceService(zoo)
    [a, *_] = await devices.list_devices()
    assert await devices.retire_device(a.uuid)
    assert not await devices.retire_device(a.uuid)
    assert await names(zoo, where("site=berlin")) == ["c"]
    assert [one.uuid for one in await devices.list_retired_devices()] == [a.uuid]
    assert await devices.list_retired_devices(DeviceFilter(kind="host")) == []
    assert [one.name for one in await devices.list_retired_devices(DeviceFilter(name="A"))] == ["a"]
    for refused in (where("has site"), DeviceFilter(status="online")):
        with pytest.raises(FilterInvalid):
            await devices.list_retired_devices(refused)
    assert (await devices.restore_device(a.uuid)).retired_at is None
    assert await names(zoo, where("site=berlin")) == ["a", "c"]


async def test_retired_devices_of_one_name_are_paged_by_identity(connection: Connection) -> None:
    devices = DeviceService(connection)
    made = set()
    for _ in range(5):
        device = await add(connection, "pump")
        made.add(device.uuid)
        await devices.retire_device(device.uuid)
    seen, after = [], None
    while page := await devices.list_retired_devices(after=after, limit=2):
        seen += [device.uuid for device in page]
        after = (page[-1].name, page[-1].uuid)
    assert seen == sorted(made)


async def test_a_stranger_is_neither_retired_nor_restored(connection: Connection) -> None:
    for act in (DeviceService(connection).retire_device, DeviceService(connection).restore_device):
        with pytest.raises(DeviceNotFound):
            await act(uuid4())


async def test_a_name_given_away_meanwhile_needs_another(connection: Connection) -> None:
    devices = DeviceService(connection)
    old = await add(connection, "pump")
    await devices.retire_device(old.uuid)
    await add(connection, "pump")
    with pytest.raises(DeviceNameTaken):
        async with connection.transaction():
            await devices.restore_device(old.uuid)
    assert (await devices.restore_device(old.uuid, name="old pump")).name == "old pump"


async def test_no_tag_is_lost_when_many_write_at_once(database: TestDatabase) -> None:
    """Each writes a tag of its own to one device while its fleet changes what it gives."""
    owner = await connect(database.endpoint("app"), database.name, application_name="test")
    await FleetService(owner).create_fleet("spree", FleetDraft())
    device = await add(owner, "pump", "spree")
    await owner.commit()

    async def write(number: int) -> None:
        one = await connect(database.endpoint("app"), database.name, application_name="test")
        if number % 5:
            await DeviceService(one).set_tag(device.uuid, f"t{number}", "x")
        else:
            await FleetService(one).replace_fleet("spree", FleetDraft(default_tags={f"f{number}": "x"}))
        await one.commit()
        await one.close()

    await asyncio.gather(*(write(number) for number in range(20)))
    cursor = await owner.execute(
        "SELECT found.tags = overview.tags, overview.tags FROM device_search AS found"
        " JOIN device_overview AS overview ON overview.uuid = found.device_uuid"
    )
    row = await cursor.fetchone()
    assert row is not None
    assert row[0]
    assert {f"t{number}" for number in range(20) if number % 5} <= set(row[1])
    await owner.close()
