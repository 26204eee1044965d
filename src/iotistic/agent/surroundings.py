"""What changes seldom about a host (interfaces, facts, busiest processes), told when it has changed."""

from collections.abc import Callable
from datetime import timedelta
from typing import final

import psutil

from iotistic.agent.damping import Every, Monotonic
from iotistic.agent.events import Events
from iotistic.agent.facts import host_facts
from iotistic.agent.interfaces import list_interfaces, signature
from iotistic.agent.model import HostFacts, HostSnapshot, NetworkInterface
from iotistic.agent.processes import ProcessTable, list_pids, reader_for_this_host
from iotistic.agent.wire import encode

__all__ = ["Surroundings"]

_INTERFACES = timedelta(seconds=30)
_PROCESSES = timedelta(minutes=1)
_FACTS = timedelta(hours=1)


@final
class Surroundings:
    """Looks from time to time and offers what is news, by document name."""

    def __init__(self, offer: Callable[[str, bytes], None], events: Events, monotonic: Monotonic) -> None:
        self._offer = offer
        self._events = events
        self._look_at_interfaces = Every(_INTERFACES, monotonic)
        self._remind_of_interfaces = Every(_FACTS, monotonic)
        self._look_at_processes = Every(_PROCESSES, monotonic)
        self._look_at_facts = Every(_FACTS, monotonic)
        self._told: tuple[NetworkInterface, ...] | None = None
        self._facts: HostFacts = {}
        self._processes = ProcessTable(reader_for_this_host(), list_pids, monotonic)
        self._passes = 0
        self._silent: set[str] = set()

    def look(self) -> None:
        """One tick's worth of looking; what cannot be read is said once."""
        for look in (self._interfaces, self._host):
            try:
                look()
            except (psutil.Error, OSError, NotImplementedError, ValueError) as error:
                if str(error) not in self._silent:
                    self._silent.add(str(error))
                    self._events.warning("host_unreadable", error=str(error))

    def _interfaces(self) -> None:
        if not self._look_at_interfaces.is_due():
            return
        found = list_interfaces()
        is_reminder_due = self._remind_of_interfaces.is_due()
        if signature(found) != self._told or is_reminder_due:
            self._told = signature(found)
            self._offer("interfaces", encode({"interfaces": found}))

    def _host(self) -> None:
        if self._look_at_facts.is_due():
            self._facts = host_facts()
        # The first pass only finds where the counters stand: the second follows at once.
        if self._look_at_processes.is_due() or self._passes == 1:
            self._processes.begin()
        top = self._processes.step()
        if top is not None:
            self._passes += 1
            self._offer("host", encode(HostSnapshot(facts=self._facts, top_processes=top)))
