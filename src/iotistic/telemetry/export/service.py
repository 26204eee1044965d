"""Reports page by page, each page a short statement: a slow reader holds no transaction and no connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements

__all__ = ["ExportPage", "MetricExport", "Position", "Report"]

_QUERIES: Final = Queries("iotistic.telemetry.export")

_PAGE: Final = 2_000
"""Reports: with 12 metrics 24,000 lines, 2 MB of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The report that a page ended with."""

    timestamp: datetime
    series_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as it is stored."""

    timestamp: datetime
    series_id: int
    metric_set_id: int
    values: list[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPage:
    """Some reports of one device, oldest first."""

    reports: Sequence[Report]
    columns: dict[int, list[tuple[str, str | None]]]
    """Metric and unit of each value, by metric set."""
    end: Position | None
    """Where the next page goes on; None when this is the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    id: int
    names: list[str]
    units: list[str | None]


@final
class MetricExport:
    """On the connection of one short transaction."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, binary=True)

    async def page(self, device: UUID, start: datetime, end: datetime, after: Position | None) -> ExportPage:
        """The reports of a device from `start` up to `end`, those behind `after`."""
        reports = await self._sql.many(
            "list_report_page",
            Report,
            device_uuid=device,
            since=start if after is None else after.timestamp,
            after=0 if after is None else after.series_id,
            until=end,
            limit=_PAGE,
        )
        sets = sorted({report.metric_set_id for report in reports})
        known = await self._sql.many("list_exported_sets", _Set, ids=sets) if sets else []
        last = reports[-1] if len(reports) == _PAGE else None
        return ExportPage(
            reports=reports,
            columns={one.id: list(zip(one.names, one.units, strict=True)) for one in known},
            end=None if last is None else Position(timestamp=last.timestamp, series_id=last.series_id),
        )
