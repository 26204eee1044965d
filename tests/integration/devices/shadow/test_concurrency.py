"""Writers at once, each on a connection of its own: none is lost, and none waits for somebody of the other half."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest_asyncio

from iotistic.config import PoolSettings, SessionLimits
from iotistic.database import unit_of_work
from iotistic.database.pool import Pool, open_pool
from iotistic.devices.shadow import ShadowService, VersionConflict
from tests.integration.devices.shadow.conftest import ANNA, MakeConnection, itself
from tests.support.databases import TestDatabase

WRITERS = 50


@pytest_asyncio.fixture
async def pool(database: TestDatabase) -> AsyncIterator[Pool]:
    """Connections enough that writers really meet."""
    pool = await open_pool(
        database.endpoint("app"),
        database.name,
        settings=PoolSettings(min_size=4, max_size=WRITERS, timeout=timedelta(seconds=60)),
        limits=SessionLimits(),
        application_name="test",
    )
    yield pool
    await pool.close()


async def test_fifty_writers_lose_no_update(pool: Pool, committed_pump: UUID) -> None:
    async def write(number: int) -> int:
        async with unit_of_work.begin(pool) as work:
            shadow = ShadowService(work.connection)
            state = await shadow.patch(committed_pump, "desired", {f"key {number}": number}, actor=ANNA)
            return state.version

    versions = await asyncio.gather(*(write(number) for number in range(WRITERS)))
    assert sorted(versions) == list(range(1, WRITERS + 1))
    async with unit_of_work.begin(pool, read_only=True) as work:
        shadow = ShadowService(work.connection)
        found = await shadow.get_state(committed_pump, "desired")
        assert found.document == {f"key {number}": number for number in range(WRITERS)}
        revisions = await shadow.list_revisions(committed_pump, "desired")
    assert [one.version for one in revisions] == list(range(WRITERS, 0, -1))
    times = [one.recorded_at for one in revisions]
    assert times == sorted(times, reverse=True)


async def test_of_those_who_build_on_the_same_version_one_wins(pool: Pool, committed_pump: UUID) -> None:
    async def write(number: int) -> None:
        async with unit_of_work.begin(pool) as work:
            await ShadowService(work.connection).patch(
                committed_pump, "desired", {"winner": number}, actor=ANNA, expected={0}
            )

    outcomes = await asyncio.gather(*(write(number) for number in range(WRITERS)), return_exceptions=True)
    conflicts = [one for one in outcomes if isinstance(one, VersionConflict)]
    assert [one for one in outcomes if one not in conflicts] == [None]
    assert {one.facts["current_version"] for one in conflicts} == {1}


async def test_the_device_does_not_wait_for_people(connecting: MakeConnection, committed_pump: UUID) -> None:
    person, device = await connecting(), await connecting()
    await ShadowService(person).patch(committed_pump, "desired", {"a": 1}, actor=ANNA)
    async with asyncio.timeout(10):
        await ShadowService(device).patch(committed_pump, "reported", {"a": 1}, actor=itself(committed_pump))
    await device.commit()
    await person.commit()


async def test_a_writer_whose_forerunner_gave_up_writes_the_same_version(
    connecting: MakeConnection, committed_pump: UUID
) -> None:
    first, second = await connecting(), await connecting()
    await ShadowService(first).patch(committed_pump, "desired", {"a": 1}, actor=ANNA)
    waiting = asyncio.create_task(
        ShadowService(second).patch(committed_pump, "desired", {"b": 1}, actor=ANNA)
    )
    await asyncio.sleep(0)
    await first.rollback()
    state = await waiting
    assert (state.version, state.document) == (1, {"b": 1})
    await second.commit()
