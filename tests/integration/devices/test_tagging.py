"""Rules of tags, and tags of many devices."""

import asyncio
from uuid import UUID, uuid4

import pytest

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceService, Tag, TagInvalid
from iotistic.devices.fleets import FleetDraft, FleetService
from iotistic.devices.tagging import (
    TagDefinitionDraft,
    TagDefinitionInvalid,
    TagDefinitionNotFound,
    TaggingService,
    TagValuesInUse,
    TooManyDevices,
)
from iotistic.devices.tagging.service import MOST_DEVICES
from tests.support.databases import TestDatabase

SITE = TagDefinitionDraft(description="Where", allowed_values=["berlin", "bonn"], is_required=True)


async def pump(connection: Connection, name: str = "pump", fleet: str | None = None) -> UUID:
    return (await DeviceService(connection).create_device(name=name, kind="sensor", fleet=fleet)).uuid


async def test_rules_are_made_replaced_listed_and_lifted(connection: Connection) -> None:
    tagging = TaggingService(connection)
    with pytest.raises(TagDefinitionNotFound):
        await tagging.get_definition("site")
    made = await tagging.define("site", SITE)
    assert (made.allowed_values, made.is_required) == (["berlin", "bonn"], True)
    await tagging.define("rack", TagDefinitionDraft())
    assert [one.key for one in await tagging.list_definitions()] == ["rack", "site"]
    assert [one.key for one in await tagging.list_definitions(after="rack", limit=1)] == ["site"]
    assert (await tagging.define("site", TagDefinitionDraft())).allowed_values is None
    await tagging.undefine("site")
    with pytest.raises(TagDefinitionNotFound):
        await tagging.undefine("site")


@pytest.mark.parametrize(
    ("key", "draft"),
    [
        ("Site", TagDefinitionDraft()),
        ("site", TagDefinitionDraft(allowed_values=[])),
        ("site", TagDefinitionDraft(allowed_values=["x"] * 1001)),
        ("site", TagDefinitionDraft(description="")),
    ],
)
async def test_an_impossible_rule_is_refused(
    connection: Connection, key: str, draft: TagDefinitionDraft
) -> None:
    with pytest.raises(TagDefinitionInvalid):
        await TaggingService(connection).define(key, draft)


async def test_a_value_that_is_not_allowed_is_refused_whoever_writes(connection: Connection) -> None:
    uuid = await pump(connection)
    await TaggingService(connection).define("site", SITE)
    await DeviceService(connection).set_tag(uuid, "site", "berlin")
    for write in (
        lambda: DeviceService(connection).set_tag(uuid, "site", "Berlin"),
        lambda: TaggingService(connection).tag_devices([uuid], set_tags={"site": "oslo"}),
    ):
        with pytest.raises(TagInvalid, match="The tag site may not have the value"):
            async with connection.transaction():
                await write()
    await DeviceService(connection).set_tag(uuid, "rack", "any")
    assert Tag(key="site", value="berlin") in await DeviceService(connection).list_tags(uuid)


async def test_a_rule_that_somebody_breaks_already_is_not_made(connection: Connection) -> None:
    tagging = TaggingService(connection)
    await TaggingService(connection).tag_devices([await pump(connection)], set_tags={"site": "oslo"})
    await FleetService(connection).create_fleet("spree", FleetDraft(default_tags={"site": "rome"}))
    with pytest.raises(TagValuesInUse, match=r"'oslo' \(1\), 'rome' \(1\)"):
        await tagging.define("site", SITE)
    await tagging.define("site", TagDefinitionDraft(allowed_values=["oslo", "rome"]))


async def test_no_value_slips_in_while_a_rule_is_made(database: TestDatabase) -> None:
    ruler = await connect(database.endpoint("app"), database.name, application_name="test")
    writer = await connect(database.endpoint("app"), database.name, application_name="test")
    uuid = await pump(ruler)
    await ruler.commit()
    await TaggingService(ruler).define("site", SITE)

    async def write() -> None:
        await DeviceService(writer).set_tag(uuid, "site", "oslo")

    async with asyncio.TaskGroup() as group:
        writing = group.create_task(_refused(write()))
        async with asyncio.timeout(60):
            while not await _waits(ruler):
                await asyncio.sleep(0.01)
        await ruler.commit()
    assert writing.result()
    for one in (ruler, writer):
        await one.close()


async def _refused(work: object) -> bool:
    with pytest.raises(TagInvalid):
        await work  # type: ignore[misc]
    return True


async def _waits(connection: Connection) -> bool:
    cursor = await connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
    row = await cursor.fetchone()
    return bool(row and row[0])


async def test_devices_without_a_required_tag_are_told_and_a_fleet_may_give_it(
    connection: Connection,
) -> None:
    tagging = TaggingService(connection)
    await tagging.define("site", SITE)
    await tagging.define("owner", TagDefinitionDraft(is_required=True))
    await FleetService(connection).create_fleet("spree", FleetDraft(default_tags={"site": "berlin"}))
    await pump(connection, "a")
    await pump(connection, "b", "spree")
    complete = await pump(connection, "c", "spree")
    retired = await pump(connection, "d")
    await tagging.tag_devices([complete], set_tags={"owner": "me"})
    await DeviceService(connection).retire_device(retired)
    assert [(one.name, one.missing) for one in await tagging.list_incomplete()] == [
        ("a", ["owner", "site"]),
        ("b", ["owner"]),
    ]
    assert [one.name for one in await tagging.list_incomplete(after="a", limit=1)] == ["b"]


async def test_many_devices_are_tagged_at_once_and_only_changes_are_counted(connection: Connection) -> None:
    tagging = TaggingService(connection)
    uuids = [await pump(connection, f"d{number}") for number in range(3)]
    assert await tagging.tag_devices([*uuids, uuid4()], set_tags={"site": "x", "rack": "r"}) == 3
    assert await tagging.tag_devices(uuids, set_tags={"site": "x"}) == 0
    assert await tagging.tag_devices(uuids[:1], set_tags={"site": "y"}, remove=["rack", "none"]) == 1
    assert await DeviceService(connection).list_tags(uuids[0]) == [Tag(key="site", value="y")]


async def test_there_is_a_number_of_devices_too_many(connection: Connection) -> None:
    strangers = [UUID(int=number) for number in range(MOST_DEVICES + 1)]
    tagging = TaggingService(connection)
    assert await tagging.tag_devices(strangers[:-1], set_tags={"a": "b"}) == 0
    with pytest.raises(TooManyDevices):
        await tagging.tag_devices(strangers, set_tags={"a": "b"})
