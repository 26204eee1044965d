import asyncio
from datetime import timedelta

import pytest

from iotistic.database import locks
from iotistic.database.errors import LockNotAvailable
from iotistic.database.pool import Connection, connect
from tests.support.databases import TestDatabase


async def session(database: TestDatabase) -> Connection:
    return await connect(database.endpoint("owner"), database.name, application_name="test", autocommit=True)


async def test_one_session_holds_a_lock_at_a_time(shared_database: TestDatabase) -> None:
    first, second = await session(shared_database), await session(shared_database)
    async with locks.hold(first, locks.LockKey.HOUSEKEEPER):
        assert not await locks.try_lock(second, locks.LockKey.HOUSEKEEPER)
        with pytest.raises(LockNotAvailable, match=r"iotistic\.housekeeper"):
            async with locks.hold(second, locks.LockKey.HOUSEKEEPER, wait=timedelta(milliseconds=50)):
                pass
    async with locks.hold(second, locks.LockKey.HOUSEKEEPER):
        pass
    await first.close()
    await second.close()


async def test_a_lock_dies_with_its_session(shared_database: TestDatabase) -> None:
    first, second = await session(shared_database), await session(shared_database)
    assert await locks.try_lock(first, locks.LockKey.HOUSEKEEPER)
    await first.close()
    async with locks.hold(second, locks.LockKey.HOUSEKEEPER, wait=timedelta(seconds=5)):
        pass
    await second.close()


async def test_a_waiter_gets_the_lock_once_it_is_free(shared_database: TestDatabase) -> None:
    first, second = await session(shared_database), await session(shared_database)
    order: list[str] = []

    async def wait() -> None:
        async with locks.hold(second, locks.LockKey.OPERATIONS, wait=timedelta(seconds=10)):
            order.append("second")

    async with locks.hold(first, locks.LockKey.OPERATIONS):
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        order.append("first")
    await waiting
    assert order == ["first", "second"]
    await first.close()
    await second.close()


async def test_unlocking_what_is_not_held_is_told(shared_database: TestDatabase) -> None:
    first = await session(shared_database)
    assert not await locks.unlock(first, locks.LockKey.PARTITIONS)
    await first.close()
