"""A body while it is read: rows by series, what is set aside, what is refused and why."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, final
from uuid import UUID, uuid4

import msgspec

from iotistic.telemetry.ingest.claims import Claim
from iotistic.telemetry.ingest.runs import Order, Run, Series, SetAside
from iotistic.telemetry.ingest.streams import STREAMS
from iotistic.telemetry.ingest.submissions import Submission
from iotistic.telemetry.ingest.window import Judge
from iotistic.telemetry.model import Reason
from iotistic.telemetry.wire.stamps import moment_of

__all__ = ["Draft", "Rows", "cuts_of", "payload_of"]

_REASON_NOTES = 8
"""Reasons one report may give for single fields; a report of five hundred texts need not name them all."""


@final
class Rows:
    """Rows of one series, in the order of the body."""

    __slots__ = ("_ascends", "_explain", "_seal", "indexes", "orders", "parts", "series")

    def __init__(
        self,
        series: Series,
        seal: Callable[[list[bytes]], tuple[bytes, Sequence[int]]],
        explain: Callable[[bytes], dict[str, Any]],
    ) -> None:
        self.series = series
        self.orders: list[Order] = []
        self.indexes: list[int] = []
        self.parts: list[bytes] = []
        self._ascends = True
        self._seal = seal
        self._explain = explain

    def add(self, index: int, order: Order, part: bytes) -> None:
        """One row more. The hot loop appends by itself, where it knows that the row comes after the one before."""
        if self.orders and order <= self.orders[-1]:
            self._ascends = False
        self.orders.append(order)
        self.indexes.append(index)
        self.parts.append(part)

    def run(self) -> tuple[Run, int]:
        """The rows sorted and each once, and how many were repeats."""
        repeats = 0 if self._ascends else self._sort()
        block, cuts = self._seal(self.parts)
        run = Run(
            series=self.series,
            orders=self.orders,
            indexes=self.indexes,
            block=block,
            cuts=cuts,
            explain=self._explain,
        )
        return run, repeats

    def _sort(self) -> int:
        before = len(self.orders)
        first: dict[Order, int] = {}
        for number, order in enumerate(self.orders):
            first.setdefault(order, number)
        numbers = [first[order] for order in sorted(first)]
        self.orders = [self.orders[number] for number in numbers]
        self.indexes = [self.indexes[number] for number in numbers]
        self.parts = [self.parts[number] for number in numbers]
        return before - len(numbers)


@final
class Draft:
    """Collects what becomes of each report or line of one body."""

    __slots__ = (
        "_aside", "_reasons", "_received", "_rejected", "_rows", "_runs", "_stream", "device_uuid", "judge",
        "newest_aside", "shift", "stamped_on_receipt",
    )  # fmt: skip

    def __init__(
        self,
        *,
        device_uuid: UUID,
        stream: str,
        received: datetime,
        judge: Judge,
        stamped_on_receipt: bool = False,
    ) -> None:
        self.device_uuid = device_uuid
        self.judge = judge
        self.stamped_on_receipt = stamped_on_receipt
        """Whether the device's clock is not to be trusted."""
        self.shift = 0
        """What is added to every stamp of the body."""
        self.newest_aside: int | None = None
        """The newest stamp that was set aside."""
        self._stream = stream
        self._received = received
        self._rows: list[Rows] = []
        self._runs: list[Run] = []
        self._aside: list[SetAside] = []
        self._reasons: list[Reason] = []
        self._rejected = 0

    @property
    def device(self) -> bytes:
        """As it is packed."""
        return self.device_uuid.bytes

    def collect(self, rows: Rows) -> Rows:
        """Takes rows of one more series along."""
        self._rows.append(rows)
        return rows

    def keep(self, run: Run) -> None:
        """Takes rows along that are sealed already."""
        self._runs.append(run)

    @property
    def refused(self) -> set[int]:
        """Where the reports or lines stood that have no row: set aside, or rejected."""
        placed = {index for rows in self._rows for index in rows.indexes}
        placed.update(index for run in self._runs for index in run.indexes)
        return {row.index for row in self._aside} | {one.index for one in self._reasons} - placed

    def date(self, stamps: Iterable[int]) -> None:
        """Shifts the body so that its newest report falls on its receipt, if the device's clock is not to be trusted."""
        if self.stamped_on_receipt:
            newest = max(stamps, default=self.judge.now)
            self.shift = self.judge.now - newest

    def reject(self, index: int, code: str, message: str) -> None:
        """A report or line that is lost."""
        self._rejected += 1
        self._reasons.append(Reason(index=index, code=code, message=message))

    def note(self, index: int, reasons: Sequence[tuple[str, str]]) -> None:
        """Fields that are lost while their report is kept: (code, message) each."""
        self._reasons += [
            Reason(index=index, code=code, message=message) for code, message in reasons[:_REASON_NOTES]
        ]

    def set_aside(self, index: int, stamp: int, objection: tuple[str, str], payload: object) -> None:
        """A report or line that goes to the quarantine."""
        code, message = objection
        if self.newest_aside is None or stamp > self.newest_aside:
            self.newest_aside = stamp
        self._reasons.append(Reason(index=index, code=code, message=message))
        self._aside.append(
            SetAside(
                id=uuid4(),
                index=index,
                reason=code,
                device_time=moment_of(stamp),
                payload=payload_of(payload),
            )
        )

    def submission(
        self,
        *,
        late_before: Order,
        since: float,
        told: Callable[[Submission], None],
        most_reasons: int,
        claim: Claim | None = None,
    ) -> Submission:
        """The body, ready to be written; the draft is used up."""
        runs, repeated = self._runs, 0
        for rows in self._rows:
            if rows.orders:
                run, repeats = rows.run()
                runs.append(run)
                repeated += repeats
        return Submission(
            device_uuid=self.device_uuid,
            stream=self._stream,
            received=self._received,
            late_before=late_before,
            runs=runs,
            set_aside=self._aside,
            repeated=repeated,
            rejected=self._rejected,
            reasons=self._reasons,
            since=since,
            told=told,
            most_reasons=most_reasons,
            claim=claim,
            lead=self._lead(runs),
        )

    def _lead(self, runs: Sequence[Run]) -> int | None:
        """How long after its receipt the newest report is dated, wherever it went; None of a body without one that has a date."""
        stamp = STREAMS[self._stream].stamp
        newest = self.newest_aside
        for run in runs:
            last = stamp(run.last)
            if newest is None or last > newest:
                newest = last
        return None if newest is None else newest - self.shift - self.judge.now


def payload_of(value: object) -> bytes:
    """JSON that jsonb takes: it cannot hold U+0000, which becomes U+FFFD."""
    return msgspec.json.encode(value).replace(b"\\u0000", b"\\ufffd")


def cuts_of(parts: Sequence[bytes]) -> list[int]:
    """Where each of these begins once joined, and where the last ends."""
    return [0, *accumulate(len(part) for part in parts)]
