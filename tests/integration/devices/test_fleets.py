"""Fleets and what their devices have from them."""

from uuid import uuid4

import pytest

from iotistic.database.pool import Connection
from iotistic.devices import DeviceNotFound, DeviceService, Tag, TagInvalid
from iotistic.devices.fleets import (
    Fleet,
    FleetDraft,
    FleetInvalid,
    FleetNameTaken,
    FleetNotEmpty,
    FleetNotFound,
    FleetService,
)
from iotistic.devices.tagging import TagDefinitionDraft, TaggingService


async def make(connection: Connection, name: str = "spree", **tags: str) -> Fleet:
    return await FleetService(connection).create_fleet(name, FleetDraft(default_tags=tags))


async def test_a_fleet_that_does_not_exist_is_not_found(connection: Connection) -> None:
    fleets = FleetService(connection)
    assert await fleets.find_fleet("havel") is None
    for act in (
        fleets.get_fleet("havel"),
        fleets.delete_fleet("havel"),
        fleets.replace_fleet("havel", FleetDraft()),
        fleets.assign("havel", []),
    ):
        with pytest.raises(FleetNotFound, match="havel"):
            await act


async def test_a_fleet_is_made_changed_and_deleted(connection: Connection) -> None:
    fleets = FleetService(connection)
    draft = FleetDraft(description="Pumps", default_tags={"site": "x"}, default_settings={"every": 60})
    made = await fleets.create_fleet("spree", draft)
    assert (made.description, made.default_tags, made.default_settings, made.devices) == (
        "Pumps", {"site": "x"}, {"every": 60}, 0,
    )  # fmt: skip
    changed = await fleets.replace_fleet("spree", FleetDraft())
    assert (changed.description, changed.default_tags, changed.default_settings) == (None, {}, {})
    await fleets.delete_fleet("spree")
    assert await fleets.find_fleet("spree") is None


async def test_a_name_is_given_once(connection: Connection) -> None:
    await make(connection)
    with pytest.raises(FleetNameTaken):
        await make(connection)


@pytest.mark.parametrize("name", ["", "Spree", "-spree", "a" * 101, "a b"])
async def test_an_impossible_name_is_refused(connection: Connection, name: str) -> None:
    with pytest.raises(FleetInvalid):
        await make(connection, name)


@pytest.mark.parametrize("name", ["a", "a" * 100, "a.b-c_0"])
async def test_the_bounds_of_a_name_are_in(connection: Connection, name: str) -> None:
    assert (await make(connection, name)).name == name


@pytest.mark.parametrize(
    "tags", [{"Site": "x"}, {"": "x"}, {"a": ""}, {"a": " x"}, {"a": "x" * 256}, {"a": 5}]
)
async def test_a_default_that_no_tag_could_be_is_refused(
    connection: Connection, tags: dict[str, str]
) -> None:
    with pytest.raises(FleetInvalid):
        await FleetService(connection).create_fleet("spree", FleetDraft(default_tags=tags))


@pytest.mark.parametrize("tags", [{"a": "x" * 255}, {"a" * 100: "x"}, {"a": "x\ny"}, {"a": "ü"}])
async def test_the_bounds_of_a_default_are_in(connection: Connection, tags: dict[str, str]) -> None:
    made = await FleetService(connection).create_fleet("spree", FleetDraft(default_tags=tags))
    assert made.default_tags == tags


async def test_a_device_has_the_tags_of_its_fleet_unless_its_own_say_otherwise(
    connection: Connection,
) -> None:
    await make(connection, site="berlin", tier="gold")
    devices = DeviceService(connection)
    pump = await devices.create_device(name="pump", kind="sensor", fleet="spree")
    assert pump.fleet == "spree"
    await devices.set_tag(pump.uuid, "site", "bonn")
    assert await devices.list_tags(pump.uuid) == [
        Tag(key="site", value="bonn"),
        Tag(key="tier", value="gold", inherited=True),
    ]
    await devices.remove_tag(pump.uuid, "site")
    assert Tag(key="site", value="berlin", inherited=True) in await devices.list_tags(pump.uuid)


async def test_devices_move_and_are_counted(connection: Connection) -> None:
    fleets, devices = FleetService(connection), DeviceService(connection)
    await make(connection)
    await make(connection, "havel")
    uuids = [(await devices.create_device(name=f"d{n}", kind="x")).uuid for n in range(3)]
    assert await fleets.assign("spree", uuids) == 3
    assert await fleets.assign("spree", uuids) == 0
    assert await fleets.assign("havel", uuids[:1]) == 1
    assert {one.name: one.devices for one in await fleets.list_fleets()} == {"havel": 1, "spree": 2}
    assert [one.name for one in await fleets.list_fleets(after="havel", limit=1)] == ["spree"]
    with pytest.raises(DeviceNotFound):
        await fleets.assign("spree", [*uuids, uuid4()])


async def test_a_fleet_with_devices_is_kept_and_one_with_retired_ones_goes(connection: Connection) -> None:
    await make(connection)
    devices = DeviceService(connection)
    pump = await devices.create_device(name="pump", kind="sensor", fleet="spree")
    with pytest.raises(FleetNotEmpty):
        async with connection.transaction():
            await FleetService(connection).delete_fleet("spree")
    await devices.retire_device(pump.uuid)
    await FleetService(connection).delete_fleet("spree")
    assert (await devices.get_device(pump.uuid)).fleet is None


async def test_a_default_keeps_the_rules_of_its_tag(connection: Connection) -> None:
    await TaggingService(connection).define("site", TagDefinitionDraft(allowed_values=["berlin"]))
    await make(connection, site="berlin")
    with pytest.raises(TagInvalid, match="site may not have the value 'bonn'"):
        await make(connection, "havel", site="bonn")
