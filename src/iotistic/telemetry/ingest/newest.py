"""The newest report of each series, until it is written to device_metric_latest."""

from collections.abc import Iterable, Sequence
from typing import final

from iotistic.telemetry.ingest.runs import Order, Run, Series

__all__ = ["Newest"]


@final
class Newest:
    """Coalesces: a device that reports a hundred times between two writes costs one update."""

    def __init__(self) -> None:
        self._rows: dict[Series, tuple[Order, bytes]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def with_runs(self, runs: Iterable[Run]) -> "Newest":
        """A copy that knows these rows too."""
        copy = Newest()
        copy._rows = dict(self._rows)
        copy.add(runs)
        return copy

    def add(self, runs: Iterable[Run]) -> None:
        """Takes what is newer than what is known."""
        for run in runs:
            known = self._rows.get(run.series)
            if known is None or known[0] < run.last:
                self._rows[run.series] = (run.last, run.last_row)

    def absorb(self, other: "Newest") -> None:
        """Takes over what another one knows."""
        for series, row in other._rows.items():  # noqa: SLF001 - of its own kind
            known = self._rows.get(series)
            if known is None or known[0] < row[0]:
                self._rows[series] = row

    def rows(self) -> Sequence[bytes]:
        """The packed reports, by device and metric set."""
        return [row for _, (_, row) in sorted(self._rows.items())]

    def clear(self) -> None:
        self._rows.clear()
