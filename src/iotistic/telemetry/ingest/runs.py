"""What one body becomes on its way to the database: runs of packed rows, each in order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, final
from uuid import UUID

__all__ = [
    "Key",
    "Order",
    "Run",
    "Series",
    "SetAside",
    "log_order",
    "log_sequence",
    "log_stamp",
]

Series = tuple[bytes, int]
"""What a watermark is kept for: device and number of its series; for logs device and 0."""
Order = int
"""Where a row stands in its series: its stamp; for logs stamp and sequence as one number (`log_order`)."""
Key = tuple[Series, Order]
"""What the primary key of a row amounts to."""

_SEQUENCE_BITS = 63
_SEQUENCES = (1 << _SEQUENCE_BITS) - 1


def log_order(stamp: int, sequence: int) -> Order:
    """One number that sorts by stamp, then by sequence (0 to 2^63 - 1)."""
    return (stamp << _SEQUENCE_BITS) + sequence


def log_stamp(order: Order) -> int:
    """The stamp in it."""
    return order >> _SEQUENCE_BITS


def log_sequence(order: Order) -> int:
    """The sequence in it."""
    return order & _SEQUENCES


@final
@dataclass(slots=True, kw_only=True)
class Run:
    """Rows of one series in one block of COPY data, each after the one before it: no two are the same."""

    series: Series
    orders: list[Order]
    """The order of each row."""
    indexes: Sequence[int]
    """Where each row stood in the body."""
    block: bytes
    """The rows, packed."""
    cuts: Sequence[int]
    """Where each row begins in the block, and where the last ends."""
    explain: Callable[[bytes], dict[str, Any]]
    """A packed row as its device could have sent it, for the quarantine."""

    @property
    def last(self) -> Order:
        """The newest row's order."""
        return self.orders[-1]

    @property
    def last_row(self) -> bytes:
        """The newest row, packed."""
        return self.block if len(self.orders) == 1 else self.row(len(self.orders) - 1)

    def row(self, number: int) -> bytes:
        """One packed row."""
        return self.block[self.cuts[number] : self.cuts[number + 1]]

    def slice(self, start: int, end: int) -> "Run":
        """The rows from `start` up to `end`."""
        base = self.cuts[start]
        return Run(
            series=self.series,
            orders=self.orders[start:end],
            indexes=self.indexes[start:end],
            block=self.block[base : self.cuts[end]],
            cuts=[cut - base for cut in self.cuts[start : end + 1]],
            explain=self.explain,
        )

    def __len__(self) -> int:
        return len(self.orders)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A row of the quarantine."""

    id: UUID
    """Given once, so that storing it again adds nothing."""
    index: int
    """Where it stood in the body."""
    reason: str
    device_time: datetime | None
    payload: bytes
    """The report or line as JSON."""
