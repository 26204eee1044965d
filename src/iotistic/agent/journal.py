"""Following systemd's journal through `journalctl`, each entry once."""

import asyncio
import os
import shutil
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import final

from iotistic.agent.backoff import Backoff
from iotistic.agent.log_lines import parse_journal_entry
from iotistic.agent.log_sources import Position, SourceLine, Tell
from iotistic.clock import Clock

__all__ = ["Journal", "find_journalctl"]

_FIELDS = "MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_COMM,_SYSTEMD_UNIT"
_JOURNALS = (Path("/var/log/journal"), Path("/run/log/journal"))
_LONGEST_ENTRY = 2**20
_BUFFERED = 5000
"""Entries held before journalctl has to wait; the rest stays in the journal."""
_GRACE = 2.0
_ENVIRONMENT: Mapping[str, str] = {"LC_ALL": "C", "PATH": os.defpath}
"""journalctl needs no more of ours, least of all a claim key."""


def find_journalctl(search_path: str | None = None, journals: Sequence[Path] = _JOURNALS) -> str | None:
    """The journalctl program, if it is there and this user may read the system's journal; else None."""
    program = shutil.which("journalctl", path=search_path)
    if program is None:
        return None
    readable = any(
        os.access(file, os.R_OK) for folder in journals for file in folder.glob("*/system.journal")
    )
    return program if readable else None


@final
class Journal:
    """The system's journal. Without a position it begins with its last lines, so that a new device shows something."""

    name = "journal"

    def __init__(
        self, program: str, clock: Clock, tell: Tell, random: Random, position: Position | None = None
    ) -> None:
        self._program = program
        self._clock = clock
        self._tell = tell
        self._backoff = Backoff(random)
        self._position = position
        """Of the last entry taken: its cursor, and its time in microseconds should the cursor be lost."""
        self._is_cursor_lost = False
        self._lines: deque[SourceLine] = deque()
        self._room = asyncio.Event()
        self._room.set()
        self._follower: asyncio.Task[None] | None = None

    def position(self) -> Position | None:
        """The journal itself says where to begin."""
        return None

    async def read(self, most: int) -> Sequence[SourceLine]:
        """The entries that have come, at most so many."""
        if self._follower is None:
            self._follower = asyncio.create_task(self._follow(), name="journal")
        elif self._follower.done():
            self._follower.result()  # it never ends but by a bug, which must not go unseen
        lines = [self._lines.popleft() for _ in range(min(most, len(self._lines)))]
        self._room.set()
        return lines

    async def close(self) -> None:
        """Ends journalctl."""
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.gather(self._follower, return_exceptions=True)
            self._follower = None

    def command(self) -> list[str]:
        """How journalctl is called next."""
        options = ["--output=json", "--all", "--follow", "--quiet", f"--output-fields={_FIELDS}"]
        if self._position is None:
            return [self._program, *options, "--lines=100"]
        if not self._is_cursor_lost:
            return [self._program, *options, "--no-tail", f"--after-cursor={self._position['cursor']}"]
        after = int(self._position["time"]) + 1
        return [self._program, *options, "--no-tail", f"--since=@{after // 10**6}.{after % 10**6:06}"]

    async def _follow(self) -> None:
        while True:
            code, entries = await self._run()
            self._tell("journal_reader_ended", code=code)
            if entries:
                self._backoff.reset()
            # Twice in a row nothing but an end: the cursor may be of a journal that was deleted.
            self._is_cursor_lost = not entries and self._backoff.failures > 0
            await asyncio.sleep(self._backoff.next().total_seconds())

    async def _run(self) -> tuple[int | str, int]:
        """One journalctl from start to end: its exit code and how many entries it gave."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=_LONGEST_ENTRY,
                env=dict(_ENVIRONMENT),
            )
        except OSError as error:
            return str(error), 0
        try:
            entries = await self._take(process)
            return await process.wait(), entries
        finally:
            await _end(process)

    async def _take(self, process: asyncio.subprocess.Process) -> int:
        entries = 0
        stream = process.stdout
        while stream is not None:
            try:
                raw = await stream.readline()
            except ValueError:
                self._tell("journal_entry_too_long", limit=_LONGEST_ENTRY)
                continue
            if not raw:
                break
            found = parse_journal_entry(raw, self._clock())
            if found is None:
                continue
            line, cursor = found
            entries += 1
            self._position = {"cursor": cursor, "time": round(line.timestamp.timestamp() * 1e6)}
            if line.message:
                self._lines.append(SourceLine(line, self._position))
            if len(self._lines) >= _BUFFERED:
                self._room.clear()
            await self._room.wait()
        return entries


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _GRACE)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
