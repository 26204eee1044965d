"""Who is heard of, who is not, and who may say so."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceNotFound, DeviceService
from iotistic.devices.connectivity import ConnectivityService, ExpectationInvalid
from iotistic.devices.fleets import FleetDraft, FleetInvalid, FleetService
from tests.support.databases import TestDatabase


async def pump(connection: Connection, name: str = "pump") -> UUID:
    """A device that was just heard of."""
    devices = DeviceService(connection)
    device = await devices.create_device(name=name, kind="sensor")
    await devices.touch_contacts([device.uuid])
    return device.uuid


async def listen_for(connection: Connection, seconds: float, *, last_look: float = 30) -> None:
    """The platform has been listening for so long, and looked so long ago."""
    await connection.execute(
        "INSERT INTO contact_watch AS watch (listening_since, looked_at)"
        " VALUES (now() - %(long)s * interval '1 s', now() - %(look)s * interval '1 s')"
        " ON CONFLICT (id) DO UPDATE SET listening_since = excluded.listening_since, looked_at = excluded.looked_at",
        {"long": seconds, "look": last_look},
    )


async def silence(connection: Connection, seconds: float) -> None:
    await connection.execute(
        "UPDATE device_contacts SET last_contact_at = now() - %s * interval '1 s'", (seconds,)
    )


async def status(connection: Connection, uuid: UUID) -> str:
    return (await DeviceService(connection).get_device(uuid)).connection_status


async def test_nothing_is_known_of_a_stranger(connection: Connection) -> None:
    service = ConnectivityService(connection)
    for act in (
        service.get_connectivity(uuid4()),
        service.list_transitions(uuid4()),
        service.expect(uuid4(), None),
        service.expect(uuid4(), timedelta(hours=1)),
    ):
        with pytest.raises(DeviceNotFound):
            async with connection.transaction():
                await act


@pytest.mark.parametrize(("seconds", "marked"), [(120, 0), (120.001, 1)])
async def test_a_silent_device_goes_offline_at_its_time(
    connection: Connection, seconds: float, marked: int
) -> None:
    uuid = await pump(connection)
    await listen_for(connection, 3600)
    await silence(connection, seconds)
    assert await ConnectivityService(connection).mark_silent_offline() == marked
    assert await status(connection, uuid) == ("offline" if marked else "online")


@pytest.mark.parametrize(("listening", "marked"), [(120, 0), (120.001, 1)])
async def test_silence_counts_only_while_the_platform_listens(
    connection: Connection, listening: float, marked: int
) -> None:
    await pump(connection)
    await listen_for(connection, listening)
    await silence(connection, 7200)
    assert await ConnectivityService(connection).mark_silent_offline() == marked


@pytest.mark.parametrize(("last_look", "marked"), [(90, 1), (90.001, 0)])
async def test_after_an_outage_of_its_own_the_platform_blames_nobody(
    connection: Connection, last_look: float, marked: int
) -> None:
    await pump(connection)
    await listen_for(connection, 86_400, last_look=last_look)
    await silence(connection, 3600)
    assert await ConnectivityService(connection).mark_silent_offline() == marked


async def test_the_first_look_of_an_installation_blames_nobody(connection: Connection) -> None:
    await connection.execute("DELETE FROM contact_watch")
    await pump(connection)
    await silence(connection, 3600)
    assert await ConnectivityService(connection).mark_silent_offline() == 0


@pytest.mark.parametrize(("seconds", "marked"), [(7200, 0), (7200.001, 1)])
async def test_a_device_that_reports_seldom_has_twice_its_time(
    connection: Connection, seconds: float, marked: int
) -> None:
    service = ConnectivityService(connection)
    uuid = await pump(connection)
    stands = await service.expect(uuid, timedelta(hours=1))
    assert stands.expected_every == timedelta(hours=1)
    await listen_for(connection, 86_400)
    await silence(connection, seconds)
    assert await service.mark_silent_offline() == marked
    assert (await service.expect(uuid, None)).expected_every == timedelta(minutes=1)


@pytest.mark.parametrize("every", [timedelta(seconds=14), timedelta(days=367)])
async def test_an_impossible_pace_is_refused(connection: Connection, every: timedelta) -> None:
    uuid = await pump(connection)
    with pytest.raises(ExpectationInvalid, match="15 seconds"):
        await ConnectivityService(connection).expect(uuid, every)


async def test_each_change_is_a_row_with_how_long_it_was_so(connection: Connection) -> None:
    service, devices = ConnectivityService(connection), DeviceService(connection)
    uuid = await pump(connection)
    await listen_for(connection, 3600)
    await connection.execute(
        "UPDATE connection_transitions SET occurred_at = occurred_at - interval '10 minutes'"
    )
    await silence(connection, 600)
    await service.mark_silent_offline()
    await devices.touch_contacts([uuid])
    back, gone, came = await service.list_transitions(uuid)
    assert (came.was, came.became) == ("never", "online")
    assert (gone.was, gone.became, gone.lasted) == ("online", "offline", timedelta(minutes=10))
    assert (back.was, back.became, back.lasted) == ("offline", "online", timedelta(0))
    assert [one.id for one in await service.list_transitions(uuid, before=gone.id)] == [came.id]
    stands = await service.get_connectivity(uuid)
    assert (stands.status, stands.since) == ("online", back.occurred_at)
    await devices.touch_contacts([uuid])
    assert len(await service.list_transitions(uuid)) == 3


async def test_a_retired_device_goes_offline_once(connection: Connection) -> None:
    uuid = await pump(connection)
    for _ in range(2):
        await DeviceService(connection).retire_device(uuid)
    newest = (await ConnectivityService(connection).list_transitions(uuid))[0]
    assert newest.became == "offline"
    assert len(await ConnectivityService(connection).list_transitions(uuid)) == 2


async def test_two_detectors_at_once_make_one_transition_each_device(database: TestDatabase) -> None:
    async def opened() -> Connection:
        return await connect(
            database.endpoint("app"), database.name, application_name="test", autocommit=True
        )

    first, *others = [await opened() for _ in range(6)]
    async with first.transaction():
        devices = DeviceService(first)
        made = [await devices.create_device(name=f"pump {number}", kind="sensor") for number in range(200)]
        await devices.touch_contacts([device.uuid for device in made])
    await listen_for(first, 86_400)
    await silence(first, 3600)

    async def detect(connection: Connection) -> int:
        async with connection.transaction():
            return await ConnectivityService(connection).mark_silent_offline()

    marked = await asyncio.gather(*map(detect, others))
    assert sum(marked) == 200
    cursor = await first.execute(
        "SELECT count(*), count(DISTINCT device_uuid) FROM connection_transitions WHERE became = 'offline'"
    )
    assert await cursor.fetchone() == (200, 200)
    for connection in (first, *others):
        await connection.close()


async def test_many_messages_write_one_row_in_15_seconds(database: TestDatabase) -> None:
    connection = await connect(
        database.endpoint("app"), database.name, application_name="test", autocommit=True
    )
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    loop = asyncio.get_running_loop()
    started = loop.time()
    for _ in range(300):
        await DeviceService(connection).touch_contacts([device.uuid])
    most = 1 + (loop.time() - started) // 15
    await connection.execute("SELECT pg_stat_force_next_flush()")
    cursor = await connection.execute(
        "SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relname = 'device_contacts'"
    )
    written = await cursor.fetchone()
    assert written is not None
    assert 1 <= written[0] <= most
    cursor = await connection.execute("SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'devices'")
    assert await cursor.fetchone() == (1,)  # the transition
    await connection.close()


async def test_the_pace_of_a_fleet_holds_where_none_is_said_of_the_device(connection: Connection) -> None:
    fleets, service = FleetService(connection), ConnectivityService(connection)
    await fleets.create_fleet("meters", FleetDraft(expected_every=timedelta(hours=1)))
    theirs, own, without = [await pump(connection, name) for name in ("theirs", "own", "without")]
    await fleets.assign("meters", [theirs, own])
    await service.expect(own, timedelta(minutes=5))
    await listen_for(connection, 7201)
    await silence(connection, 7200)
    assert await service.mark_silent_offline() == 2
    assert [await status(connection, one) for one in (theirs, own, without)] == [
        "online",
        "offline",
        "offline",
    ]
    await silence(connection, 7200.1)
    assert await service.mark_silent_offline() == 1
    assert (await service.get_connectivity(theirs)).expected_every == timedelta(hours=1)
    assert (await service.get_connectivity(own)).expected_every == timedelta(minutes=5)
    assert (await service.expect(own, None)).expected_every == timedelta(hours=1)
    await fleets.replace_fleet("meters", FleetDraft())
    assert (await service.get_connectivity(theirs)).expected_every == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("every", "is_good"),
    [
        (timedelta(seconds=15), True),
        (timedelta(seconds=14.999), False),
        (timedelta(days=366), True),
        (timedelta(days=366, seconds=1), False),
    ],
)
async def test_a_fleet_has_a_pace_that_a_device_could_have(
    connection: Connection, every: timedelta, is_good: bool
) -> None:
    fleets = FleetService(connection)
    draft = FleetDraft(expected_every=every)
    if is_good:
        assert (await fleets.create_fleet("meters", draft)).expected_every == every
    else:
        with pytest.raises(FleetInvalid, match="15 seconds"):
            await fleets.create_fleet("meters", draft)
