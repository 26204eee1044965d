"""Reasons for and against sending traffic to a process."""

import asyncio
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from iotistic import migrations
from iotistic.bootstrap.endpoints import Endpoints
from iotistic.config import Settings
from iotistic.database.pool import Pool
from iotistic.errors import IotisticError
from iotistic.partitioning import READY_DAYS, runway

__all__ = ["Finding", "find_readiness", "judge_disk", "look_at_disk"]

_LEAST = 256 << 20
"""Sixteen pieces of the server's log: a server that cannot write the next one stops, and takes its connections with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason for or against sending traffic here."""

    check: str
    """What was looked at: pool, schema, partitions, disk."""
    ready: bool
    detail: str
    """What was seen, and what to do when it is not as it should be."""


async def find_readiness(
    pool: Pool, endpoints: Endpoints, settings: Settings, *, now: datetime
) -> list[Finding]:
    """The pool answers, the schema is at head, partitions reach past tomorrow, the disk has room."""
    findings = [await _pool_ready(pool)]
    if findings[0].ready:
        findings += [await _schema_ready(endpoints, settings), *await _partitions_ready(pool, now)]
    if endpoints.embedded:  # the disk of another machine is not ours to see
        findings.append(await asyncio.to_thread(look_at_disk, settings.data_dir))
    return findings


def look_at_disk(folder: Path) -> Finding:
    """The disk with the data of a server on this machine."""
    return judge_disk(shutil.disk_usage(folder).free)


def judge_disk(free: int) -> Finding:
    """Ready while 256 MB are free: what is acknowledged has to find room. How much is told to those who may ask the doctor."""
    if free < _LEAST:
        return Finding(
            check="disk", ready=False, detail="too little room: see `iotistic doctor --check disk`"
        )
    return Finding(check="disk", ready=True, detail="has room")


async def _pool_ready(pool: Pool) -> Finding:
    try:
        async with pool.connection() as connection:
            await connection.execute("SELECT 1")
    except IotisticError as error:
        return Finding(check="pool", ready=False, detail=error.message)
    return Finding(check="pool", ready=True, detail="answers")


async def _schema_ready(endpoints: Endpoints, settings: Settings) -> Finding:
    status = await migrations.inspect(endpoints.of("owner"), settings.names.platform, migrations.PLATFORM)
    detail = "at head" if status.at_head else "pending or changed migrations: see `iotistic migrate status`"
    return Finding(check="schema", ready=status.at_head, detail=detail)


async def _partitions_ready(pool: Pool, now: datetime) -> list[Finding]:
    async with pool.connection() as connection:
        return [
            Finding(
                check=f"partitions {ahead.parent}",
                ready=ahead.days >= READY_DAYS,
                detail=f"{ahead.days} days made ahead",
            )
            for ahead in await runway(connection, now)
        ]
