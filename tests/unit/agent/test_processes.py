import os
import time

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.agent.model import TopProcess
from iotistic.agent.processes import ProcessSample, ProcessTable, list_pids, parse_stat, reader_for_this_host

STAT = b"%d (%b) S 1 1 1 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 1 0 %d 1000 %d 18446744073709551615"


@given(st.binary(max_size=64))
def test_a_name_may_hold_anything(name: bytes) -> None:
    sample = parse_stat(STAT % (42, name, 700, 10), ticks=100, page=4096)
    assert sample == ProcessSample(
        pid=42, name=name.decode("utf-8", "replace"), cpu_seconds=3.0, started=7.0, memory_bytes=40960
    )


@pytest.mark.parametrize("raw", [b"", b"42", b"42 (x", b"42 (x) S 1 2", b")("])
def test_what_is_no_stat_is_none(raw: bytes) -> None:
    assert parse_stat(raw, ticks=100, page=4096) is None


class Host:
    """Processes that use CPU as told."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.processes: dict[int, ProcessSample] = {}

    def clock(self) -> float:
        return self.now

    def put(self, pid: int, cpu_seconds: float, *, started: float = 1.0, memory: int = 1) -> None:
        self.processes[pid] = ProcessSample(
            pid=pid, name=f"p{pid}", cpu_seconds=cpu_seconds, started=started, memory_bytes=memory
        )

    def table(self) -> ProcessTable:
        return ProcessTable(self.processes.get, lambda: list(self.processes), self.clock)


def passed(table: ProcessTable) -> dict[int, TopProcess]:
    table.begin()
    for _ in range(1000):
        top = table.step()
        if top is not None:
            return {process.pid: process for process in top}
    raise AssertionError


def test_the_first_pass_knows_memory_only() -> None:
    host = Host()
    host.put(1, 500.0, memory=10)
    host.put(2, 900.0, memory=20)
    top = passed(host.table())
    assert list(top) == [2, 1]
    assert top[2].cpu_percent == 0.0


def test_a_share_is_what_was_used_between_two_passes() -> None:
    host = Host()
    host.put(1, 100.0)
    host.put(2, 100.0)
    table = host.table()
    passed(table)
    host.now += 10
    host.put(1, 101.0)
    host.put(2, 115.0)
    top = passed(table)
    assert list(top) == [2, 1]
    assert (top[1].cpu_percent, top[2].cpu_percent) == (10.0, 150.0)


def test_a_process_born_since_counts_with_all_it_used() -> None:
    host = Host()
    host.put(1, 1.0)
    table = host.table()
    passed(table)
    host.now += 10
    host.put(7, 5.0, started=1005.0)
    assert passed(table)[7].cpu_percent == 50.0


def test_a_pid_given_to_another_process_does_not_inherit() -> None:
    host = Host()
    host.put(1, 1000.0, started=1.0)
    table = host.table()
    passed(table)
    host.now += 10
    host.put(1, 2.0, started=1001.0)
    assert passed(table)[1].cpu_percent == 20.0


def test_processes_that_vanish_during_a_pass_are_left_out() -> None:
    host = Host()
    host.put(1, 1.0)
    host.put(2, 1.0)
    table = host.table()
    table.begin()
    del host.processes[2]
    top = table.step()
    assert top is not None
    assert [process.pid for process in top] == [1]


def test_ten_are_shown() -> None:
    host = Host()
    for pid in range(1, 50):
        host.put(pid, 0.0, memory=pid)
    assert list(passed(host.table())) == list(range(49, 39, -1))


def test_a_step_is_bounded_and_a_pass_covers_all() -> None:
    host = Host()
    looked: list[int] = []
    for pid in range(1, 1001):
        host.put(pid, 0.0)

    def read(pid: int) -> ProcessSample | None:
        looked.append(pid)
        return host.processes.get(pid)

    table = ProcessTable(read, lambda: list(host.processes), host.clock)
    table.begin()
    sizes = []
    while (top := table.step()) is None:
        table.begin()  # does not start over
        sizes.append(len(looked))
    assert sizes == [200, 400, 600, 800]
    assert sorted(looked) == list(range(1, 1001))
    assert len(top) == 10


def test_no_pass_no_list() -> None:
    assert Host().table().step() is None


def test_this_process_is_found_on_this_host() -> None:
    sample = reader_for_this_host()(os.getpid())
    assert sample is not None
    mine = psutil.Process()
    assert sample.name == mine.name()
    assert sample.memory_bytes == pytest.approx(mine.memory_info().rss, rel=0.3)
    assert sample.cpu_seconds == pytest.approx(time.process_time(), abs=0.5)
    assert os.getpid() in list_pids()


def test_a_process_that_is_gone_is_none() -> None:
    assert reader_for_this_host()(2**22 + 1) is None
