"""Writes down which transaction stored which lines, in the transaction itself: what followers go by."""

from collections.abc import Iterable
from typing import Final, LiteralString
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.telemetry.ingest.runs import Run, log_stamp
from iotistic.telemetry.wire.stamps import moment_of

__all__ = ["ARRIVED", "CHANNEL", "EVERY_LINE", "note_arrivals"]

CHANNEL: Final = "log_lines"
EVERY_LINE: Final = UUID(int=1)
"""What a follower subscribes to: a message says that lines came, not whose."""
ARRIVED: Final = "arrived"

_ADD: Final[LiteralString] = """
    INSERT INTO device_log_arrivals (devices, since, until)
    VALUES (%s::uuid [], %s::timestamptz [], %s::timestamptz [])
"""
_ADD_AND_TELL: Final[LiteralString] = """
    WITH added AS (
      INSERT INTO device_log_arrivals (devices, since, until)
      VALUES (%s::uuid [], %s::timestamptz [], %s::timestamptz [])
    )
    SELECT pg_notify('log_lines', '00000000-0000-0000-0000-000000000001 arrived')
"""


async def note_arrivals(connection: Connection, runs: Iterable[Run], *, tell: bool) -> None:
    """One statement however many lines; `tell` wakes the followers at the commit. Raises what the driver raises.

    Lines that are there already keep the transaction they came with, and are not followed twice.
    """
    spans: dict[bytes, tuple[int, int]] = {}
    for run in runs:
        first, last = log_stamp(run.orders[0]), log_stamp(run.last)
        known = spans.get(run.series[0], (first, last))
        spans[run.series[0]] = min(first, known[0]), max(last, known[1])
    if spans:
        await connection.execute(
            _ADD_AND_TELL if tell else _ADD,
            (
                [UUID(bytes=device) for device in spans],
                [moment_of(first) for first, _ in spans.values()],
                [moment_of(last) for _, last in spans.values()],
            ),
        )
