"""The newest row of each series, remembered: what comes after it is surely new, anything else may be a repeat.

The primary key decides what is stored; this only says which rows need to ask it. Forgetting costs a detour through staging,
a wrong answer costs a failed COPY and the same detour.
"""

from collections.abc import Iterable
from typing import final

from iotistic.telemetry.ingest.runs import Order, Run, Series

__all__ = ["Watermarks"]


@final
class Watermarks:
    """Bounded: the series that were quiet longest are forgotten first."""

    def __init__(self, most: int) -> None:
        self._newest: dict[Series, Order] = {}
        self._most = most

    def knows(self, series: Series) -> bool:
        """Whether rows of the series were committed by this process."""
        return series in self._newest

    def is_new(self, run: Run) -> bool:
        """Whether its rows are surely new. They count for the runs behind it from now on, whether they will be stored or not.

        A batch beside this one may hold the same rows, and one mark too high costs no more than a detour.
        """
        newest = self._newest.get(run.series)
        if newest is None:
            return False  # and so it is for the runs behind it: nothing is known of what is stored
        last = run.orders[-1]
        if run.orders[0] > newest:
            self._newest[run.series] = last
            return True
        if last > newest:
            self._newest[run.series] = last
        return False

    def committed(self, runs: Iterable[Run]) -> None:
        """Remembers rows that are durable now."""
        newest = self._newest
        for run in runs:
            series, last = run.series, run.orders[-1]
            known = newest.pop(series, last)
            newest[series] = max(last, known)
        while len(newest) > self._most:
            del newest[next(iter(newest))]
