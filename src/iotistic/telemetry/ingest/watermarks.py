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

    def split(self, runs: Iterable[Run]) -> tuple[list[Run], list[Run]]:
        """(surely new, perhaps repeated), with the runs before counted for those after.

        They count from now on, whether they will be stored or not: a batch beside this one may hold the same rows, and one mark
        too high costs no more than a detour.
        """
        new: list[Run] = []
        perhaps: list[Run] = []
        marks = self._newest
        for run in runs:
            newest = marks.get(run.series)
            if newest is None:
                perhaps.append(run)  # and so are the runs behind it: nothing is known of what is stored
            elif run.orders[0] > newest:
                new.append(run)
                marks[run.series] = run.last
            else:
                perhaps.append(run)
                marks[run.series] = max(newest, run.last)
        return new, perhaps

    def committed(self, runs: Iterable[Run]) -> None:
        """Remembers rows that are durable now."""
        newest = self._newest
        for run in runs:
            known = newest.pop(run.series, run.last)
            newest[run.series] = max(known, run.last)
        while len(newest) > self._most:
            del newest[next(iter(newest))]
