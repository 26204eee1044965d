import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from psycopg import sql

from iotistic.config import SessionLimits
from iotistic.database.errors import DatabaseUnavailable, LockNotAvailable, SchemaMissing
from iotistic.database.pool import Connection, connect
from iotistic.database.shared_lookup import PLANNED_ONCE, SharedLookup
from iotistic.errors import Invalid
from tests.support.databases import TestDatabase

LIMIT = timedelta(seconds=60)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
STATEMENT = """
SELECT name, size, born, statement_timestamp() AS asked_at
FROM things
WHERE name = ANY(%(keys)s::text [])
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    name: str
    size: int | None
    born: datetime | None
    asked_at: datetime


class Scene:
    """Things in a table, a lookup of them, and the sessions that it opened."""

    def __init__(self, database: TestDatabase, administrator: Connection) -> None:
        self.database = database
        self.administrator = administrator
        self.pids: list[int] = []
        self.limits = SessionLimits(lock_timeout=timedelta(0))
        self.endpoint = database.endpoint("app")
        self.lookup = SharedLookup(self._open, STATEMENT, Thing, key_of=lambda thing: thing.name, most=100)

    async def _open(self) -> Connection:
        session = await connect(
            self.endpoint,
            self.database.name,
            application_name="lookup",
            autocommit=True,
            limits=self.limits,
            session_settings=PLANNED_ONCE,
        )
        self.pids.append(session.info.backend_pid)
        return session

    async def end_session(self) -> None:
        ended = await self.administrator.execute("SELECT pg_terminate_backend(%s, 30000)", (self.pids[-1],))
        assert await ended.fetchone() == (True,)

    async def until_it_waits(self) -> None:
        """For a lock that somebody else holds."""
        async with asyncio.timeout(LIMIT.total_seconds()):
            while True:
                found = await self.administrator.execute(
                    "SELECT FROM pg_locks WHERE pid = %s AND NOT granted", (self.pids[-1],)
                )
                if found.rowcount:
                    return
                await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def scene(database: TestDatabase) -> AsyncIterator[Scene]:
    administrator = await connect(
        database.endpoint("owner"), database.name, application_name="test", autocommit=True
    )
    superuser = await connect(database.superuser, database.name, application_name="test", autocommit=True)
    await administrator.execute("CREATE TABLE things (name text PRIMARY KEY, size bigint, born timestamptz)")
    await administrator.execute(
        "INSERT INTO things SELECT 'thing-' || number, number FROM generate_series(1, 300) AS number"
    )
    await administrator.execute(
        sql.SQL("INSERT INTO things VALUES ('odd', NULL, {}), ('{{a,\"b', 0, NULL)").format(NEVER)
    )
    await administrator.execute("GRANT SELECT ON things TO iotistic_app")
    scene = Scene(database, superuser)
    yield scene
    await scene.lookup.close()
    await administrator.close()
    await superuser.close()


async def test_a_row_is_found_by_its_key_and_another_key_finds_none(scene: Scene) -> None:
    found = await scene.lookup.find("thing-7")
    assert found == Thing(name="thing-7", size=7, born=None, asked_at=found.asked_at if found else NEVER)
    assert await scene.lookup.find("thing-0") is None
    odd = await scene.lookup.find("odd")
    assert odd is not None
    assert (odd.size, odd.born) == (None, NEVER)


async def test_a_key_is_a_value_whatever_is_in_it(scene: Scene) -> None:
    found = await scene.lookup.find('{a,"b')
    assert found is not None
    assert found.size == 0
    assert await scene.lookup.find("thing-1,thing-2") is None
    assert await scene.lookup.find("NULL") is None
    assert await scene.lookup.find("with a \0 in it") is None


async def test_whoever_asks_while_a_question_is_under_way_shares_the_next_statement(scene: Scene) -> None:
    await scene.lookup.find("odd")
    names = [f"thing-{number}" for number in range(1, 81)]
    found = await asyncio.gather(*(scene.lookup.find(name) for name in names))
    assert [thing.name for thing in found if thing] == names
    assert len({thing.asked_at for thing in found if thing}) == 2  # the first of them alone, then all others


async def test_a_statement_asks_for_no_more_than_it_may(scene: Scene) -> None:
    names = [f"thing-{number}" for number in range(1, 251)]
    found = await asyncio.gather(*(scene.lookup.find(name) for name in names))
    assert [thing.name for thing in found if thing] == names
    assert len({thing.asked_at for thing in found if thing}) == 3


async def test_two_who_ask_for_the_same_are_both_answered(scene: Scene) -> None:
    found = await asyncio.gather(*(scene.lookup.find("thing-1") for _ in range(5)))
    assert [thing.size for thing in found if thing] == [1] * 5


async def test_a_session_that_the_server_ended_is_replaced_unseen(scene: Scene) -> None:
    await scene.lookup.find("odd")
    await scene.end_session()
    assert await scene.lookup.find("thing-1") is not None
    assert len(scene.pids) == 2


async def test_a_question_under_way_is_asked_again_when_its_session_ends(scene: Scene) -> None:
    await scene.lookup.find("odd")
    async with scene.administrator.transaction():
        await scene.administrator.execute("LOCK TABLE things")
        questions = [asyncio.ensure_future(scene.lookup.find(f"thing-{number}")) for number in range(1, 10)]
        await asyncio.sleep(0)  # lets them ask
        await scene.until_it_waits()
        await scene.end_session()
    found = await asyncio.gather(*questions)
    assert [thing.size for thing in found if thing] == list(range(1, 10))
    assert len(scene.pids) == 2


async def test_who_goes_away_takes_nobody_along(scene: Scene) -> None:
    await scene.lookup.find("odd")
    async with scene.administrator.transaction():
        await scene.administrator.execute("LOCK TABLE things")
        goes, stays = (asyncio.ensure_future(scene.lookup.find("thing-1")) for _ in range(2))
        await asyncio.sleep(0)
        await scene.until_it_waits()
        goes.cancel()
        await asyncio.wait({goes})
    assert await stays is not None


async def test_an_error_is_told_to_those_who_asked_and_to_nobody_after_them(scene: Scene) -> None:
    scene.limits = SessionLimits(lock_timeout=timedelta(milliseconds=50))
    await scene.lookup.find("odd")
    async with scene.administrator.transaction():
        await scene.administrator.execute("LOCK TABLE things")
        with pytest.raises(LockNotAvailable):
            await scene.lookup.find("thing-1")
    assert await scene.lookup.find("thing-1") is not None


async def test_a_table_that_came_back_in_another_form_is_read_in_that_form(scene: Scene) -> None:
    await scene.lookup.find("odd")
    owner = await connect(
        scene.database.endpoint("owner"), scene.database.name, application_name="test", autocommit=True
    )
    await owner.execute("ALTER TABLE things ALTER COLUMN size TYPE integer")
    await owner.close()
    with pytest.raises(Exception, match="cached plan"):  # the kept plan has other columns
        await scene.lookup.find("thing-1")
    found = await scene.lookup.find("thing-2")
    assert found is not None
    assert found.size == 2


async def test_a_table_that_is_not_there_is_the_error_it_is(database: TestDatabase) -> None:
    async def session() -> Connection:
        return await connect(
            database.endpoint("app"), database.name, application_name="lookup", autocommit=True
        )

    lookup = SharedLookup(session, STATEMENT, Thing, key_of=lambda thing: thing.name)
    with pytest.raises(SchemaMissing):
        await lookup.find("thing-1")
    await lookup.close()


async def test_a_server_that_is_away_is_waited_for_a_while_and_found_when_it_is_back(scene: Scene) -> None:
    there, attempts = scene.endpoint, 0

    async def session() -> Connection:
        nonlocal attempts
        attempts += 1
        scene.endpoint = there if attempts > 2 else replace(there, hosts=(("127.0.0.1", 1),))
        return await scene._open()

    patient = SharedLookup(session, STATEMENT, Thing, key_of=lambda thing: thing.name, patience=LIMIT)
    assert await patient.find("thing-1") is not None
    await patient.close()

    attempts = -1000
    hasty = SharedLookup(session, STATEMENT, Thing, key_of=lambda thing: thing.name, patience=timedelta(0))
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1:1"):
        await hasty.find("thing-1")
    await hasty.close()


async def test_who_waits_when_it_is_closed_is_told(scene: Scene) -> None:
    await scene.lookup.find("odd")
    async with scene.administrator.transaction():
        await scene.administrator.execute("LOCK TABLE things")
        waits = asyncio.ensure_future(scene.lookup.find("thing-1"))
        await asyncio.sleep(0)
        await scene.until_it_waits()
        await scene.lookup.close()
        with pytest.raises(DatabaseUnavailable):
            await waits


async def test_what_cannot_be_opened_or_read_is_told_and_keeps_nobody_waiting(scene: Scene) -> None:
    async def no_password() -> Connection:
        raise Invalid("There is no password for this role.")

    closed = SharedLookup(no_password, STATEMENT, Thing, key_of=lambda thing: thing.name)
    other_model = SharedLookup(scene._open, STATEMENT, Scene, key_of=lambda _: "")
    async with asyncio.timeout(LIMIT.total_seconds()):
        for _ in range(2):
            with pytest.raises(Invalid):
                await closed.find("thing-1")
            with pytest.raises(TypeError):
                await other_model.find("thing-1")
    await closed.close()
    await other_model.close()
