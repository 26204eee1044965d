"""Which reports of a batch came for a time that was over, so that its rollups must be made again."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.telemetry.ingest.runs import Run
from iotistic.telemetry.rollups.level import QUARTERS
from iotistic.telemetry.wire.stamps import microseconds, moment_of, stamp_of

__all__ = ["Mark", "add_marks", "late_marks"]

Mark = tuple[bytes, int]
"""A device, and the stamp at which one of its quarters begins."""

_WIDTH: Final = microseconds(QUARTERS.width)
_ADD: Final[LiteralString] = """
    INSERT INTO metric_rollup_marks (device_uuid, bucket)
    SELECT * FROM unnest(%s::uuid [], %s::timestamptz [])
"""


def late_marks(runs: Iterable[Run], now: datetime) -> list[Mark]:
    """One for each device and quarter that was over at `now` and got a report, in order.

    For a run of this quarter, which most are, this is one comparison.
    """
    present = stamp_of(now) // _WIDTH
    found: set[Mark] = set()
    for run in runs:
        if run.orders[0] // _WIDTH < present:
            quarters = {order // _WIDTH for order in run.orders}
            found.update((run.series[0], quarter * _WIDTH) for quarter in quarters if quarter < present)
    return sorted(found)


async def add_marks(connection: Connection, marks: Sequence[Mark]) -> None:
    """In the transaction that stores the reports; one statement for all. Raises what the driver raises, as all of a batch does."""
    if marks:
        await connection.execute(
            _ADD,
            (
                [UUID(bytes=device) for device, _ in marks],
                [moment_of(quarter) for _, quarter in marks],
            ),
        )
