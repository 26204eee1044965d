"""History is forgotten by age and number, a bunch at a time, and never what is there now."""

from datetime import timedelta
from uuid import UUID

import pytest

from iotistic.database.pool import Connection
from iotistic.devices import DeviceService
from iotistic.devices.shadow import Actor, ShadowService, VersionNotFound

ANNA = Actor(kind="user", name="anna")
DAY = timedelta(days=1)


async def device_with_versions(connection: Connection, count: int, *, days_old: int) -> UUID:
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    for number in range(count):
        await ShadowService(connection).patch(device.uuid, "desired", {"n": number}, actor=ANNA)
    await connection.execute(
        "UPDATE device_state_history SET recorded_at = recorded_at - make_interval(days => %s)", (days_old,)
    )
    return device.uuid


async def versions(connection: Connection, uuid: UUID) -> list[int]:
    return [one.version for one in await ShadowService(connection).list_revisions(uuid, "desired")]


async def test_what_is_old_and_far_behind_goes_and_the_newest_stay(owner_connection: Connection) -> None:
    uuid = await device_with_versions(owner_connection, 6, days_old=10)
    shadow = ShadowService(owner_connection)
    assert await shadow.thin_history(older_than=11 * DAY, keep=2) == 0
    assert await shadow.thin_history(older_than=9 * DAY, keep=6) == 0
    assert await shadow.thin_history(older_than=9 * DAY, keep=2) == 4
    assert await versions(owner_connection, uuid) == [6, 5]
    with pytest.raises(VersionNotFound):
        await shadow.get_state(uuid, "desired", version=4)


@pytest.mark.parametrize("keep", [0, -5, 1])
async def test_the_present_version_never_goes(owner_connection: Connection, keep: int) -> None:
    uuid = await device_with_versions(owner_connection, 3, days_old=1000)
    assert await ShadowService(owner_connection).thin_history(older_than=DAY, keep=keep) == 2
    assert await versions(owner_connection, uuid) == [3]


async def test_it_goes_a_bunch_at_a_time_oldest_first(owner_connection: Connection) -> None:
    uuid = await device_with_versions(owner_connection, 5, days_old=10)
    assert await ShadowService(owner_connection).thin_history(older_than=DAY, keep=1, limit=3) == 3
    assert await versions(owner_connection, uuid) == [5, 4]
