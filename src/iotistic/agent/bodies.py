"""How the bodies of requests are put together from records."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from iotistic.agent.collectors import units_of
from iotistic.agent.wire import wrap_lines, wrap_reports

__all__ = ["Wrap", "lines_body", "reports_body"]

Wrap = Callable[[Sequence[bytes]], bytes]
"""Makes one body of records."""


class _Names(msgspec.Struct):
    metrics: dict[str, Any]


_DECODER = msgspec.json.Decoder(_Names)


def reports_body(records: Sequence[bytes]) -> bytes:
    """The body of `POST .../metrics`, with the unit of every metric in it.

    The units are told each time, though they weigh as much as a report: a report that is sent again must be the same to the
    server as the first time, whatever else the body holds, or it would be stored twice.
    """
    names = {name: None for record in records for name in _DECODER.decode(record).metrics}
    return wrap_reports(records, units_of(list(names)))


def lines_body(records: Sequence[bytes]) -> bytes:
    """The body of `POST .../logs`."""
    return wrap_lines(records)
