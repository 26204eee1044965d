import json
import logging
from datetime import UTC, datetime
from itertools import pairwise

import psutil
import pytest

from iotistic.agent.events import Events
from iotistic.agent.surroundings import Surroundings


class Host:
    """Looks every five seconds, as an agent does, and notes what is told when."""

    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[tuple[float, str]] = []
        self.documents: dict[str, dict[str, object]] = {}
        events = Events(logging.getLogger("test.agent"), lambda: datetime.now(UTC))
        self.surroundings = Surroundings(self.offer, events, lambda: self.now)

    def offer(self, name: str, body: bytes) -> None:
        self.told.append((self.now, name))
        self.documents[name] = json.loads(body)

    def look_until(self, moment: float) -> None:
        while self.now < moment:
            self.surroundings.look()
            self.now += 5

    def moments(self, name: str) -> list[float]:
        return [moment for moment, told in self.told if told == name]


def test_interfaces_are_told_at_first_and_once_an_hour() -> None:
    host = Host()
    host.look_until(3700)
    assert host.moments("interfaces") == [0, 3600]


def test_interfaces_are_told_when_they_change(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host()
    host.look_until(100)
    stats = psutil.net_if_stats()
    changed = {name: stat._replace(mtu=stat.mtu + 1) for name, stat in stats.items()}
    monkeypatch.setattr(psutil, "net_if_stats", lambda: changed)
    host.look_until(200)
    assert host.moments("interfaces") == [0, 120]


def test_the_busiest_processes_are_told_twice_at_first_then_every_minute() -> None:
    host = Host()
    host.look_until(200)
    moments = host.moments("host")
    assert moments[1] <= 30  # a pass takes a look for each 200 processes of this host
    assert all(55 <= later - earlier <= 85 for earlier, later in pairwise(moments[1:]))
    assert len(moments) >= 4


def test_what_cannot_be_read_is_said_once_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(psutil, "net_if_addrs", fail)
    host = Host()
    host.look_until(100)
    assert host.moments("interfaces") == []
    assert host.moments("host")
    assert [record.getMessage() for record in caplog.records] == ["host_unreadable"]
