"""Tells the evaluation of alert rules which lines a batch stores, in the transaction that stores them."""

from collections.abc import Iterable
from itertools import islice
from typing import Final, LiteralString
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.telemetry.ingest.runs import Run, log_sequence, log_stamp
from iotistic.telemetry.wire.stamps import moment_of

__all__ = ["mark_lines"]

_LINES: Final = 500
"""In one mark: what the evaluation takes at a time is a number of whole marks."""
_ADD: Final[LiteralString] = """
    INSERT INTO log_alert_marks (devices, moments, sequences)
    SELECT %s::uuid [], %s::timestamptz [], %s::bigint []
    WHERE EXISTS (SELECT FROM log_alert_rules AS rule WHERE rule.is_enabled)
"""


async def mark_lines(connection: Connection, runs: Iterable[Run]) -> None:
    """Costs a statement per 500 lines, and writes nothing while no rule is enabled. Raises what the driver raises."""
    keys = ((run.series[0], order) for run in runs for order in run.orders)
    while chunk := list(islice(keys, _LINES)):
        await connection.execute(
            _ADD,
            (
                [UUID(bytes=device) for device, _ in chunk],
                [moment_of(log_stamp(order)) for _, order in chunk],
                [log_sequence(order) for _, order in chunk],
            ),
        )
