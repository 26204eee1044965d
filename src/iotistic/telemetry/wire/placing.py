"""Reports of one body on their way to the rows of their metric set, which may be new to this process."""

import struct
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import final

from iotistic.telemetry.ingest.runs import Series
from iotistic.telemetry.names.metric_sets import Layout, MetricSets, Units
from iotistic.telemetry.names.series import SeriesNumbers
from iotistic.telemetry.wire.draft import Draft, Rows
from iotistic.telemetry.wire.report import LONGEST_NAME, Metrics, Report
from iotistic.telemetry.wire.stamps import from_number, moment_of, stamp_of

__all__ = ["Placing"]


@final
class Placing:
    """Reports of one body on their way to the rows of their metric set."""

    def __init__(
        self, draft: Draft, sets: MetricSets, numbers: SeriesNumbers, units: Units, most_metrics: int
    ) -> None:
        self._draft = draft
        self._sets = sets
        self._numbers = numbers
        self._units = units
        self._most_metrics = most_metrics
        self._layouts = sets.known(units)
        self._rows: dict[int, Rows] = {}
        self._layout_of_all: Layout | None = None
        self._is_mixed = False

    @property
    def only(self) -> Layout | None:
        """The layout of all reports, if it was the same for all and nothing had to be left out."""
        return None if self._is_mixed else self._layout_of_all

    def series_of(self, layout: Layout) -> Series:
        """That of the device's reports of a layout that came in this body."""
        return self._rows[layout.metric_set_id].series

    async def all(self, reports: Iterable[tuple[int, Report]]) -> None:
        """A tight loop; whatever is not as in the report before leaves it."""
        judge, device = self._draft.judge, self._draft.device
        low, high, shift = judge.low, judge.high, self._draft.shift
        names: tuple[str, ...] = ()
        layout: Layout | None = None
        rows: Rows | None = None
        last = low
        for index, report in reports:
            time, metrics = report.timestamp, report.metrics
            stamp = (stamp_of(time) if isinstance(time, datetime) else from_number(time)) + shift
            if (
                rows is not None
                and layout is not None
                and last < stamp < high
                and stamp >= low
                and tuple(metrics) == names
            ):
                values = metrics.values() if layout.pick is None else layout.pick(metrics)
                try:
                    rows.parts.append(layout.packer.pack(device, stamp, rows.series[1], *values))
                except struct.error:
                    pass  # a metric that is null
                else:
                    last = stamp
                    rows.orders.append(stamp)
                    rows.indexes.append(index)
                    continue
            layout, rows = await self._one(index, report, stamp)
            last = rows.orders[-1] if rows is not None else stamp
            names = tuple(metrics)
            if layout is not None and len(names) != len(layout.names):
                layout = None  # examining took metrics away: these names are no layout
            self._is_mixed |= layout is None or self._layout_of_all not in {None, layout}
            self._layout_of_all = layout

    async def _one(self, index: int, report: Report, stamp: int) -> tuple[Layout | None, Rows | None]:
        """Any report; answers where its like go."""
        objection = self._draft.judge.objection(stamp)
        if objection is not None:
            self._draft.set_aside(index, stamp, objection, self._payload(report, stamp))
            return None, None
        metrics: Metrics = report.metrics
        if None in metrics.values():
            metrics = {name: value for name, value in metrics.items() if value is not None}
        layout = self._layouts.get(tuple(metrics))
        if layout is None:
            metrics = dict(metrics)
            layout = await self._new(index, metrics)
        if layout is None:
            return None, None
        rows = self._rows.get(layout.metric_set_id)
        if rows is None:
            rows = self._rows[layout.metric_set_id] = await self._series(layout)
        values = metrics.values() if layout.pick is None else layout.pick(metrics)
        rows.add(index, stamp, layout.packer.pack(self._draft.device, stamp, rows.series[1], *values))
        return layout, rows

    async def _new(self, index: int, metrics: Metrics) -> Layout | None:
        """The layout of names not met before, once they are found acceptable; `metrics` loses those that are not."""
        odd = [name for name in metrics if not _is_name(name)]
        for name in odd:
            del metrics[name]
        self._draft.note(
            index,
            [
                (
                    "metric_name_invalid",
                    f"metrics: {name[:40]!r} is no name: 1 to {LONGEST_NAME} printable characters.",
                )
                for name in odd
            ],
        )
        if not metrics:
            self._draft.reject(index, "report_empty", "The report holds no number.")
            return None
        if len(metrics) > self._most_metrics:
            self._draft.reject(
                index,
                "too_many_metrics",
                f"The report holds {len(metrics)} metrics; {self._most_metrics} are the most.",
            )
            return None
        names = tuple(metrics)
        layout = self._layouts.get(names) or await self._sets.resolve(
            self._draft.device_uuid, names, self._units
        )
        if layout is None:
            self._draft.reject(
                index,
                "too_many_metric_sets",
                "The device has brought as many different lists of metric names as one may.",
            )
        return layout

    async def _series(self, layout: Layout) -> Rows:
        number = await self._numbers.number(self._draft.device_uuid, layout.metric_names_id)
        series = (self._draft.device, number)
        return self._draft.collect(Rows(series, layout.seal, partial(layout.explain, self._units)))

    def _payload(self, report: Report, stamp: int) -> Mapping[str, object]:
        return {
            "timestamp": moment_of(stamp) or report.timestamp,
            "metrics": report.metrics,
            "units": dict(self._units),
        }


def _is_name(name: str) -> bool:
    return 1 <= len(name) <= LONGEST_NAME and name.isprintable()
