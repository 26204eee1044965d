"""Devices and jobs of a test's own database, and a pool on which devices really meet."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
import pytest_asyncio

from iotistic.config import PoolSettings, SessionLimits
from iotistic.database import unit_of_work
from iotistic.database.pool import Connection, Pool, open_pool
from iotistic.devices import DeviceService
from iotistic.jobs import (
    AttemptReport,
    Job,
    JobDesk,
    JobDraft,
    JobService,
    JobTarget,
    Outcome,
    RolloutPolicy,
    parse_document,
)
from iotistic.workflows import start_job
from tests.support.databases import TestDatabase

NOW = datetime.now(UTC)
ECHO = {"steps": [{"action": "echo", "arguments": {"text": "hello"}}], "timeout_seconds": 60}

_numbers = count(1)

MakeDevices = Callable[[int], Awaitable[list[UUID]]]


async def make_devices(connection: Connection, number: int) -> list[UUID]:
    """So many devices in service."""
    devices = DeviceService(connection)
    return [
        (await devices.create_device(name=f"pump-{next(_numbers)}", kind="sensor")).uuid
        for _ in range(number)
    ]


async def make_job(
    connection: Connection,
    devices: Sequence[UUID],
    rollout: RolloutPolicy | None = None,
    document: object = ECHO,
) -> Job:
    """A job of these devices, begun."""
    return await start_job(
        DeviceService(connection),
        JobService(connection),
        JobDraft(
            name="greet",
            document=parse_document(document),
            target=JobTarget(devices=tuple(devices)),
            rollout=rollout or RolloutPolicy(),
            created_by="anna",
        ),
        now=NOW,
    )


def done(attempt: int, outcome: Outcome = "succeeded", **said: object) -> AttemptReport:
    """What a device says at the end."""
    return AttemptReport(attempt=attempt, outcome=outcome, **said)  # type: ignore[arg-type]


async def work_off(connection: Connection, device: UUID, outcome: Outcome = "succeeded") -> int:
    """Claims and reports; answers the job."""
    desk = JobDesk(connection)
    claim = await desk.claim(device)
    assert claim is not None
    await desk.report(claim.job_id, device, done(claim.attempt, outcome))
    return claim.job_id


async def let_time_pass(connection: Connection, job: int, by: timedelta) -> None:
    """As if the job's devices had stood so for longer."""
    await connection.execute(
        "UPDATE job_executions SET due_at = due_at - %s, deadline_at = deadline_at - %s, queued_at = queued_at - %s"
        " WHERE job_id = %s",
        (by, by, by, job),
    )


@pytest.fixture
def desk(connection: Connection) -> JobDesk:
    """Where devices come, in the transaction of the test."""
    return JobDesk(connection)


@pytest.fixture
def jobs(connection: Connection) -> JobService:
    """What people do, in the transaction of the test."""
    return JobService(connection)


@pytest_asyncio.fixture
async def pump(connection: Connection) -> UUID:
    """A device."""
    return (await make_devices(connection, 1))[0]


@pytest_asyncio.fixture
async def pool(database: TestDatabase) -> AsyncIterator[Pool]:
    """Fifty connections to the test's own database."""
    pool = await open_pool(
        database.endpoint("app"),
        database.name,
        settings=PoolSettings(min_size=4, max_size=50, timeout=timedelta(seconds=60)),
        limits=SessionLimits(),
        application_name="test",
    )
    yield pool
    await pool.close()


@pytest_asyncio.fixture
async def fleet_of_fifty(pool: Pool) -> list[UUID]:
    """Devices that every connection sees."""
    async with unit_of_work.begin(pool) as work:
        return await make_devices(work.connection, 50)
