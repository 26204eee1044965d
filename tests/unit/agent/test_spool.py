import errno
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from iotistic.agent.spool import Batch, Entry, Spool

LIMIT = 256 * 1024
LARGE = 8000


class Told:
    """Remembers the events it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []

    def __call__(self, name: str, **fields: object) -> None:
        self.events.append((name, fields))

    def names(self) -> list[str]:
        return [name for name, _ in self.events]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def spool(tmp_path: Path, told: Told) -> Iterator[Spool]:
    opened = Spool.open(tmp_path / "lane", limit=LIMIT, tell=told)
    yield opened
    opened.close()


def reopened(spool: Spool, tmp_path: Path, told: Told) -> Spool:
    spool.close()
    return Spool.open(tmp_path / "lane", limit=LIMIT, tell=told)


def entry(number: int, size: int = 0) -> Entry:
    return Entry(b"%d:" % number + b"x" * size, b"mark %d" % number)


def take(spool: Spool, *, fresh: bool = False, records: int = 1000) -> Batch | None:
    return spool.next_batch(most_bytes=1 << 20, most_records=records, fresh=fresh)


def numbers(batch: Batch | None) -> list[int]:
    return [int(payload.partition(b":")[0]) for payload in batch.payloads] if batch else []


def drained(spool: Spool) -> list[int]:
    found: list[int] = []
    while batch := take(spool):
        found += numbers(batch)
        spool.acknowledge(batch)
    return found


def test_records_come_back_in_order_and_leave_by_acknowledgement(spool: Spool) -> None:
    spool.append([entry(1), entry(2)])
    spool.append([entry(3)])
    assert numbers(take(spool)) == [1, 2, 3]
    assert numbers(take(spool)) == [1, 2, 3]
    batch = take(spool)
    assert batch is not None
    spool.acknowledge(batch)
    assert take(spool) is None
    assert spool.pending == spool.pending_bytes == 0


def test_a_restart_gives_what_was_not_acknowledged_byte_for_byte(
    spool: Spool, tmp_path: Path, told: Told
) -> None:
    spool.append([entry(1, 50), entry(2, 60), entry(3, 70)])
    first = take(spool, records=1)
    assert first is not None
    spool.acknowledge(first)
    again = reopened(spool, tmp_path, told)
    batch = take(again)
    assert batch is not None
    assert batch.payloads == [entry(2, 60).payload, entry(3, 70).payload]


def test_a_crash_without_close_loses_nothing(spool: Spool, tmp_path: Path, told: Told) -> None:
    spool.append([entry(number) for number in range(10)])
    # Nothing is flushed or closed here: what a second process finds is what kill -9 leaves.
    again = Spool.open(tmp_path / "lane", limit=LIMIT, tell=told)
    assert drained(again) == list(range(10))


def test_a_torn_tail_is_cut_and_said(spool: Spool, tmp_path: Path, told: Told) -> None:
    spool.append([entry(1), entry(2)])
    spool.close()
    file = next((tmp_path / "lane").glob("*.segment"))
    file.write_bytes(file.read_bytes()[:-1])
    assert drained(Spool.open(tmp_path / "lane", limit=LIMIT, tell=told)) == [1]
    assert told.names() == ["spool_tail_cut"]


def test_the_oldest_records_make_room_and_are_counted(spool: Spool, tmp_path: Path, told: Told) -> None:
    count = 2 * LIMIT // LARGE
    for number in range(count):
        spool.append([entry(number, LARGE)])
        assert sum(file.stat().st_size for file in (tmp_path / "lane").glob("*.segment")) <= LIMIT
    left = drained(spool)
    assert left == list(range(count - len(left), count))
    assert spool.dropped == count - len(left)
    assert len(left) * LARGE > LIMIT * 0.8
    assert set(told.names()) == {"spool_dropped"}


def test_a_burst_larger_than_the_spool_keeps_its_end(spool: Spool, tmp_path: Path) -> None:
    count = 2 * LIMIT // LARGE
    spool.append([entry(number, LARGE) for number in range(count)])
    assert sum(file.stat().st_size for file in (tmp_path / "lane").glob("*.segment")) <= LIMIT
    left = drained(spool)
    assert left[-1] == count - 1
    assert spool.dropped + len(left) == count


def test_the_count_of_dropped_records_survives_a_restart(spool: Spool, tmp_path: Path, told: Told) -> None:
    spool.count_dropped(7)
    assert reopened(spool, tmp_path, told).dropped == 7


def test_room_is_made_from_delivered_segments_first(spool: Spool, told: Told) -> None:
    for number in range(3 * LIMIT // LARGE):
        spool.append([entry(number, LARGE)])
        batch = take(spool)
        assert batch is not None
        spool.acknowledge(batch)
    assert spool.dropped == 0
    assert told.names() == []


def test_acknowledging_what_was_dropped_meanwhile_does_nothing(spool: Spool) -> None:
    spool.append([entry(0, LARGE)])
    batch = take(spool)
    assert batch is not None
    spool.append([entry(number, LARGE) for number in range(1, 2 * LIMIT // LARGE)])
    pending = spool.pending
    spool.acknowledge(batch)
    assert spool.pending == pending


def test_the_present_goes_ahead_of_a_backlog(spool: Spool) -> None:
    spool.append([entry(number) for number in range(10)])
    assert take(spool, fresh=True) is None  # without a backlog the oldest are the newest
    oldest = take(spool, records=4)
    spool.append([entry(10)])
    fresh = take(spool, fresh=True)
    assert numbers(oldest) == [0, 1, 2, 3]
    assert numbers(fresh) == [10]
    assert oldest
    assert fresh
    spool.acknowledge(oldest)
    spool.acknowledge(fresh)
    assert drained(spool) == [4, 5, 6, 7, 8, 9]


def test_what_an_earlier_process_left_is_backlog(spool: Spool, tmp_path: Path, told: Told) -> None:
    spool.append([entry(1)])
    again = reopened(spool, tmp_path, told)
    again.append([entry(2)])
    assert numbers(take(again, fresh=True)) == [2]
    assert numbers(take(again)) == [1]


def test_the_newest_mark_is_remembered(spool: Spool, tmp_path: Path, told: Told) -> None:
    spool.append([entry(1), entry(2)])
    assert spool.last_mark == b"mark 2"
    assert reopened(spool, tmp_path, told).last_mark == b"mark 2"


def test_the_newest_mark_outlives_its_record(spool: Spool, tmp_path: Path, told: Told) -> None:
    spool.append([entry(1)])
    again = reopened(spool, tmp_path, told)
    assert drained(again) == [1]
    assert not list((tmp_path / "lane").glob("*.segment"))
    assert reopened(again, tmp_path, told).last_mark == b"mark 1"


def test_an_old_backlog_does_not_bring_back_an_old_mark(spool: Spool, tmp_path: Path, told: Told) -> None:
    spool.append([entry(1), entry(2)])
    take(spool, records=1)  # closes the segment: its two records are the backlog
    for number in range(3, 6):  # enough for the fresh segment to be given up once it is delivered
        spool.append([entry(number, LARGE)])
        fresh = take(spool, fresh=True)
        assert fresh is not None
        spool.acknowledge(fresh)
    again = reopened(spool, tmp_path, told)
    assert again.last_mark == b"mark 5"
    assert drained(again) == [1, 2]


def test_a_mark_can_be_noted_without_a_record_and_is_replaced_by_the_next_record(
    spool: Spool, tmp_path: Path, told: Told
) -> None:
    spool.note(b"before any line")
    spool = reopened(spool, tmp_path, told)
    assert spool.last_mark == b"before any line"
    spool.append([entry(1)])
    spool = reopened(spool, tmp_path, told)
    assert spool.last_mark == b"mark 1"
    spool.append([entry(2)])
    spool.note(b"another source")
    spool = reopened(spool, tmp_path, told)
    assert spool.last_mark == b"another source"
    spool.append([entry(3)])
    spool.note(b"a third source")
    spool.append([entry(4)])
    assert reopened(spool, tmp_path, told).last_mark == b"mark 4"


def test_damage_behind_our_back_is_counted_and_does_not_block(
    spool: Spool, tmp_path: Path, told: Told
) -> None:
    spool.append([entry(1), entry(2)])
    take(spool, records=1)
    spool.append([entry(3)])
    damaged = min((tmp_path / "lane").glob("*.segment"))
    content = bytearray(damaged.read_bytes())
    content[30] ^= 0xFF
    damaged.write_bytes(content)
    assert drained(spool) == [3]
    assert spool.dropped == 2
    assert told.events[-1][1]["reason"] == "spool_damaged"


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """The kernel refuses writes beyond `size` in a file (EFBIG, as a full disk does with ENOSPC)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_half_a_record_keeps_the_file_whole(
    spool: Spool, tmp_path: Path, told: Told
) -> None:
    spool.append([entry(1, 100)])
    with no_file_larger_than(200), pytest.raises(OSError, match=r"large") as caught:
        spool.append([entry(2, 100)])
    assert caught.value.errno == errno.EFBIG
    assert spool.last_mark == b"mark 1"
    spool.append([entry(3, 100)])
    again = reopened(spool, tmp_path, told)
    assert drained(again) == [1, 3]
    assert told.names() == []


def test_records_that_were_not_synced_do_not_come_back(
    spool: Spool, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    spool.append([entry(1)])
    with monkeypatch.context() as failing:
        failing.setattr("iotistic.agent.segment._sync", fail)
        with pytest.raises(OSError, match="Input"):
            spool.append([entry(2), entry(3)])
    spool.append([entry(4)])  # as long as record 2: where record 3 would have begun is now the end
    assert drained(reopened(spool, tmp_path, told)) == [1, 4]


def test_a_disk_that_takes_nothing_leaves_the_spool_usable(spool: Spool) -> None:
    with no_file_larger_than(0):
        with pytest.raises(OSError, match=r"large"):
            spool.append([entry(1)])
        spool.count_dropped(1)
    spool.append([entry(2)])
    assert drained(spool) == [2]
    assert spool.dropped == 1


class AnyHistory(RuleBasedStateMachine):
    """Appends, deliveries and crashes in any order, against a list."""

    def __init__(self) -> None:
        super().__init__()
        # In memory where that can be: the machine syncs thousands of times, and a crash here is not one of the kernel.
        self._home = TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)  # noqa: S108
        self._folder = Path(self._home.name)
        self._told = Told()
        self._pending: list[int] = []
        self._next = 0
        self._mark = b""
        self._spool = self._open()

    def _open(self) -> Spool:
        return Spool.open(self._folder, limit=LIMIT, tell=self._told)

    @rule(count=st.integers(1, 40), size=st.sampled_from([0, 200, LARGE]))
    def append(self, count: int, size: int) -> None:
        entries = [entry(self._next + offset, size) for offset in range(count)]
        before = self._spool.dropped
        self._spool.append(entries)
        self._pending += range(self._next, self._next + count)
        self._next += count
        self._mark = entries[-1].mark
        # Only the oldest may go, and the count of them is exact.
        del self._pending[: self._spool.dropped - before]

    @precondition(lambda self: self._pending)
    @rule(records=st.integers(1, 50), fresh=st.booleans(), keep=st.booleans())
    def deliver(self, records: int, *, fresh: bool, keep: bool) -> None:
        batch = take(self._spool, records=records, fresh=fresh)
        if batch is None:
            assert fresh
            return
        assert all(number in self._pending for number in numbers(batch))
        if not fresh:
            assert numbers(batch) == self._pending[: len(batch)]
        if not keep:
            self._spool.acknowledge(batch)
            self._pending = [number for number in self._pending if number not in set(numbers(batch))]

    @rule(torn=st.binary(max_size=30))
    def crash(self, torn: bytes) -> None:
        """kill -9, with the beginning of one more frame on the disk."""
        files = sorted(self._folder.glob("*.segment"))
        if files:
            with files[-1].open("ab") as file:
                file.write(torn)
        self._spool = self._open()

    @invariant()
    def nothing_is_lost_or_invented(self) -> None:
        assert self._spool.pending == len(self._pending)
        assert self._spool.last_mark == self._mark
        assert sum(file.stat().st_size for file in self._folder.glob("*.segment")) <= LIMIT

    def teardown(self) -> None:
        assert drained(self._open()) == self._pending
        self._home.cleanup()


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
