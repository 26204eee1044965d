"""Reads the reports of a body: the well-formed ones fast, the others field by field with a reason for each fault."""

import struct
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import cast, final

import msgspec

from iotistic.telemetry.errors import BodyInvalid
from iotistic.telemetry.ingest.limits import IngestLimits
from iotistic.telemetry.ingest.session import Session
from iotistic.telemetry.names.metric_sets import Layout, MetricSets, Units
from iotistic.telemetry.names.series import SeriesNumbers
from iotistic.telemetry.wire.compiled import Favourites
from iotistic.telemetry.wire.decoding import (
    Fault,
    Items,
    ItemsReader,
    Time,
    fields_of,
    kind_of,
    stamps_in,
    time_in,
)
from iotistic.telemetry.wire.draft import Draft, Rows
from iotistic.telemetry.wire.stamps import from_number, moment_of, stamp_of, stamp_of_time

__all__ = ["Report", "ReportReader"]

_LONGEST_NAME = 100
_LONGEST_UNIT = 32

Metrics = dict[str, float | bool | None]


class Report(msgspec.Struct, gc=False):
    """One report as a well-behaved device sends it."""

    timestamp: Time
    metrics: Metrics


class _Line(Report, gc=False):
    """One as a line of its own, which says its units itself."""

    units: dict[str, str | None] | None = None


class _Body(msgspec.Struct, gc=False):
    reports: list[Report]
    units: dict[str, str | None] = {}


@final
class ReportReader:
    """Turns bodies of metrics into drafts."""

    def __init__(self, session: Session, limits: IngestLimits) -> None:
        """Metric sets and series that it does not know are looked up on the session."""
        self._sets = MetricSets(session, limits.device_metric_sets)
        self._numbers = SeriesNumbers(session, limits.watermarks)
        self._most_metrics = limits.metrics
        self._favourites = Favourites(limits.watermarks, limits.reports)
        self._items: ItemsReader[Report] = ItemsReader(
            "reports",
            _Line,
            _Body,
            lambda body: Items(strict=body.reports, units=body.units),
            most=limits.reports,
        )

    def read_at_once(self, draft: Draft, body: bytes, *, ndjson: bool) -> bool:
        """The same for a body like the last ones of its device; False, and nothing done, for any other."""
        # Whose clock is not trusted goes the general way: its bodies are read twice.
        found = None if ndjson or draft.stamped_on_receipt else self._favourites.find(draft.device)
        if found is None:
            return False
        compiled, series = found
        if compiled.read(draft, body, series):
            return True
        self._favourites.forget(draft.device)
        return False

    async def read(self, draft: Draft, body: bytes, *, ndjson: bool) -> None:
        """Puts every report of the body into the draft, one way or another.

        Raises BodyInvalid when it is not even a list of something, BodyTooLarge when there are too many, Unavailable when
        a new metric set is needed and the database cannot be asked.
        """
        if self.read_at_once(draft, body, ndjson=ndjson):
            return
        items = self._items.read(body, ndjson=ndjson)
        draft.date(_stamps(items))
        if ndjson:
            await self._read_lines(draft, items)
            return
        units = _units(items.units)
        placing = self._placing(draft, units)
        if items.strict is None:
            await placing.all((index, report) for index, report, _ in _examined(draft, items.loose))
            return
        await placing.all(enumerate(items.strict))
        layout = placing.only
        if layout is not None:
            self._favourites.learn(draft.device, layout, units, placing.series_of(layout))

    async def _read_lines(self, draft: Draft, items: Items[Report]) -> None:
        """Lines that say the same units are placed together."""
        lines = (
            _examined(draft, items.loose)
            if items.strict is None
            else ((index, line, getattr(line, "units", None)) for index, line in enumerate(items.strict))
        )
        groups: dict[Units, list[tuple[int, Report]]] = {}
        for index, report, given in lines:
            try:
                units = _units(given)
            except BodyInvalid as error:
                draft.reject(index, "units_invalid", error.message)
            else:
                groups.setdefault(units, []).append((index, report))
        for units, reports in groups.items():
            await self._placing(draft, units).all(reports)

    def _placing(self, draft: Draft, units: Units) -> "_Placing":
        return _Placing(draft, self._sets, self._numbers, units, self._most_metrics)


@final
class _Placing:
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

    def series_of(self, layout: Layout) -> int:
        """The number of the device's reports of a layout that came in this body."""
        return self._rows[layout.metric_set_id].series[1]

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
                    f"metrics: {name[:40]!r} is no name: 1 to {_LONGEST_NAME} printable characters.",
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


def _stamps(items: Items[Report]) -> Iterable[int]:
    """When the reports were made, as far as they say so."""
    if items.strict is not None:
        return (stamp_of_time(report.timestamp) for report in items.strict)
    return stamps_in(items.loose)


def _examined(draft: Draft, items: list[object]) -> Iterable[tuple[int, Report, object]]:
    """The reports that can be taken, without the fields that cannot, and the units each gives; reasons for the rest go into the draft."""
    for index, item in enumerate(items):
        fields = fields_of(item)
        if isinstance(fields, tuple):
            draft.reject(index, *fields)
            continue
        time = time_in(fields)
        if isinstance(time, tuple):
            draft.reject(index, *time)
            continue
        given = fields.get("metrics")
        if not isinstance(given, dict):
            draft.reject(index, "metrics_missing", f"metrics: expected an object, got {kind_of(given)}.")
            continue
        metrics, faults = _numbers(cast("dict[str, object]", given))
        draft.note(index, faults)
        yield index, Report(timestamp=time, metrics=metrics), fields.get("units")


def _numbers(given: Mapping[str, object]) -> tuple[Metrics, list[Fault]]:
    numbers: Metrics = {}
    faults: list[Fault] = []
    for name, value in given.items():
        if value is None or isinstance(value, bool | float):
            numbers[name] = value
        elif isinstance(value, int) and abs(value) < 1 << 1023:
            numbers[name] = float(value)
        else:
            faults.append(
                (
                    "metric_not_numeric",
                    f"metrics.{name[:_LONGEST_NAME]}: expected a number, got {kind_of(value)}.",
                )
            )
    return numbers, faults


def _units(given: object) -> Units:
    """The body's units, sorted. Raises BodyInvalid when they are no texts by metric."""
    if not given:
        return ()
    if not isinstance(given, dict):
        raise BodyInvalid(f"units: expected an object, got {kind_of(given)}.")
    units: list[tuple[str, str]] = []
    for name, unit in cast("dict[str, object]", given).items():
        if unit is None:
            continue
        if not isinstance(unit, str) or not 1 <= len(unit) <= _LONGEST_UNIT or not unit.isprintable():
            raise BodyInvalid(
                f"units.{name[:_LONGEST_NAME]}: expected 1 to {_LONGEST_UNIT} printable characters."
            )
        units.append((name, unit))
    return tuple(sorted(units))


def _is_name(name: str) -> bool:
    return 1 <= len(name) <= _LONGEST_NAME and name.isprintable()
