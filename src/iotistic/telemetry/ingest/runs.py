"""What one body becomes on its way to the database: runs of packed rows, and what is owed to the caller for them."""

from asyncio import Future
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, final
from uuid import UUID

from msgspec.json import encode

from iotistic.telemetry.ingest.claims import Claim
from iotistic.telemetry.ingest.told import Told
from iotistic.telemetry.model import Reason, Receipt

__all__ = [
    "Key",
    "Order",
    "Outcome",
    "Part",
    "Run",
    "Series",
    "SetAside",
    "Submission",
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


@final
@dataclass(slots=True)
class Outcome:
    """What one transaction made of rows of a submission."""

    accepted: int = 0
    late: int = 0
    duplicate: int = 0
    quarantined: int = 0


@final
@dataclass(slots=True, kw_only=True)
class Submission:
    """One body on its way: what is stored of it so far, and the caller who waits."""

    device_uuid: UUID
    stream: str
    """metrics or logs."""
    received: datetime
    late_before: Order
    """Rows before this one count as late."""
    runs: list[Run]
    set_aside: list[SetAside]
    repeated: int
    """Repeats within the body."""
    rejected: int
    reasons: list[Reason]
    since: float
    """When it came, by the event loop's clock."""
    done: "Future[None] | Told"
    """Set when every row has its place, or to the error that kept it from getting one."""
    most_reasons: int
    """That its receipt spells out."""
    claim: Claim | None = None
    """For a request with an Idempotency-Key."""
    outcome: Outcome = field(default_factory=Outcome)
    """Of what is durable."""
    rows: int = field(init=False)

    def __post_init__(self) -> None:
        self.rows = sum(len(run.orders) for run in self.runs) + len(self.set_aside)

    def note(self, index: int, code: str, message: str) -> None:
        """Adds a reason."""
        self.reasons.append(Reason(index=index, code=code, message=message))

    def refuse(self, index: int, code: str, message: str) -> None:
        """Counts a row that no table takes."""
        self.rejected += 1
        self.note(index, code, message)

    def add(self, outcome: Outcome) -> None:
        """Counts what was committed."""
        mine = self.outcome
        mine.accepted += outcome.accepted
        mine.late += outcome.late
        mine.duplicate += outcome.duplicate
        mine.quarantined += outcome.quarantined

    def receipt(self, further: Outcome | None = None) -> Receipt:
        """What to tell the caller; with `further`, once that is committed too."""
        so_far = self.outcome
        outcome = so_far if further is None else _sum(so_far, further)
        reasons = self.reasons
        return Receipt(
            accepted=outcome.accepted,
            duplicate=self.repeated + outcome.duplicate,
            late=outcome.late,
            quarantined=outcome.quarantined,
            rejected=self.rejected,
            codes=self._codes(outcome),
            reasons=tuple(sorted(reasons, key=_index)[: self.most_reasons]) if reasons else (),
        )

    def answer(self) -> bytes:
        """The receipt as JSON. Nearly all of them say nothing but how many: these are made once."""
        outcome = self.outcome
        if self.reasons or self.rejected or self.repeated or outcome != Outcome(accepted=outcome.accepted):
            return encode(self.receipt())
        return _all_accepted(outcome.accepted)

    def _codes(self, outcome: Outcome) -> dict[str, int]:
        codes = dict(Counter(reason.code for reason in self.reasons)) if self.reasons else {}
        for code, count in (
            ("already_stored", outcome.duplicate),
            ("twice_in_body", self.repeated),
            ("late", outcome.late),
        ):
            if count:
                codes[code] = count
        return codes


@lru_cache(maxsize=1024)
def _all_accepted(number: int) -> bytes:
    return encode(
        Receipt(accepted=number, duplicate=0, late=0, quarantined=0, rejected=0, codes={}, reasons=())
    )


def _sum(one: Outcome, other: Outcome) -> Outcome:
    return Outcome(
        one.accepted + other.accepted,
        one.late + other.late,
        one.duplicate + other.duplicate,
        one.quarantined + other.quarantined,
    )


def _index(reason: Reason) -> int:
    return reason.index


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Rows of one submission that are written together."""

    submission: Submission
    runs: Sequence[Run] = ()
    set_aside: Sequence[SetAside] = ()
    with_receipt: bool = False
    """Whether the answer is stored with them."""

    def __len__(self) -> int:
        return sum(len(run) for run in self.runs) + len(self.set_aside)
