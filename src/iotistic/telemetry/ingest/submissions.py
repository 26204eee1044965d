"""A body on its way, and what is owed to the caller for it."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import final
from uuid import UUID

from msgspec.json import encode

from iotistic.telemetry.ingest.claims import Claim
from iotistic.telemetry.ingest.runs import Order, Run, SetAside
from iotistic.telemetry.model import Reason, Receipt

__all__ = ["Outcome", "Part", "Submission"]

_log = logging.getLogger("iotistic.telemetry.ingest")


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
    """One body on its way: what is stored of it so far, and the caller who waits.

    Nothing that it holds leads back to it: what only a cycle keeps alive is found by a search for garbage, and the memory of
    a thousand bodies is not in any cache. That was a fifth of what a post of one report cost.
    """

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
    told: "Callable[[Submission], None]"
    """Called once: when every row has its place, or something kept it from getting one."""
    most_reasons: int
    """That its receipt spells out."""
    claim: Claim | None = None
    """For a request with an Idempotency-Key."""
    lead: int | None = None
    """How many microseconds its newest report is dated after its receipt: what it says of its device's clock."""
    is_settled: bool = False
    """Whether the caller was told."""
    error: BaseException | None = None
    """What kept rows from their place."""
    outcome: Outcome = field(default_factory=Outcome)
    """Of what is durable."""
    rows: int = field(init=False)

    def __post_init__(self) -> None:
        self.rows = len(self.set_aside)
        for run in self.runs:
            self.rows += len(run.orders)

    @property
    def is_stored(self) -> bool:
        """Whether every row has its place."""
        return self.is_settled and self.error is None

    def settle(self, error: BaseException | None = None) -> None:
        """Tells the caller, unless that was done before."""
        if self.is_settled:
            return
        self.is_settled, self.error = True, error
        try:
            self.told(self)
        except Exception:  # noqa: BLE001 - one caller who cannot be told must not keep the others of the batch from it
            _log.exception("caller not told")

    def note(self, index: int, code: str, message: str) -> None:
        """Adds a reason."""
        self.reasons.append(Reason(index=index, code=code, message=message))

    def refuse(self, index: int, code: str, message: str) -> None:
        """Counts a row that no table takes."""
        self.rejected += 1
        self.note(index, code, message)

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
        if (
            self.reasons
            or self.rejected
            or self.repeated
            or outcome.late
            or outcome.duplicate
            or outcome.quarantined
        ):
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
@dataclass(slots=True, kw_only=True)
class Part:
    """Rows of one submission that are written together. Not frozen: there is one a body, and that would be most of its making."""

    submission: Submission
    runs: Sequence[Run] = ()
    set_aside: Sequence[SetAside] = ()
    with_receipt: bool = False
    """Whether the answer is stored with them."""

    def __len__(self) -> int:
        return sum(len(run) for run in self.runs) + len(self.set_aside)
