import os
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from iotistic.agent.log_file import LogFile
from iotistic.agent.log_sources import Position, SourceLine


def clock() -> datetime:
    return datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


class Told(list[str]):
    def __call__(self, name: str, **_: object) -> None:
        self.append(name)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "syslog"
    path.write_text("before\n")
    return path


def opened(path: Path, position: Position | None = None, told: Told | None = None) -> LogFile:
    return LogFile(path, clock, told if told is not None else Told(), position)


def write(path: Path, text: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def rotate(path: Path, name: str) -> Path:
    """Moves the file away, as logrotate does, and answers where it lies now."""
    return path.rename(path.with_name(name))


async def lines(source: LogFile, most: int = 1000) -> list[SourceLine]:
    return list(await source.read(most))


async def messages(source: LogFile, most: int = 1000) -> list[str]:
    return [line.line.message for line in await lines(source, most)]


async def test_reading_begins_at_the_end(log: Path) -> None:
    source = opened(log)
    assert await messages(source) == []
    write(log, "one\ntwo\n")
    assert await messages(source) == ["one", "two"]
    assert await messages(source) == []
    await source.close()


async def test_a_line_is_read_when_it_is_whole(log: Path) -> None:
    source = opened(log)
    write(log, "on")
    assert await messages(source) == []
    write(log, "e\ntw")
    assert await messages(source) == ["one"]
    write(log, "o\r\n\n   \n")
    assert await messages(source) == ["two"]
    await source.close()


async def test_bytes_that_are_no_text_do_not_stop_it(log: Path) -> None:
    source = opened(log)
    write(log, b"caf\xe9 \x00 \xff\nnext\n")
    assert await messages(source) == [
        "caf\N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}",
        "next",
    ]
    await source.close()


async def test_a_line_without_end_comes_in_pieces(log: Path) -> None:
    source = opened(log)
    write(log, "x" * 150_000)
    found = await lines(source)
    assert [line.position["offset"] for line in found] == [7 + 65536, 7 + 2 * 65536]
    assert all(line.line.message.endswith("…") for line in found)
    write(log, "\nnext\n")
    assert (await messages(source))[-1] == "next"
    await source.close()


async def test_no_more_than_asked_is_read_and_the_rest_next_time(log: Path) -> None:
    source = opened(log)
    write(log, "".join(f"{number}\n" for number in range(10)))
    assert await messages(source, 4) == ["0", "1", "2", "3"]
    assert await messages(source, 4) == ["4", "5", "6", "7"]
    assert await messages(source, 4) == ["8", "9"]
    await source.close()


async def test_every_position_continues_with_the_next_line(log: Path) -> None:
    source = opened(log)
    write(log, "one\ntwo\nthree\n")
    start, found = source.position(), await lines(source)
    await source.close()
    for index, position in enumerate([start, *(line.position for line in found)]):
        again = opened(log, position)
        assert await messages(again) == ["one", "two", "three"][index:]
        await again.close()


async def test_a_rotation_loses_and_repeats_nothing(log: Path, tmp_path: Path) -> None:
    source = opened(log)
    write(log, "one\n")
    assert await messages(source) == ["one"]
    write(log, "two\n")
    rotate(log, "syslog.1")
    write(tmp_path / "syslog.1", "three\n")  # the writer has not reopened yet
    write(log, "five\n")
    assert await messages(source) == ["two", "three"]
    write(tmp_path / "syslog.1", "four")
    assert await messages(source) == ["four", "five"]
    write(log, "six\n")
    assert await messages(source) == ["six"]
    await source.close()


async def test_a_rotation_without_a_new_file_yet_is_waited_out(log: Path, tmp_path: Path) -> None:
    source = opened(log)
    rotate(log, "syslog.1")
    write(tmp_path / "syslog.1", "one\n")
    assert await messages(source) == ["one"]
    assert await messages(source) == []
    write(log, "two\n")
    assert await messages(source) + await messages(source) == ["two"]
    await source.close()


async def test_rotations_while_nobody_looked_are_caught_up_with(log: Path, tmp_path: Path) -> None:
    source = opened(log)
    write(log, "one\ntwo\n")
    position = (await lines(source, 1))[0].position
    await source.close()
    rotate(log, "syslog.2")
    write(tmp_path / "syslog.1", "three\n")
    os.utime(tmp_path / "syslog.2", ns=(1, 10**18))
    os.utime(tmp_path / "syslog.1", ns=(1, 2 * 10**18))
    (tmp_path / "syslog.3.gz").write_bytes(b"compressed")
    (tmp_path / "syslogger").write_text("another log\n")
    write(log, "four\n")
    told = Told()
    again = opened(log, position, told)
    found: list[str] = []
    for _ in range(5):
        found += await messages(again)
    assert found == ["two", "three", "four"]
    assert told == []
    await again.close()


async def test_a_rotated_file_that_is_gone_is_said_and_the_new_one_read_from_its_start(log: Path) -> None:
    source = opened(log)
    write(log, "one\n")
    position = (await lines(source))[0].position
    await source.close()
    rotate(log, "old")
    write(log, "two\n")
    told = Told()
    again = opened(log, position, told)
    assert await messages(again) == ["two"]
    assert told == ["log_file_replaced"]
    await again.close()


async def test_a_truncation_starts_over(log: Path) -> None:
    told = Told()
    source = opened(log, None, told)
    write(log, "one\n")
    assert await messages(source) == ["one"]
    os.truncate(log, 0)
    write(log, "two\n")
    assert await messages(source) == ["two"]
    assert told == ["log_file_truncated"]
    await source.close()


async def test_a_truncation_that_has_outgrown_its_past_is_noticed(log: Path) -> None:
    source = opened(log)
    write(log, "one\n")
    assert await messages(source) == ["one"]
    os.truncate(log, 0)
    write(log, "something much longer than before\n")
    assert await messages(source) == ["something much longer than before"]
    await source.close()


async def test_an_inode_used_again_is_no_old_acquaintance(log: Path) -> None:
    source = opened(log)
    write(log, "one\n")
    position = (await lines(source))[0].position
    await source.close()
    os.truncate(log, 0)
    write(log, "BEFORE\ntwo\n")  # the same inode, as many bytes, another beginning
    again = opened(log, position)
    assert await messages(again) == ["BEFORE", "two"]
    await again.close()


async def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        opened(tmp_path / "missing")


class AnyFileHistory(RuleBasedStateMachine):
    """Writes, rotations, reads and restarts in any order: each line is read once, in order."""

    def __init__(self) -> None:
        super().__init__()
        self._home = TemporaryDirectory()
        self._path = Path(self._home.name) / "log"
        self._path.write_text("")
        self._clock = 10**18
        self._source = opened(self._path)
        self._position = self._source.position()
        self._written: list[str] = []
        self._read: list[str] = []
        self._whole = True

    @rule(count=st.integers(1, 30), whole=st.booleans())
    def write(self, count: int, *, whole: bool) -> None:
        for _ in range(count):
            prefix = "" if self._whole else "end\n"
            self._whole = True
            self._written.append(f"line {len(self._written)}")
            write(self._path, f"{prefix}{self._written[-1]}\n")
            if prefix:
                self._written[-2:] = [self._written[-2] + "end", self._written[-1]]
        if not whole:
            self._written.append("part ")
            write(self._path, "part ")
            self._whole = False
        self._touch(self._path)

    @rule()
    def rotate(self) -> None:
        for number in range(20, 0, -1):
            older = self._path.with_name(f"log.{number}")
            if older.exists():
                older.rename(self._path.with_name(f"log.{number + 1}"))
        if not self._whole:
            write(self._path, "end\n")
            self._written[-1] += "end"
            self._whole = True
        self._touch(self._path)
        self._path.rename(self._path.with_name("log.1"))
        self._path.write_text("")
        self._touch(self._path)

    @rule(most=st.integers(1, 40))
    def read(self, most: int) -> None:
        self._take(most)

    @rule()
    def restart(self) -> None:
        self._source = opened(self._path, self._position)

    def teardown(self) -> None:
        for _ in range(60):
            self._take(1000)
        expected = self._written if self._whole else self._written[:-1]
        assert self._read == [text.strip() for text in expected]
        self._home.cleanup()

    def _touch(self, path: Path) -> None:
        self._clock += 10**9
        os.utime(path, ns=(self._clock, self._clock))

    def _take(self, most: int) -> None:
        # `read` never waits, so it can be run to its end without a loop.
        coroutine = self._source.read(most)
        try:
            coroutine.send(None)
        except StopIteration as stop:
            found: list[SourceLine] = stop.value
        for line in found:
            self._read.append(line.line.message)
            self._position = line.position


TestAnyFileHistory = AnyFileHistory.TestCase
TestAnyFileHistory.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
