import json
import logging
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from iotistic.agent.events import Events
from iotistic.agent.host_logs import HostLogs, open_host_logs
from iotistic.agent.log_sources import OwnLog, Position, SourceLine
from iotistic.agent.model import HostLine
from iotistic.agent.spool import Batch, Spool
from iotistic.errors import Unavailable

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
FIRST = int(NOW.timestamp()) * 1000


def clock() -> datetime:
    return NOW


def ignore(name: str, **fields: object) -> None:
    pass


class Script:
    """A source of numbered lines that continues behind a position."""

    def __init__(self, name: str = "script", *, after: int = 0, start: Position | None = None) -> None:
        self.name = name
        self.lines: deque[int] = deque(range(after + 1, after + 100))
        self.reads = 0
        self._start = start

    def position(self) -> Position | None:
        return self._start

    async def read(self, most: int) -> Sequence[SourceLine]:
        self.reads += 1
        taken = [self.lines.popleft() for _ in range(min(most, 3, len(self.lines)))]
        return [
            SourceLine(HostLine(timestamp=NOW, level="info", service="s", message=f"m{n}"), {"at": n})
            for n in taken
        ]

    async def close(self) -> None:
        pass


def opened(tmp_path: Path) -> Spool:
    return Spool.open(tmp_path / "logs", limit=1 << 20, tell=ignore)


def spooled(spool: Spool) -> list[tuple[int, str]]:
    batch = spool.next_batch(most_bytes=1 << 20, most_records=1000)
    records = [json.loads(payload) for payload in batch.payloads] if isinstance(batch, Batch) else []
    return [(record["sequence"], record["message"]) for record in records]


async def test_lines_are_numbered_in_order_from_a_number_no_earlier_life_reached(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    logs = HostLogs(Script(), spool, clock)
    assert await logs.collect() == 3
    assert await logs.collect() == 3
    assert spooled(spool) == [(FIRST + number, f"m{number}") for number in range(1, 7)]


async def test_a_crash_after_any_line_continues_with_the_next_line_and_number(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    await HostLogs(Script(), spool, clock).collect()
    spool.close()
    whole = next((tmp_path / "logs").glob("*.segment")).read_bytes()
    for cut in range(20, len(whole) + 1, 7):
        folder = tmp_path / f"cut{cut}"
        (folder / "logs").mkdir(parents=True)
        (folder / "logs" / "000000000001.segment").write_bytes(whole[:cut])
        again = opened(folder)
        kept = [number for _, number in spooled(again)]
        reached = json.loads(again.last_mark)["position"]["at"] if again.last_mark else 0
        assert reached == len(kept)
        await HostLogs(Script(after=reached), again, clock).collect()
        everything: list[tuple[int, str]] = []
        while batch := again.next_batch(most_bytes=1 << 20, most_records=1000):
            everything += [(json.loads(p)["sequence"], json.loads(p)["message"]) for p in batch.payloads]
            again.acknowledge(batch)
        assert everything == [(FIRST + n, f"m{n}") for n in range(1, reached + 4)]


async def test_numbers_go_on_when_everything_was_delivered(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    await HostLogs(Script(), spool, clock).collect()
    spool.close()
    spool = opened(tmp_path)
    batch = spool.next_batch(most_bytes=1 << 20, most_records=100)
    assert batch is not None
    spool.acknowledge(batch)
    spool.close()
    spool = opened(tmp_path)
    await HostLogs(Script(after=3), spool, lambda: NOW.replace(year=2000)).collect()
    assert spooled(spool)[0] == (FIRST + 4, "m4")


async def test_lines_the_disk_did_not_take_are_held_and_kept_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = opened(tmp_path)
    source = Script()
    logs = HostLogs(source, spool, clock)
    with monkeypatch.context() as patch:
        patch.setattr("os.pwrite", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        for _ in range(3):
            with pytest.raises(OSError, match="No space"):
                await logs.collect()
    assert source.reads == 1  # nothing more is read than can be held
    assert await logs.collect() == 3
    assert spooled(spool) == [(FIRST + number, f"m{number}") for number in range(1, 4)]


async def test_where_reading_begins_is_kept_before_the_first_line(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    HostLogs(Script(start={"at": 40}), spool, clock)
    spool.close()
    mark = json.loads(opened(tmp_path).last_mark)
    assert mark == {"sequence": FIRST, "source": "script", "position": {"at": 40}}


async def test_another_source_keeps_the_numbers_and_not_the_position(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    await HostLogs(Script(), spool, clock).collect()
    HostLogs(Script("other", start={"at": 7}), spool, clock)
    assert json.loads(spool.last_mark) == {"sequence": FIRST + 3, "source": "other", "position": {"at": 7}}


class TestChoice:
    @pytest.fixture
    def spool(self, tmp_path: Path) -> Spool:
        return opened(tmp_path)

    @pytest.fixture
    def events(self) -> Events:
        return Events(logging.getLogger("test.agent"), clock)

    def open(self, choice: str, spool: Spool, events: Events) -> HostLogs | None:
        return open_host_logs(choice, spool, clock=clock, random=Random(), events=events)

    def test_none_is_none(self, spool: Spool, events: Events) -> None:
        assert self.open("none", spool, events) is None

    async def test_own_is_what_the_agent_says(self, spool: Spool, events: Events) -> None:
        logs = self.open("own", spool, events)
        assert logs is not None
        events.warning("delivery_failing", reason="connection refused")
        await logs.collect()
        assert spooled(spool) == [(FIRST + 1, 'delivery_failing reason="connection refused"')]

    async def test_a_path_is_a_file_read_on_where_it_was_left(
        self, spool: Spool, events: Events, tmp_path: Path
    ) -> None:
        path = tmp_path / "app.log"
        path.write_text("old\n")
        logs = self.open(str(path), spool, events)
        assert logs is not None
        assert logs.source_name == f"file:{path}"
        await logs.close()
        path.write_text("old\nwhile away\n")
        again = self.open(str(path), spool, events)
        assert again is not None
        await again.collect()
        assert [message for _, message in spooled(spool)] == ["while away"]
        await again.close()

    def test_a_file_that_cannot_be_read_is_said(self, spool: Spool, events: Events, tmp_path: Path) -> None:
        with pytest.raises(Unavailable, match="cannot be read") as caught:
            self.open(str(tmp_path / "missing"), spool, events)
        assert "--logs" in (caught.value.hint or "")


def test_of_too_many_own_events_the_newest_count() -> None:
    own = OwnLog()
    events = Events(logging.getLogger("test.agent"), clock)
    events.subscribe(own.note)
    for number in range(1500):
        events.info("tick", number=number)
    lines = list(own._lines)
    assert len(lines) == 1000
    assert lines[-1].message == "tick number=1499"
