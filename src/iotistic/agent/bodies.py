"""How the bodies of requests are put together from records, and when units are told along with them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol, final

from iotistic.agent.collectors import units_of
from iotistic.agent.damping import Every, Monotonic
from iotistic.agent.wire import wrap_lines, wrap_reports

__all__ = ["Bodies", "LineBodies", "ReportBodies"]

_REMIND = timedelta(hours=1)


class Bodies(Protocol):
    """Makes the bodies of one endpoint."""

    def wrap(self, records: Sequence[bytes]) -> bytes:
        """One body."""
        ...

    def answered(self) -> None:
        """The server took the last body made."""
        ...


@final
class LineBodies:
    """Bodies for `POST .../logs`."""

    def wrap(self, records: Sequence[bytes]) -> bytes:
        """One body."""
        return wrap_lines(records)

    def answered(self) -> None:
        """Nothing to note."""


@final
class ReportBodies:
    """Bodies for `POST .../metrics`.

    Units weigh as much as a report, so they go along only while they are news: at first, when the host has other metrics than
    before, and once an hour for a server that forgot them.
    """

    def __init__(self, monotonic: Monotonic) -> None:
        self._reminder = Every(_REMIND, monotonic)
        self._names: tuple[str, ...] = ()
        self._news: tuple[str, ...] = ()
        """Metric names whose units are still to be told."""
        self._included: tuple[str, ...] = ()
        """The news that went with the last body."""

    def note(self, names: Sequence[str]) -> None:
        """Takes the metric names of the newest report."""
        is_reminder_due = self._reminder.is_due()
        if tuple(names) != self._names or is_reminder_due:
            self._names = self._news = tuple(names)

    def wrap(self, records: Sequence[bytes]) -> bytes:
        """One body."""
        self._included = self._news
        return wrap_reports(records, units_of(self._news))

    def answered(self) -> None:
        """What went with the last body is no news any more, unless the metrics have changed since."""
        if self._included == self._news:
            self._news = ()
