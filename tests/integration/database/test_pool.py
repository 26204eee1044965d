import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from psycopg.pq import TransactionStatus

from iotistic.config import PoolSettings, SessionLimits
from iotistic.database import unit_of_work
from iotistic.database.errors import DatabaseUnavailable, SchemaMissing
from iotistic.database.pool import PoolExhausted, connect, open_pool
from iotistic.errors import Conflict
from tests.support.databases import TestDatabase

ONE = PoolSettings(min_size=1, max_size=1, timeout=timedelta(seconds=2))
LIMITS = SessionLimits(statement_timeout=timedelta(seconds=7), lock_timeout=timedelta(seconds=2))


async def test_a_connection_carries_its_name_and_limits(database: TestDatabase) -> None:
    pool = await open_pool(
        database.endpoint("app"), database.name, settings=ONE, limits=LIMITS, application_name="named"
    )
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT current_setting('application_name'), current_setting('statement_timeout'), current_setting('lock_timeout')"
        )
        assert await cursor.fetchone() == ("named", "7s", "2s")
    await pool.close()


async def test_a_busy_pool_says_so_in_time(database: TestDatabase) -> None:
    settings = replace(ONE, timeout=timedelta(milliseconds=100))
    pool = await open_pool(
        database.endpoint("app"),
        database.name,
        settings=replace(settings, timeout=timedelta(seconds=5)),
        limits=LIMITS,
        application_name="busy",
    )
    pool._inner.timeout = 0.1
    async with pool.connection():
        with pytest.raises(PoolExhausted) as caught:
            async with pool.connection():
                pass
    assert caught.value.retry_after is not None
    await pool.close()


async def test_a_connection_the_server_ended_is_replaced_unseen(database: TestDatabase) -> None:
    pool = await open_pool(
        database.endpoint("app"), database.name, settings=ONE, limits=LIMITS, application_name="ended"
    )
    async with pool.connection() as connection:
        victim = connection.info.backend_pid
    killer = await connect(database.superuser, database.name, application_name="killer", autocommit=True)
    cursor = await killer.execute("SELECT pg_terminate_backend(%s, 5000)", (victim,))
    assert await cursor.fetchone() == (True,)
    async with pool.connection() as connection:
        assert connection.info.backend_pid != victim
    await killer.close()
    await pool.close()


async def test_an_address_where_nobody_listens_is_named(database: TestDatabase) -> None:
    nowhere = replace(database.superuser, hosts=(("127.0.0.1", 1),))
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1:1") as caught:
        await open_pool(nowhere, database.name, settings=ONE, limits=LIMITS, application_name="nowhere")
    assert "test-" not in caught.value.message


async def test_a_unit_of_work_commits_on_leaving(database: TestDatabase) -> None:
    pool = await open_pool(
        database.endpoint("owner"), database.name, settings=ONE, limits=LIMITS, application_name="work"
    )
    async with unit_of_work.begin(pool) as work:
        await work.connection.execute("CREATE TABLE kept (id bigint)")
    async with unit_of_work.begin(pool) as work:
        await work.connection.execute("SELECT FROM kept")
    await pool.close()


async def test_a_unit_of_work_rolls_back_on_error_and_runs_nothing_after(database: TestDatabase) -> None:
    pool = await open_pool(
        database.endpoint("owner"), database.name, settings=ONE, limits=LIMITS, application_name="work"
    )
    ran: list[str] = []

    async def act() -> None:
        ran.append("act")

    with pytest.raises(ZeroDivisionError):
        async with unit_of_work.begin(pool) as work:
            await work.connection.execute("CREATE TABLE gone (id bigint)")
            work.after_commit(act)
            raise ZeroDivisionError
    async with unit_of_work.begin(pool) as work:
        cursor = await work.connection.execute("SELECT to_regclass('gone')")
        assert await cursor.fetchone() == (None,)
    assert ran == []
    await pool.close()


async def test_acts_after_the_commit_run_in_order_and_one_failure_does_not_stop_the_rest(
    database: TestDatabase,
) -> None:
    pool = await open_pool(
        database.endpoint("app"), database.name, settings=ONE, limits=LIMITS, application_name="work"
    )
    ran: list[int] = []

    async def one() -> None:
        ran.append(1)
        raise Conflict("the first act fails")

    async def two() -> None:
        ran.append(2)

    with pytest.raises(ExceptionGroup):
        async with unit_of_work.begin(pool) as work:
            work.after_commit(one)
            work.after_commit(two)
    assert ran == [1, 2]
    await pool.close()


async def test_a_read_only_unit_of_work_cannot_write(database: TestDatabase) -> None:
    pool = await open_pool(
        database.endpoint("owner"), database.name, settings=ONE, limits=LIMITS, application_name="work"
    )
    with pytest.raises(DatabaseUnavailable, match="refuses writes"):
        async with unit_of_work.begin(pool, read_only=True) as work:
            await work.connection.execute("CREATE TABLE never (id bigint)")
    await pool.close()


async def test_waiting_callers_get_the_connection_in_turn(database: TestDatabase) -> None:
    pool = await open_pool(
        database.endpoint("app"), database.name, settings=ONE, limits=LIMITS, application_name="turns"
    )

    async def once() -> int:
        async with pool.connection() as connection:
            return connection.info.backend_pid

    assert len(set(await asyncio.gather(*(once() for _ in range(20))))) == 1
    await pool.close()


async def test_a_single_statement_is_its_own_transaction_and_leaves_the_connection_as_it_was(
    database: TestDatabase,
) -> None:
    pool = await open_pool(
        database.endpoint("app"), database.name, settings=ONE, limits=LIMITS, application_name="statement"
    )
    async with pool.statement() as connection:
        first = connection.info.backend_pid
        await connection.execute("SELECT 1")
        assert connection.info.transaction_status == TransactionStatus.IDLE
    async with pool.connection() as connection:
        assert connection.info.backend_pid == first
        await connection.execute("SELECT 1")
        assert connection.info.transaction_status == TransactionStatus.INTRANS
    await pool.close()


async def test_a_single_statement_that_fails_costs_the_connection_and_nobody_else(
    database: TestDatabase,
) -> None:
    pool = await open_pool(
        database.endpoint("app"), database.name, settings=ONE, limits=LIMITS, application_name="statement"
    )
    with pytest.raises(SchemaMissing):
        async with pool.statement() as connection:
            first = connection.info.backend_pid
            await connection.execute("SELECT 1 FROM nowhere")
    async with pool.connection() as connection:
        assert connection.info.backend_pid != first
        assert not connection.autocommit
    await pool.close()
