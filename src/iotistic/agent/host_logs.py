"""Host log lines on their way into the spool: which source, which number, and never one twice or none."""

import os
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NoReturn, final

import msgspec

from iotistic.agent.events import Events
from iotistic.agent.journal import Journal, find_journalctl
from iotistic.agent.log_file import LogFile
from iotistic.agent.log_sources import LogSource, OwnLog, Position
from iotistic.agent.model import HostLine, LogLine
from iotistic.agent.spool import Entry, Spool
from iotistic.agent.wire import encode
from iotistic.clock import Clock
from iotistic.errors import Unavailable

__all__ = ["HostLogs", "Mark", "open_host_logs"]

_AT_ONCE = 5000
"""Lines taken per tick; more stay where they are, for the next one."""
_FILES = (Path("/var/log/syslog"), Path("/var/log/messages"))


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept with each line: its number, and how far its source was read with it."""

    sequence: int
    source: str
    position: Position


def _read_mark(raw: bytes) -> Mark | None:
    try:
        return msgspec.json.decode(raw, type=Mark)
    except msgspec.MsgspecError:
        return None


@final
class HostLogs:
    """Reads a source and keeps its lines in a spool, numbered.

    Line, number and reading position are one record, so a crash at any instant leaves all three or none: a line is read again
    exactly if it was not kept.
    """

    def __init__(self, source: LogSource, spool: Spool, clock: Clock) -> None:
        self._source = source
        self._spool = spool
        mark = _read_mark(spool.last_mark)
        # A device that lost its folder goes on above every number it ever used, unless it wrote 1000 lines a second for good.
        self._sequence = mark.sequence if mark is not None else int(clock().timestamp()) * 1000
        self._held: list[Entry] = []
        position = source.position()
        if position is not None and (mark is None or mark.source != source.name):
            spool.note(self._mark(self._sequence, position))

    @property
    def source_name(self) -> str:
        """Where the lines come from."""
        return self._source.name

    async def collect(self) -> int:
        """Keeps the lines that have come and answers how many.

        Raises OSError when the disk does not take them; they are held and tried again first at the next call.
        """
        if not self._held:
            self._held = [self._entry(line.line, line.position) for line in await self._source.read(_AT_ONCE)]
        entries = self._held
        try:
            self._spool.append(entries)
        except OSError:
            self._held = self._not_kept(entries)
            raise
        self._held = []
        return len(entries)

    async def close(self) -> None:
        """Lets go of the source."""
        await self._source.close()

    def _entry(self, line: HostLine, position: Position) -> Entry:
        self._sequence += 1
        numbered = LogLine(
            timestamp=line.timestamp,
            sequence=self._sequence,
            level=line.level,
            service=line.service,
            message=line.message,
        )
        return Entry(encode(numbered), self._mark(self._sequence, position))

    def _mark(self, sequence: int, position: Position) -> bytes:
        return msgspec.json.encode(Mark(sequence=sequence, source=self._source.name, position=position))

    def _not_kept(self, entries: Sequence[Entry]) -> list[Entry]:
        kept = [number for number, entry in enumerate(entries, 1) if entry.mark == self._spool.last_mark]
        return list(entries[kept[0] if kept else 0 :])


def open_host_logs(
    choice: str, spool: Spool, *, clock: Clock, random: Random, events: Events
) -> HostLogs | None:
    """The host's log as `choice` says: auto, journal, own, none (None then), or the path of a file.

    auto is the journal where it may be read, else /var/log/syslog or /var/log/messages, else the agent's own events. Raises
    Unavailable when what was asked for by name cannot be read.
    """
    opener = _Opener(_read_mark(spool.last_mark), clock, random, events)
    source = opener.open(choice)
    return None if source is None else HostLogs(source, spool, clock)


@final
class _Opener:
    """Opens sources where an earlier life of the agent stopped reading them."""

    def __init__(self, mark: Mark | None, clock: Clock, random: Random, events: Events) -> None:
        self._mark = mark
        self._clock = clock
        self._random = random
        self._events = events

    def open(self, choice: str) -> LogSource | None:
        match choice:
            case "auto":
                return self._journal() or self._any_file() or self._own()
            case "journal":
                return self._journal() or _refuse(
                    "The journal cannot be read by this user, or there is no journalctl."
                )
            case "own":
                return self._own()
            case "none":
                return None
            case path:
                return self._file(Path(path))

    def _journal(self) -> LogSource | None:
        program = find_journalctl()
        if program is None:
            return None
        return Journal(program, self._clock, self._events.warning, self._random, self._since(Journal.name))

    def _any_file(self) -> LogSource | None:
        path = next((path for path in _FILES if path.is_file() and os.access(path, os.R_OK)), None)
        return None if path is None else self._file(path)

    def _file(self, path: Path) -> LogSource:
        try:
            return LogFile(path, self._clock, self._events.warning, self._since(LogFile.name_of(path)))
        except OSError as error:
            _refuse(f"The log file {path} cannot be read: {error.strerror}.")

    def _own(self) -> LogSource:
        log = OwnLog()
        self._events.subscribe(log.note)
        return log

    def _since(self, source: str) -> Position | None:
        return self._mark.position if self._mark is not None and self._mark.source == source else None


def _refuse(message: str) -> NoReturn:
    raise Unavailable(
        message,
        hint="Run the agent as root or in the group adm or systemd-journal, or choose another log with --logs.",
    )
