"""Checkpoints, which PostgreSQL 17 counts in another view than the versions before: the one statement with two forms."""

from dataclasses import dataclass
from datetime import timedelta
from typing import LiteralString

from iotistic.database.errors import translated
from iotistic.database.pool import Connection
from iotistic.operations.doctor.model import Circumstances, Verdict, ok, skipped, warn

__all__ = ["Checkpoints", "count_checkpoints", "judge_checkpoints"]

_SINCE_17 = 17
_BEFORE: LiteralString = "SELECT checkpoints_timed, checkpoints_req FROM pg_catalog.pg_stat_bgwriter"
_SINCE: LiteralString = "SELECT num_timed, num_requested FROM pg_catalog.pg_stat_checkpointer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoints:
    """How many there were since the statistics began."""

    timed: int
    requested: int
    """Forced by the amount of write-ahead log, or by a command."""


async def count_checkpoints(connection: Connection) -> Checkpoints:
    """Since the statistics began."""
    major = connection.info.server_version // 10_000
    with translated():
        cursor = await connection.execute(_SINCE if major >= _SINCE_17 else _BEFORE)
        timed, requested = await cursor.fetchone() or (0, 0)
    return Checkpoints(timed=timed, requested=requested)


def judge_checkpoints(counted: Checkpoints, seen: Circumstances) -> Verdict:
    """More than half of at least ten forced, over an hour or more, is a warning: each writes whole pages anew."""
    if seen.stats_age is None or seen.stats_age < timedelta(hours=1):
        return skipped("the server counts since less than an hour")
    total = counted.timed + counted.requested
    observed = f"{counted.requested} of {total} checkpoints were forced"
    few, half = 10, 2
    if total < few or counted.requested * half <= total:
        return ok(observed)
    return warn(observed, fix="ALTER SYSTEM SET max_wal_size = '4GB'; SELECT pg_reload_conf();")
