"""Events: appended once, told in order, kept as long as their type says, and never passed by."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import LiteralString, cast
from uuid import UUID, uuid4

import psycopg
import pytest

from iotistic.database.listener import Listener, Reconnected
from iotistic.database.pool import Connection, connect
from iotistic.database.unit_of_work import UnitOfWork
from iotistic.devices import DeviceService
from iotistic.devices.shadow import Actor, ShadowService
from iotistic.events import (
    CHANNEL,
    Cursor,
    CursorFromElsewhere,
    Event,
    EventFilter,
    EventInvalid,
    EventNotFound,
    EventService,
    EventTypeUnknown,
    Position,
)
from iotistic.partitioning import Maintainer
from iotistic.provenance import Provenance
from tests.support.databases import TestDatabase

ANNA = Provenance(actor_kind="user", actor="anna", key_id="k1", request_id="request-1")


@asynccontextmanager
async def session(
    database: TestDatabase, purpose: str = "app", *, autocommit: bool = False
) -> AsyncIterator[Connection]:
    connection = await connect(
        database.endpoint(purpose), database.name, application_name="test", autocommit=autocommit
    )
    try:
        yield connection
    finally:
        await connection.close()


async def append(connection: Connection, about: object = "x", **more: object) -> UUID:
    found = await EventService(connection).append("device.retired", about, **more)  # type: ignore[arg-type]
    assert found is not None
    return found


async def test_an_event_says_what_happened_to_what_and_who_did_it(connection: Connection) -> None:
    await UnitOfWork(connection).act_as(ANNA)
    events, device = EventService(connection), uuid4()
    made = await events.append("device.retired", device, {"why": "broken"}, device_uuid=device)
    assert made is not None
    event = await events.get_event(made)
    assert (event.type, event.aggregate, event.aggregate_id, event.device_uuid, event.data) == (
        "device.retired", "device", str(device), device, {"why": "broken"},
    )  # fmt: skip
    assert (event.actor_kind, event.actor, event.correlation_id, event.causation_id) == (
        "user", "anna", "request-1", None,
    )  # fmt: skip


async def test_without_a_request_an_event_begins_a_story_of_its_own(connection: Connection) -> None:
    made = await append(connection)
    event = await EventService(connection).get_event(made)
    assert (event.actor_kind, event.actor, event.correlation_id) == ("system", "iotistic_app", str(made))


async def test_what_came_of_an_event_has_its_correlation(connection: Connection) -> None:
    cause = await append(connection, correlation_id="story 7")
    consequence = await append(connection, causation_id=cause)
    assert (await EventService(connection).get_event(consequence)).correlation_id == "story 7"


async def test_an_event_that_is_not_there_is_not_found(connection: Connection) -> None:
    with pytest.raises(EventNotFound):
        await EventService(connection).get_event(uuid4())


async def test_an_unknown_type_is_refused(connection: Connection) -> None:
    with pytest.raises(EventTypeUnknown, match=r"device\.exploded"):
        await EventService(connection).append("device.exploded", "x")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({}, "lacks version"),
        ({"version": 1}, "lacks cause"),
        ({"version": "1", "cause": "patch"}, "version of another type"),
        ({"version": 1.5, "cause": "patch"}, "version of another type"),
        ({"version": 1, "cause": None}, "cause of another type"),
    ],
)
async def test_data_that_breaks_the_schema_of_its_type_is_refused(
    connection: Connection, data: dict[str, object], why: str
) -> None:
    with pytest.raises(EventInvalid, match=why):
        await EventService(connection).append("device.desired", "x", data)


async def test_data_that_keeps_to_its_schema_is_taken_with_whatever_else_it_says(
    connection: Connection,
) -> None:
    events = EventService(connection)
    assert await events.append("device.desired", "x", {"version": 1, "cause": "patch", "more": []})
    for serial in ("S-1", None):
        assert await events.append("device.registered", "x", {"name": "a", "kind": "b", "serial": serial})


@pytest.mark.parametrize(("about", "data"), [("", {}), ("x" * 201, {}), ("x", {"a": "1" * 1_000_000})])
async def test_an_event_has_bounds(connection: Connection, about: str, data: dict[str, object]) -> None:
    if data:
        data = {str(uuid4()): str(uuid4()) for _ in range(1000)}  # which compression does not make small
    with pytest.raises(EventInvalid):
        await EventService(connection).append("device.retired", about, data)


async def test_the_same_event_twice_is_one(connection: Connection) -> None:
    events, own = EventService(connection), uuid4()
    assert await events.append("device.retired", "x", id=own) == own
    assert await events.append("device.retired", "x", id=own) is None
    assert len(await events.list_events(EventFilter(aggregate_id="x"))) == 1


async def test_of_the_same_event_at_the_same_time_one_is_stored(database: TestDatabase) -> None:
    own = uuid4()

    async def once() -> UUID | None:
        async with session(database) as connection:
            made = await EventService(connection).append("device.retired", "x", id=own)
            await connection.commit()
            return made

    made = await asyncio.gather(*(once() for _ in range(8)))
    assert sorted(str(one) for one in made) == sorted([str(own), *["None"] * 7])
    async with session(database) as connection:
        assert [event.id for event in await EventService(connection).list_events()] == [own]


async def test_a_story_is_told_newest_first_page_by_page(connection: Connection) -> None:
    made = [await append(connection, "pump") for _ in range(5)]
    await append(connection, "other")
    events, which = EventService(connection), EventFilter(aggregate="device", aggregate_id="pump")
    first = await events.list_events(which, limit=2)
    position = Position(recorded_at=first[-1].recorded_at, sequence=first[-1].sequence)
    rest = await events.list_events(which, before=position)
    assert [event.id for event in (*first, *rest)] == list(reversed(made))


async def test_the_story_of_a_device_holds_what_is_about_other_things_too(connection: Connection) -> None:
    device = uuid4()
    await append(connection, device, device_uuid=device)
    await append(connection, "job-7", device_uuid=device)
    await append(connection, "job-7", device_uuid=uuid4())
    found = await EventService(connection).list_events(EventFilter(device_uuid=device))
    assert [event.aggregate_id for event in found] == ["job-7", str(device)]


async def test_a_chain_is_told_from_either_end(connection: Connection) -> None:
    first = await append(connection, "1")
    second = await append(connection, "2", causation_id=first)
    third = await append(connection, "3", causation_id=second)
    beside = await append(connection, "2b", causation_id=first)
    await append(connection, "stranger")
    events = EventService(connection)
    assert [event.id for event in await events.list_chain(first)] == [first, second, third, beside]
    assert [event.id for event in await events.list_chain(third)] == [first, second, third]
    assert [event.id for event in await events.list_chain(beside)] == [first, beside]


async def test_a_chain_that_bites_its_tail_ends(connection: Connection) -> None:
    one, two = uuid4(), uuid4()
    await append(connection, "1", id=one, causation_id=two)
    await append(connection, "2", id=two, causation_id=one)
    assert {event.id for event in await EventService(connection).list_chain(one)} == {one, two}


@pytest.mark.parametrize("table", ["events", "events_2555d", "events_2555d_all"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET actor = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_application_changes_no_event_by_whatever_name(
    connection: Connection, statement: LiteralString, table: LiteralString
) -> None:
    await append(connection)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await connection.execute(statement.format(table))


async def test_each_type_lies_with_those_that_are_kept_as_long(connection: Connection) -> None:
    for type_ in await EventService(connection).list_types():
        data = {"version": 1, "cause": "x", "name": "a", "kind": "b", "was": "c", "status": "d", "attempt": 1}
        data |= {"rule": "r", "severity": "s", "lines": 1}
        await connection.execute(
            "SELECT append_event_v1(%s, 'x', %s::jsonb)", (type_.name, psycopg.types.json.Jsonb(data))
        )
    cursor = await connection.execute(
        "SELECT DISTINCT t.retention_days, e.tableoid::regclass::text FROM events AS e JOIN event_types AS t ON t.name = e.type"
    )
    found = await cursor.fetchall()
    assert {days for days, _ in found} >= {90, 365, 2555}
    assert all(table == f"events_{days}d_all" for days, table in found)


async def test_an_event_of_seven_years_outlives_one_of_a_quarter(database: TestDatabase) -> None:
    """Its partition is another one: dropping every old one of the short kind leaves it alone."""
    async with session(database, "owner", autocommit=True) as owner:
        for tier in ("events_7d", "events_90d", "events_365d", "events_2555d"):
            await owner.execute(f"DROP TABLE {tier}_all")  # type: ignore[arg-type]
            await owner.execute(
                f"CREATE TABLE {tier}_20200101 PARTITION OF {tier} FOR VALUES FROM ('2020-01-01Z') TO ('2020-01-02Z')"  # type: ignore[arg-type]
            )
        await owner.execute(
            "INSERT INTO events (retention_days, recorded_at, type, aggregate, aggregate_id, actor_kind, actor, correlation_id)"
            " SELECT days, '2020-01-01 12:00Z', 'device.retired', 'device', days::text, 'system', 'test', 'x'"
            " FROM unnest('{7,90,365,2555}'::bigint[]) AS days"
        )
        await owner.execute("DELETE FROM partition_policies WHERE parent NOT LIKE 'events%'")
        outcome = await Maintainer(owner).run()
        assert outcome.failed == ()
        left = await (await owner.execute("SELECT aggregate_id FROM events")).fetchall()
        assert left == [("2555",)]
        leaves = await (
            await owner.execute("SELECT count(*) FROM partition_leaves WHERE parent LIKE 'events%'")
        ).fetchone()
        assert leaves == (11 + 3 + 2 + 2 + 1,)
        assert await EventService(owner).append("device.retired", "today")


async def followed(connection: Connection, cursor: Cursor) -> tuple[list[str], Cursor]:
    stretch = await EventService(connection).follow(cursor)
    await connection.commit()
    return [event.aggregate_id for event in stretch.events], stretch.cursor


async def test_who_follows_sees_each_event_once_and_goes_on_from_the_cursor(database: TestDatabase) -> None:
    async with session(database) as writer, session(database) as reader:
        for about in ("1", "2"):
            await append(writer, about)
        await writer.commit()
        seen, cursor = await followed(reader, Cursor(0, 0))
        assert seen == ["1", "2"]
        assert await followed(reader, cursor) == ([], cursor)
        await append(writer, "3")
        await writer.commit()
        assert (await followed(reader, cursor))[0] == ["3"]


async def test_an_event_that_commits_late_is_not_passed_by(database: TestDatabase) -> None:
    """The slow transaction took its number first. A reader that went by numbers alone would be past it when it commits."""
    async with session(database) as slow, session(database) as fast, session(database) as reader:
        await append(slow, "slow")
        await append(fast, "fast")
        await fast.commit()
        seen, cursor = await followed(reader, Cursor(0, 0))
        assert seen == []  # not before it is known what comes first
        await slow.commit()
        seen, cursor = await followed(reader, cursor)
        assert seen == ["slow", "fast"]
        assert (await followed(reader, cursor))[0] == []


async def test_an_event_that_is_rolled_back_holds_nobody_up(database: TestDatabase) -> None:
    async with session(database) as slow, session(database) as fast, session(database) as reader:
        await append(slow, "never")
        await append(fast, "fast")
        await fast.commit()
        await slow.rollback()
        assert (await followed(reader, Cursor(0, 0)))[0] == ["fast"]


async def test_sixteen_writers_at_once_lose_no_event_to_a_reader(database: TestDatabase) -> None:
    writers, each = 16, 12
    done = asyncio.Event()

    async def write(number: int) -> None:
        async with session(database) as connection:
            for turn in range(each):
                await append(connection, f"{number}-{turn}")
                if turn % 3 == 0:
                    await connection.execute("SELECT pg_sleep(0.002)")
                await connection.commit()

    async def read() -> list[str]:
        seen: list[str] = []
        cursor = Cursor(0, 0)
        async with session(database) as connection:
            while True:
                last = done.is_set()
                found, cursor = await followed(connection, cursor)
                seen += found
                if last and not found:
                    return seen

    reading = asyncio.create_task(read())
    await asyncio.gather(*(write(number) for number in range(writers)))
    done.set()
    seen = await reading
    assert sorted(seen) == sorted(f"{number}-{turn}" for number in range(writers) for turn in range(each))
    for number in range(writers):
        own = [about for about in seen if about.startswith(f"{number}-")]
        assert own == [f"{number}-{turn}" for turn in range(each)]


async def test_a_stretch_is_bounded_and_filtered_and_the_cursor_moves_on_all_the_same(
    database: TestDatabase,
) -> None:
    async with session(database) as connection:
        events = EventService(connection)
        for number in range(5):
            await append(connection, str(number), device_uuid=UUID(int=number % 2))
        await connection.commit()
        first = await events.follow(Cursor(0, 0), limit=2)
        assert ([event.aggregate_id for event in first.events], first.is_full) == (["0", "1"], True)
        rest = await events.follow(first.cursor, EventFilter(device_uuid=UUID(int=1)))
        assert ([event.aggregate_id for event in rest.events], rest.is_full) == (["3"], False)
        nothing = await events.follow(Cursor(0, 0), EventFilter(types=("device.online",)))
        assert nothing.events == []
        assert nothing.cursor >= rest.cursor


async def test_who_starts_now_sees_only_what_comes(database: TestDatabase) -> None:
    async with session(database) as connection:
        await append(connection, "before")
        await connection.commit()
        cursor = await EventService(connection).now()
        await append(connection, "after")
        await connection.commit()
        assert (await followed(connection, cursor))[0] == ["after"]


async def test_a_cursor_of_another_server_is_refused(connection: Connection) -> None:
    with pytest.raises(CursorFromElsewhere):
        await EventService(connection).follow(Cursor(2**62, 0))


async def test_a_transaction_is_told_once_whatever_it_appends(database: TestDatabase) -> None:
    heard: list[str] = []

    async def direct() -> Connection:
        return await connect(
            database.endpoint("app"), database.name, application_name="test", autocommit=True
        )

    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(session(database))
        async for news in Listener(direct, (CHANNEL,)).events():
            if isinstance(news, Reconnected):
                for _ in range(3):
                    await append(connection)
                await connection.commit()
                await append(connection)
                await connection.commit()
            elif isinstance(news, tuple):
                heard.append(news[1])
                if len(heard) == 2:
                    break
        found = await EventService(connection).list_events()
    ids = sorted({event.transaction_id for event in found})
    assert heard == [f"{UUID(int=0)} appended {number}" for number in ids]


def told(events: list[Event]) -> list[tuple[str, dict[str, object]]]:
    return [(event.type, event.data) for event in reversed(events)]


async def test_the_turns_in_the_life_of_a_device_are_told(connection: Connection) -> None:
    await UnitOfWork(connection).act_as(ANNA)
    devices = DeviceService(connection)
    device = await devices.create_device(name="pump", kind="sensor", serial="S-1")
    await devices.touch_contacts([device.uuid])
    await devices.touch_contacts([device.uuid])
    await connection.execute(
        "UPDATE devices SET connection_status = 'offline' WHERE uuid = %s", (device.uuid,)
    )
    await devices.rename_device(device.uuid, "pump-7")
    await devices.retire_device(device.uuid)
    await devices.retire_device(device.uuid)
    await devices.restore_device(device.uuid)
    found = list(await EventService(connection).list_events(EventFilter(device_uuid=device.uuid)))
    assert told(found) == [
        ("device.registered", {"name": "pump", "kind": "sensor", "serial": "S-1"}),
        ("device.online", {"was": "never"}),
        ("device.offline", {"was": "online"}),
        ("device.retired", {}),
        ("device.restored", {}),
    ]
    assert {event.actor for event in found} == {"anna"}
    assert {event.correlation_id for event in found} == {"request-1"}


async def test_what_is_desired_is_told_and_what_is_reported_is_not(connection: Connection) -> None:
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    shadow = ShadowService(connection)
    await shadow.patch(device.uuid, "desired", {"a": 1}, actor=Actor(kind="user", name="anna"))
    await shadow.patch(device.uuid, "desired", {"a": 1}, actor=Actor(kind="user", name="anna"))
    await shadow.patch(device.uuid, "reported", {"a": 1}, actor=Actor(kind="device", name=str(device.uuid)))
    found = list(await EventService(connection).list_events(EventFilter(device_uuid=device.uuid)))
    assert told(found)[1:] == [("device.desired", {"version": 1, "cause": "patch"})]


async def test_ingest_tells_that_a_device_came_online_with_its_own_few_rights(database: TestDatabase) -> None:
    async with session(database) as app:
        device = await DeviceService(app).create_device(name="pump", kind="sensor")
        await app.commit()
        async with session(database, "ingest", autocommit=True) as ingest:
            await DeviceService(ingest).touch_contacts([device.uuid])
        (event, _) = await EventService(app).list_events(EventFilter(device_uuid=device.uuid))
        assert (event.type, event.actor) == ("device.online", "iotistic_ingest")


DOCUMENT = Path(__file__).parents[3] / "docs" / "events.md"


async def test_what_the_document_says_about_a_restore_lets_new_events_come_after_the_restored_ones(
    database: TestDatabase,
) -> None:
    block = re.search(r"```sql\n(ALTER TABLE events DISABLE.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert block is not None
    async with session(database, "owner", autocommit=True) as owner:
        await owner.execute(
            "INSERT INTO events (retention_days, transaction_id, type, aggregate, aggregate_id, actor_kind, actor, correlation_id)"
            " VALUES (7, '4000000000', 'device.retired', 'device', 'restored', 'system', 'test', 'x')"
        )
        assert (await followed_by_owner(owner, Cursor(0, 0)))[0] == []
        await owner.execute(cast("LiteralString", block[1]))
        seen, cursor = await followed_by_owner(owner, Cursor(0, 0))
        assert seen == ["restored"]
        await append(owner, "new")
        assert (await followed_by_owner(owner, cursor))[0] == ["new"]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await owner.execute("DELETE FROM events")


async def followed_by_owner(connection: Connection, cursor: Cursor) -> tuple[list[str], Cursor]:
    stretch = await EventService(connection).follow(cursor)
    return [event.aggregate_id for event in stretch.events], stretch.cursor
