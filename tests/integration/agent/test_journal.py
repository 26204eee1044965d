import json
import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from iotistic.agent.journal import Journal, find_journalctl
from iotistic.agent.log_sources import Position, SourceLine
from tests.support.device_api import until

SCRIPT = """#!/bin/sh
# Stands in for journalctl: notes how it was called, prints what lies ready, then ends or waits for more.
echo "$@" >> "{folder}/calls"
env > "{folder}/environment"
number=$(wc -l < "{folder}/calls")
[ -f "{folder}/$number" ] && cat "{folder}/$number"
[ -f "{folder}/end" ] && exit 3
exec sleep 60
"""


class NoPause(Random):
    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002
        return a


class FakeJournalctl:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "journalctl"
        self.program.write_text(SCRIPT.format(folder=folder))
        self.program.chmod(0o755)
        self.told: list[str] = []

    def prints(self, call: int, *entries: bytes) -> None:
        (self.folder / str(call)).write_bytes(b"\n".join(entries) + b"\n")

    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    @asynccontextmanager
    async def journal(self, position: Position | None = None) -> AsyncIterator[Journal]:
        journal = Journal(
            str(self.program),
            lambda: datetime.now(UTC),
            lambda name, **_: self.told.append(name),
            NoPause(),
            position,
        )
        try:
            yield journal
        finally:
            await journal.close()


@pytest.fixture
def fake(tmp_path: Path) -> FakeJournalctl:
    return FakeJournalctl(tmp_path)


def entry(number: int, message: object = None) -> bytes:
    return json.dumps(
        {
            "__CURSOR": f"c{number}",
            "__REALTIME_TIMESTAMP": str(1795464000_000000 + number),
            "MESSAGE": message if message is not None else f"m{number}",
            "PRIORITY": "6",
        }
    ).encode()


async def gathered(
    journal: Journal, enough: Callable[[list[SourceLine]], bool], most: int = 1000
) -> list[SourceLine]:
    found: list[SourceLine] = []

    async def look() -> bool:
        found.extend(await journal.read(most))
        return enough(found)

    done = await look()
    while not done:
        await until(lambda: journal._lines, what="journal entries")
        done = await look()
    return found


async def test_entries_come_in_order_with_their_place(fake: FakeJournalctl) -> None:
    fake.prints(1, entry(1), entry(2), b"not json", entry(3))
    async with fake.journal() as journal:
        found = await gathered(journal, lambda lines: len(lines) == 3)
    assert [line.line.message for line in found] == ["m1", "m2", "m3"]
    assert found[-1].position == {"cursor": "c3", "time": 1795464000_000003}
    assert "--lines=100" in fake.calls()[0]


async def test_reading_goes_on_behind_the_position(fake: FakeJournalctl) -> None:
    fake.prints(1, entry(6))
    async with fake.journal({"cursor": "c5", "time": 1795464000_000005}) as journal:
        await gathered(journal, lambda lines: len(lines) == 1)
    assert "--after-cursor=c5" in fake.calls()[0]
    assert "--no-tail" in fake.calls()[0]


async def test_a_journalctl_that_ends_is_started_again_where_it_stopped(fake: FakeJournalctl) -> None:
    (fake.folder / "end").touch()
    fake.prints(1, entry(1), entry(2))
    fake.prints(2, entry(3))
    async with fake.journal() as journal:
        found = await gathered(journal, lambda lines: len(lines) == 3)
    assert [line.line.message for line in found] == ["m1", "m2", "m3"]
    assert "--after-cursor=c2" in fake.calls()[1]
    assert "journal_reader_ended" in fake.told


async def test_a_cursor_nobody_knows_gives_way_to_the_time_of_the_last_entry(fake: FakeJournalctl) -> None:
    (fake.folder / "end").touch()
    fake.prints(3, entry(9))
    async with fake.journal({"cursor": "gone", "time": 1795464000_000005}) as journal:
        await gathered(journal, lambda lines: len(lines) == 1)
    calls = fake.calls()
    assert "--after-cursor=gone" in calls[0]
    assert "--after-cursor=gone" in calls[1]
    assert "--since=@1795464000.000006" in calls[2]


async def test_an_entry_beyond_reason_is_skipped(fake: FakeJournalctl) -> None:
    fake.prints(1, entry(1), entry(2, "x" * (3 << 20)), entry(3))
    async with fake.journal() as journal:
        found = await gathered(journal, lambda lines: any(line.line.message == "m3" for line in lines))
    assert [line.line.message for line in found] == ["m1", "m3"]
    assert "journal_entry_too_long" in fake.told


async def test_a_flood_waits_in_the_journal_not_in_memory(fake: FakeJournalctl) -> None:
    fake.prints(1, *(entry(number) for number in range(12_000)))
    async with fake.journal() as journal:
        await journal.read(0)
        await until(lambda: len(journal._lines) >= 5000)
        assert len(journal._lines) == 5000
        found = await gathered(journal, lambda lines: len(lines) == 12_000)
    assert [line.line.message for line in found] == [f"m{number}" for number in range(12_000)]


async def test_an_empty_message_moves_on_without_a_line(fake: FakeJournalctl) -> None:
    fake.prints(1, entry(1, ""), entry(2))
    async with fake.journal() as journal:
        found = await gathered(journal, lambda lines: len(lines) == 1)
    assert found[0].position["cursor"] == "c2"


async def test_journalctl_learns_no_secret_of_ours(
    fake: FakeJournalctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IOTISTIC_CLAIM_KEY", "hunter2")
    fake.prints(1, entry(1))
    async with fake.journal() as journal:
        await gathered(journal, lambda lines: len(lines) == 1)
    assert "hunter2" not in (fake.folder / "environment").read_text()


async def test_a_program_that_cannot_be_started_is_said(fake: FakeJournalctl) -> None:
    fake.program.unlink()
    async with fake.journal() as journal:
        await journal.read(1)
        await until(lambda: fake.told)
    assert fake.told[0] == "journal_reader_ended"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_journal_that_may_not_be_read_is_none(fake: FakeJournalctl) -> None:
    journals = fake.folder / "journals" / "machine"
    journals.mkdir(parents=True)
    (journals / "system.journal").touch(mode=0)
    assert find_journalctl(str(fake.folder), [journals.parent]) is None


def test_the_journal_is_used_when_program_and_journal_are_there(fake: FakeJournalctl) -> None:
    journals = fake.folder / "journals" / "machine"
    assert find_journalctl(str(fake.folder), [journals.parent]) is None
    journals.mkdir(parents=True)
    assert find_journalctl(str(fake.folder), [journals.parent]) is None
    (journals / "system.journal").touch()
    assert find_journalctl(str(fake.folder), [journals.parent]) == str(fake.program)
    fake.program.chmod(stat.S_IRUSR)
    assert find_journalctl(str(fake.folder), [journals.parent]) is None
