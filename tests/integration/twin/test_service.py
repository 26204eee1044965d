"""The digital twin: things, what lies in what, and which of it is a device."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceService
from iotistic.twin import EntityDraft, EntityInvalid, EntityNotFound, Neighbour, TwinConflict, TwinService
from tests.support.databases import TestDatabase

SITE, HOUSE, ROOM, PUMP = "SITE", "HOUSE", "ROOM", "PUMP"


async def build(connection: Connection, model: str = "berlin") -> TwinService:
    """A site with a house with a room with a pump, and a second room."""
    twin = TwinService(connection)
    for global_id, ifc_class in (
        (SITE, "IfcSite"),
        (HOUSE, "IfcBuilding"),
        (ROOM, "IfcSpace"),
        ("room", "IfcSpace"),
        (PUMP, "IfcPump"),
    ):
        await twin.put_entity(model, global_id, EntityDraft(ifc_class=ifc_class, name=global_id.title()))
    for outer, inner in ((SITE, HOUSE), (HOUSE, ROOM), (HOUSE, "room"), (ROOM, PUMP)):
        assert await twin.relate(model, outer, "contains", inner)
    return twin


async def test_a_thing_is_what_its_model_said_last_and_keeps_what_hangs_on_it(connection: Connection) -> None:
    twin = await build(connection)
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    await twin.link_device("berlin", PUMP, device.uuid)
    again = await twin.put_entity(
        "berlin", PUMP, EntityDraft(ifc_class="IfcPump", name="New", properties={"Pset": {"power": 5}})
    )
    assert (again.name, again.properties, again.device_uuid) == ("New", {"Pset": {"power": 5}}, device.uuid)
    assert [place.global_id for place in await twin.list_places("berlin", PUMP)] == [ROOM, HOUSE, SITE]


async def test_case_tells_two_things_apart_and_a_model_is_its_own_world(connection: Connection) -> None:
    twin = await build(connection)
    await build(connection, "bonn")
    assert (await twin.get_entity("berlin", ROOM)).name == "Room"
    assert len(await twin.list_entities("berlin", ifc_class="IfcSpace")) == 2
    assert await twin.list_models() == [("berlin", 5, 0), ("bonn", 5, 0)]
    with pytest.raises(EntityNotFound):
        await twin.get_entity("berlin", "house")


async def test_everything_in_a_thing_is_listed_nearest_first_and_as_deep_as_asked(
    connection: Connection,
) -> None:
    twin = await build(connection)
    parts = await twin.list_parts("berlin", SITE)
    assert [(part.global_id, part.depth, part.parent_global_id) for part in parts] == [
        (SITE, 0, None),
        (HOUSE, 1, SITE),
        (ROOM, 2, HOUSE),
        ("room", 2, HOUSE),
        (PUMP, 3, ROOM),
    ]
    assert len(await twin.list_parts("berlin", SITE, depth=1)) == 2
    assert len(await twin.list_parts("berlin", SITE, limit=1)) == 1
    with pytest.raises(EntityNotFound):
        await twin.list_parts("berlin", "none")


async def test_what_lies_in_what_is_a_tree(connection: Connection) -> None:
    twin = await build(connection)
    assert not await twin.relate("berlin", ROOM, "contains", PUMP)  # the same again
    for outer, inner in ((PUMP, SITE), (ROOM, HOUSE), ("room", PUMP), (SITE, SITE)):
        with pytest.raises(TwinConflict):
            async with connection.transaction():
                await twin.relate("berlin", outer, "contains", inner)
    assert await twin.unrelate("berlin", ROOM, "contains", PUMP)
    assert not await twin.unrelate("berlin", ROOM, "contains", PUMP)
    assert await twin.relate("berlin", "room", "contains", PUMP)


async def test_two_who_put_one_thing_into_the_other_make_no_circle(database: TestDatabase) -> None:
    app = database.endpoint("app")
    connections = [await connect(app, database.name, application_name="test", autocommit=True) for _ in "ab"]
    twin = TwinService(connections[0])
    for name in "AB":
        await twin.put_entity("m", name, EntityDraft(ifc_class="IfcSpace"))

    async def put(connection: Connection, outer: str, inner: str) -> bool:
        try:
            async with connection.transaction():
                return await TwinService(connection).relate("m", outer, "contains", inner)
        except TwinConflict:
            return False

    for _ in range(5):
        done = await asyncio.gather(put(connections[0], "A", "B"), put(connections[1], "B", "A"))
        assert sorted(done) == [False, True]
        assert [
            await twin.unrelate("m", "A", "contains", "B"),
            await twin.unrelate("m", "B", "contains", "A"),
        ].count(True) == 1
    for connection in connections:
        await connection.close()


async def test_other_relations_go_where_they_like_and_are_seen_from_both_ends(connection: Connection) -> None:
    twin = await build(connection)
    await twin.relate("berlin", PUMP, "serves", "room")
    await twin.relate("berlin", "room", "controls", PUMP)

    def told(found: Sequence[Neighbour]) -> list[tuple[str, str, str]]:
        return [(one.kind, one.direction, one.global_id) for one in found]

    assert told(await twin.list_neighbours("berlin", PUMP)) == [
        ("contains", "from", ROOM),
        ("controls", "from", "room"),
        ("serves", "to", "room"),
    ]
    with pytest.raises(EntityNotFound):
        await twin.relate("berlin", PUMP, "serves", "none")


async def test_a_device_is_at_most_one_thing(connection: Connection) -> None:
    twin = await build(connection)
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    await twin.link_device("berlin", PUMP, device.uuid)
    found = await twin.find_entity_of_device(device.uuid)
    assert found is not None
    assert found.global_id == PUMP
    with pytest.raises(TwinConflict):
        async with connection.transaction():
            await twin.link_device("berlin", ROOM, device.uuid)
    with pytest.raises(EntityInvalid):
        async with connection.transaction():
            await twin.link_device("berlin", ROOM, uuid4())
    assert await twin.unlink_device(device.uuid)
    assert not await twin.unlink_device(device.uuid)
    await twin.link_device("berlin", ROOM, device.uuid)
    await connection.execute("DELETE FROM devices WHERE uuid = %s", (device.uuid,))
    assert (await twin.get_entity("berlin", ROOM)).device_uuid is None


async def test_a_thing_that_goes_leaves_what_lay_in_it(connection: Connection) -> None:
    twin = await build(connection)
    await twin.delete_entity("berlin", HOUSE)
    assert len(await twin.list_parts("berlin", SITE)) == 1
    assert await twin.list_places("berlin", ROOM) == []
    with pytest.raises(EntityNotFound):
        await twin.delete_entity("berlin", HOUSE)


@pytest.mark.parametrize(
    ("model", "global_id", "draft"),
    [
        ("Berlin", "A", EntityDraft(ifc_class="IfcSpace")),
        ("b", "", EntityDraft(ifc_class="IfcSpace")),
        ("b", "a-b", EntityDraft(ifc_class="IfcSpace")),
        ("b", "A" * 23, EntityDraft(ifc_class="IfcSpace")),
        ("b", "A", EntityDraft(ifc_class="Space")),
        ("b", "A", EntityDraft(ifc_class="IfcSpace", name="")),
    ],
)
async def test_what_no_thing_can_be_is_refused(
    connection: Connection, model: str, global_id: str, draft: EntityDraft
) -> None:
    with pytest.raises(EntityInvalid):
        await TwinService(connection).put_entity(model, global_id, draft)
