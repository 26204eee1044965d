"""Following a log file through rotation, truncation and restarts, each line once.

A place in a file is its inode, an offset, and the checksum of its first bytes: inodes are used again after a deletion, and a
file truncated in place may have grown past the offset by the time one looks.
"""

import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, final

from iotistic.agent.log_lines import parse_syslog_line
from iotistic.agent.log_sources import Position, SourceLine, Tell
from iotistic.clock import Clock

__all__ = ["LogFile"]

_CHUNK = 64 * 1024
_LONGEST_LINE = 64 * 1024
"""A longer line comes in pieces of this length."""
_HEAD = 256
_COMPRESSED = {".gz", ".xz", ".bz2", ".zst"}


@dataclass(frozen=True, slots=True)
class _Head:
    """The first bytes of a file, by which it is known again."""

    length: int
    checksum: int

    @classmethod
    def of(cls, descriptor: int, length: int) -> Self:
        data = os.pread(descriptor, length, 0)
        return cls(len(data), zlib.crc32(data))


@final
class LogFile:
    """One log file by its path, whatever file lies there over time.

    Without a position reading begins at the end. Raises OSError when the file cannot be opened.
    """

    def __init__(self, path: Path, clock: Clock, tell: Tell, position: Position | None = None) -> None:
        self._path = path
        self._clock = clock
        self._tell = tell
        self._partial = b""
        self._was_rotated = False
        self._descriptor = -1
        self._inode = 0
        self._offset = 0
        self._head = _Head(0, 0)
        if position is None or not self._resume(position):
            self._open(path, at_end=position is None)

    @property
    def name(self) -> str:
        """See `name_of`."""
        return self.name_of(self._path)

    @staticmethod
    def name_of(path: Path) -> str:
        """The name of the source that follows `path`."""
        return f"file:{path}"

    def position(self) -> Position:
        """How far the file is read."""
        if self._head.length < _HEAD:
            # Only what is behind us counts: it will not change any more.
            self._head = _Head.of(self._descriptor, min(_HEAD, self._offset))
        return {
            "inode": self._inode,
            "offset": self._offset,
            "head_length": self._head.length,
            "head": self._head.checksum,
        }

    async def read(self, most: int) -> Sequence[SourceLine]:
        """The lines written since, at most so many."""
        lines: list[SourceLine] = []
        self._check_same_file()
        while len(lines) < most:
            if self._take_line(lines):
                continue
            if not self._fill() and not self._advance(lines):
                break
        return lines

    async def close(self) -> None:
        """Closes the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    # ------------------------------------------------------------ lines

    def _take_line(self, lines: list[SourceLine]) -> bool:
        """Moves one line from the partial read to `lines`, if there is a whole one."""
        end = self._partial.find(b"\n", 0, _LONGEST_LINE)
        if end < 0 and len(self._partial) < _LONGEST_LINE:
            return False
        self._emit(lines, _LONGEST_LINE if end < 0 else end + 1)
        return True

    def _emit(self, lines: list[SourceLine], length: int) -> None:
        raw, self._partial = self._partial[:length], self._partial[length:]
        self._offset += length
        text = raw.decode("utf-8", "replace").rstrip("\r\n")
        if text.strip():
            lines.append(SourceLine(parse_syslog_line(text, self._clock()), self.position()))

    def _fill(self) -> bool:
        chunk = os.pread(self._descriptor, _CHUNK, self._offset + len(self._partial))
        self._partial += chunk
        return bool(chunk)

    # ------------------------------------------------------------ files

    def _open(self, path: Path, *, at_end: bool = False) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = descriptor
        self._inode = os.fstat(descriptor).st_ino
        self._start_over(os.fstat(descriptor).st_size if at_end else 0)

    def _start_over(self, offset: int) -> None:
        self._offset, self._partial, self._was_rotated = offset, b"", False
        self._head = _Head.of(self._descriptor, min(_HEAD, offset))

    def _check_same_file(self) -> None:
        """A file that is shorter than it was, or begins otherwise, was truncated and written anew."""
        shrunk = os.fstat(self._descriptor).st_size < self._offset + len(self._partial)
        if shrunk or _Head.of(self._descriptor, self._head.length) != self._head:
            self._tell("log_file_truncated", path=str(self._path))
            self._start_over(0)

    def _advance(self, lines: list[SourceLine]) -> bool:
        """At the end of a rotated file, goes on with the file after it; answers whether it did.

        Only on the second look: the writer keeps the old file open until it is told to reopen.
        """
        following = self._successor()
        if following is None:
            return False
        if not self._was_rotated:
            self._was_rotated = True
            return False
        if self._partial:
            self._emit(lines, len(self._partial))
        try:
            self._open(following)
        except OSError as error:
            self._tell("log_file_unreadable", path=str(following), error=error.strerror)
            return False
        return True

    def _successor(self) -> Path | None:
        """The file to read after this one; None while this one is the live one."""
        try:
            if self._path.stat().st_ino == self._inode:
                return None
        except OSError:
            return None  # moved away and not made anew yet
        written = os.fstat(self._descriptor).st_mtime_ns
        for moment, inode, path in self._family():
            if inode != self._inode and (path == self._path or moment > written):
                return path
        return None

    def _family(self) -> Iterator[tuple[int, int, Path]]:
        """(last written, inode, path) of the file and its uncompressed rotations, the longest untouched first."""
        found: list[tuple[int, int, Path]] = []
        for path in self._path.parent.glob(f"{self._path.name}*"):
            suffix = path.name.removeprefix(self._path.name)
            if (suffix and suffix[0] not in ".-") or path.suffix in _COMPRESSED:
                continue
            try:
                entry = path.stat()
            except OSError:
                continue
            found.append((entry.st_mtime_ns, entry.st_ino, path))
        # The live file is the last whatever its time says: it may not have been written to yet.
        return iter(sorted(found, key=lambda entry: (entry[2] == self._path, entry[0])))

    def _resume(self, position: Position) -> bool:
        """Opens the file of a position, wherever it was moved. That it still is the same one, the first read sees to."""
        for _, inode, path in self._family():
            if inode != position.get("inode"):
                continue
            try:
                self._open(path)
            except OSError:
                continue
            self._offset = int(position.get("offset", 0))
            self._head = _Head(int(position.get("head_length", 0)), int(position.get("head", 0)))
            return True
        self._tell("log_file_replaced", path=str(self._path))
        return False
