"""Decoders made for one metric set: half the time of the general way, for the bodies that devices send day after day.

A struct with a field per metric is decoded without a dictionary and a name per value. What does not fit (a metric more or
less, a text, a null) is simply not decoded here, and goes the general way with its reasons.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from itertools import islice
from operator import lt
from types import GenericAlias
from typing import Annotated, Any, final
from uuid import UUID

import msgspec
from msgspec.structs import astuple

from iotistic.telemetry.errors import BodyTooLarge
from iotistic.telemetry.ingest.runs import Run, Series
from iotistic.telemetry.ingest.window import Judge
from iotistic.telemetry.names.metric_sets import Layout, Units
from iotistic.telemetry.wire.decoding import Time
from iotistic.telemetry.wire.draft import Draft, Rows
from iotistic.telemetry.wire.stamps import from_number, moment_of, stamp_of, stamps_of_times

__all__ = ["Compiled", "Favourites"]

_WORTH_IT = 16
"""Uses of a metric set before a decoder is made for it: that takes as long as decoding a few hundred reports."""
_MOST_DECODERS = 256
_ESCAPED = {'"', "\\"}
"""Characters that msgspec does not take in the name of a field."""


_KINDS: tuple[tuple[Any, Any], ...] = (
    (Annotated[datetime, msgspec.Meta(tz=True)], float),
    (int | float, float),
    (Time, float | bool),
)
"""Types of a timestamp and of a value: a union costs a third of the decoding, and is tried last."""


def _decoder(names: tuple[str, ...], time: Any, value: Any) -> Callable[[bytes], Any]:  # noqa: ANN401 - types
    fields = [f"metric_{number}" for number in range(len(names))]
    metrics = msgspec.defstruct(
        "Metrics",
        [(field, value) for field in fields],
        rename=dict(zip(fields, names, strict=True)),
        forbid_unknown_fields=True,
        gc=False,
    )
    report = msgspec.defstruct("Report", [("timestamp", time), ("metrics", metrics)], gc=False)
    body = msgspec.defstruct(
        "Body",
        [("reports", GenericAlias(list, (report,))), ("units", dict[str, str | None], {})],
        gc=False,
    )
    return msgspec.json.Decoder(body).decode


@final
class Compiled:
    """Reads bodies whose reports all have exactly the metrics of one set."""

    def __init__(self, layout: Layout, units: Units, most: int) -> None:
        self._layout = layout
        self._units = units
        self._given: Mapping[str, str | None] = dict(units)
        self._most = most
        self._explain = partial(layout.explain, units)
        self._decoders = [_decoder(layout.names, *kinds) for kinds in _KINDS]

    def read(self, draft: Draft, body: bytes, series: Series) -> bool:
        """Puts the reports into the draft if all of them fit; answers whether they did. Raises BodyTooLarge.

        `series` is that of the device's reports with these metrics.
        """
        decoded = self._decoded(body)
        if decoded is None or decoded.units != self._given:
            return False
        if len(decoded.reports) > self._most:
            raise BodyTooLarge.of(self._most, "reports")
        reports = decoded.reports
        stamps = stamps_of_times([report.timestamp for report in reports])
        if self._are_in_order(stamps, draft.judge):
            draft.keep(self._run(series, reports, stamps))
        else:
            self._place(draft, reports, series)
        return True

    @staticmethod
    def _are_in_order(stamps: list[int], judge: Judge) -> bool:
        """Whether all of them have a place and each comes after the one before: two looks at the ends and one loop in C."""
        if not stamps or stamps[0] < judge.low or stamps[-1] >= judge.high:
            return False
        return all(map(lt, stamps, islice(stamps, 1, None)))

    def _run(self, series: Series, reports: list[Any], stamps: list[int]) -> Run:
        """What nearly every point of the platform goes through."""
        pack, (device, number) = self._layout.packer.pack, series
        values = map(astuple, [report.metrics for report in reports])
        block, cuts = self._layout.seal(
            [pack(device, stamp, number, *each) for stamp, each in zip(stamps, values, strict=True)]
        )
        return Run(
            series=series,
            orders=stamps,
            indexes=range(len(stamps)),
            block=block,
            cuts=cuts,
            explain=self._explain,
        )

    def _decoded(self, body: bytes) -> Any:  # noqa: ANN401 - a struct made at run time
        """What a device sends is of one kind, body after body: the decoder that fitted last is tried first."""
        for number, decode in enumerate(self._decoders):
            try:
                decoded = decode(body)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if number:
                self._decoders.insert(0, self._decoders.pop(number))
            return decoded
        return None

    def _place(self, draft: Draft, reports: list[Any], series: Series) -> None:
        """Reports of which some are out of order or without a place."""
        layout, judge, (device, number) = self._layout, draft.judge, series
        rows = draft.collect(Rows(series, layout.seal, self._explain))
        parts, orders, indexes, pack = rows.parts, rows.orders, rows.indexes, layout.packer.pack
        high, last = judge.high, judge.low - 1
        for index, report in enumerate(reports):
            time = report.timestamp
            stamp = stamp_of(time) if isinstance(time, datetime) else from_number(time)
            if last < stamp < high:
                parts.append(pack(device, stamp, number, *astuple(report.metrics)))
                orders.append(stamp)
                indexes.append(index)
                last = stamp
                continue
            objection = judge.objection(stamp)
            if objection is None:  # not after the one before
                rows.add(index, stamp, pack(device, stamp, number, *astuple(report.metrics)))
            else:
                draft.set_aside(index, stamp, objection, self._payload(report, stamp))

    def _payload(self, report: Any, stamp: int) -> Mapping[str, object]:  # noqa: ANN401 - a struct made at run time
        metrics = dict(zip(self._layout.names, astuple(report.metrics), strict=True))
        return {
            "timestamp": moment_of(stamp) or report.timestamp,
            "metrics": metrics,
            "units": dict(self._units),
        }


@final
class Favourites:
    """Which decoder to try for a device: the one that its last body would have fitted."""

    def __init__(self, most_devices: int, most_reports: int) -> None:
        self._of: dict[UUID, tuple[Compiled, Series]] = {}
        self._made: dict[tuple[int, Units], Compiled] = {}
        self._most_devices = most_devices
        self._most_reports = most_reports

    def find(self, device: UUID) -> tuple[Compiled, Series] | None:
        """The decoder to try, if there is one, and the series that it reads."""
        return self._of.get(device)

    def forget(self, device: UUID) -> None:
        """It did not fit."""
        self._of.pop(device, None)

    def learn(self, device: UUID, layout: Layout, units: Units, series: Series) -> None:
        """The device sent a body in which every report had exactly these metrics."""
        layout.uses += 1
        if layout.uses < _WORTH_IT or any(_ESCAPED & set(name) for name in layout.names):
            return
        key = layout.metric_set_id, units
        compiled = self._made.get(key)
        if compiled is None:
            if len(self._made) >= _MOST_DECODERS:
                self._made.clear()
                self._of.clear()
            compiled = self._made[key] = Compiled(layout, units, self._most_reports)
        if len(self._of) >= self._most_devices:
            del self._of[next(iter(self._of))]
        self._of[device] = compiled, series
