"""Reads the reports of a body: the well-formed ones fast, the others field by field with a reason for each fault."""

from collections.abc import Iterable
from typing import final

import msgspec

from iotistic.telemetry.errors import BodyInvalid
from iotistic.telemetry.ingest.limits import IngestLimits
from iotistic.telemetry.ingest.session import Session
from iotistic.telemetry.names.metric_sets import MetricSets, Units
from iotistic.telemetry.names.series import SeriesNumbers
from iotistic.telemetry.wire.compiled import Favourites
from iotistic.telemetry.wire.decoding import Items, ItemsReader, stamps_in
from iotistic.telemetry.wire.draft import Draft
from iotistic.telemetry.wire.placing import Placing
from iotistic.telemetry.wire.report import Report, examined, units_in
from iotistic.telemetry.wire.stamps import stamp_of_time

__all__ = ["ReportReader"]


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
        found = None if ndjson or draft.stamped_on_receipt else self._favourites.find(draft.device_uuid)
        if found is None:
            return False
        compiled, series = found
        if compiled.read(draft, body, series):
            return True
        self._favourites.forget(draft.device_uuid)
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
        units = units_in(items.units)
        placing = self._placing(draft, units)
        if items.strict is None:
            await placing.all((index, report) for index, report, _ in examined(draft, items.loose))
            return
        await placing.all(enumerate(items.strict))
        layout = placing.only
        if layout is not None:
            self._favourites.learn(draft.device_uuid, layout, units, placing.series_of(layout))

    async def _read_lines(self, draft: Draft, items: Items[Report]) -> None:
        """Lines that say the same units are placed together."""
        lines = (
            examined(draft, items.loose)
            if items.strict is None
            else ((index, line, getattr(line, "units", None)) for index, line in enumerate(items.strict))
        )
        groups: dict[Units, list[tuple[int, Report]]] = {}
        for index, report, given in lines:
            try:
                units = units_in(given)
            except BodyInvalid as error:
                draft.reject(index, "units_invalid", error.message)
            else:
                groups.setdefault(units, []).append((index, report))
        for units, reports in groups.items():
            await self._placing(draft, units).all(reports)

    def _placing(self, draft: Draft, units: Units) -> Placing:
        return Placing(draft, self._sets, self._numbers, units, self._most_metrics)


def _stamps(items: Items[Report]) -> Iterable[int]:
    """When the reports were made, as far as they say so."""
    if items.strict is not None:
        return (stamp_of_time(report.timestamp) for report in items.strict)
    return stamps_in(items.loose)
