r"""One file of the spool: a header that says how far it is delivered, then frames, only ever appended.

    segment := "IOTSPL1\n" delivered:u64 checksum:u32 frame*

`delivered` is the offset up to which a receipt is held. It is overwritten in place, within one disk sector, and not synced:
when it is lost or torn it reads as "nothing", and the server recognises what it gets again by its key.
"""

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self, final

from iotistic.agent.frames import Frame, scan
from iotistic.agent.state_folder import sync_folder

__all__ = ["Recovered", "Segment"]

_MAGIC = b"IOTSPL1\n"
_DELIVERED = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
_HEADER_SIZE = len(_MAGIC) + _DELIVERED.size + _CHECKSUM.size
_READ_AHEAD = 64 * 1024
# macOS has no fdatasync.
_sync = getattr(os, "fdatasync", os.fsync)


def _header(delivered: int) -> bytes:
    number = _DELIVERED.pack(delivered)
    return _MAGIC + number + _CHECKSUM.pack(zlib.crc32(number))


def _delivered_in(data: bytes) -> int:
    header = data[:_HEADER_SIZE]
    delivered = _DELIVERED.unpack_from(header, len(_MAGIC))[0] if len(header) == _HEADER_SIZE else 0
    return delivered if header == _header(delivered) else _HEADER_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What was found in a segment file left by an earlier process."""

    segment: "Segment"
    last_mark: bytes | None
    """The mark of its last whole record; None when there is none."""
    torn: int
    """Bytes cut off behind it."""


@final
class Segment:
    """One segment file. The file is kept open while it is appended to."""

    def __init__(self, path: Path, number: int) -> None:
        self.path = path
        self.number = number
        self.size = _HEADER_SIZE
        """Bytes of header and whole frames."""
        self.delivered = _HEADER_SIZE
        """Offset up to which a receipt is held."""
        self.pending = 0
        """Records behind that offset."""
        self._descriptor: int | None = None

    @classmethod
    def create(cls, path: Path, number: int) -> Self:
        """A new, empty segment, durable under its name. Raises OSError."""
        segment = cls(path, number)
        segment._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _write_all(segment._descriptor, _header(_HEADER_SIZE), 0)
            sync_folder(path.parent)
        except OSError:
            segment.remove()
            raise
        return segment

    @classmethod
    def recover(cls, path: Path, number: int) -> Recovered:
        """The segment in `path`, cut behind its last whole frame. It is read only from now on: its end was not seen written."""
        data = path.read_bytes()
        segment = cls(path, number)
        segment.delivered = max(_HEADER_SIZE, _delivered_in(data))
        last: Frame | None = None
        for last in scan(data, _HEADER_SIZE):
            segment.pending += last.end > segment.delivered
        segment.size = last.end if last else _HEADER_SIZE
        segment.delivered = min(segment.delivered, segment.size)
        torn = max(0, len(data) - segment.size)
        if torn:
            os.truncate(path, segment.size)
        return Recovered(segment=segment, last_mark=last.mark if last else None, torn=torn)

    @property
    def is_delivered(self) -> bool:
        """Whether nothing in it is still to be sent."""
        return self.delivered >= self.size

    @property
    def pending_bytes(self) -> int:
        return self.size - self.delivered

    def append(self, frames: bytes, records: int) -> None:
        """Adds whole frames; when this returns they are on the disk.

        Raises OSError with the file as it was before: a frame that only fits by half is taken back.
        """
        if self._descriptor is None:
            raise ValueError(f"{self.path} is sealed")
        try:
            _write_all(self._descriptor, frames, self.size)
            _sync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(frames)
        self.pending += records

    def read(self, *, most_bytes: int, most_records: int) -> list[Frame]:
        """The oldest undelivered frames: at least one, and else at most so many. Ends are offsets in the file.

        Empty although there are pending records: the file was damaged after it was written.
        """
        with self.path.open("rb") as file:
            file.seek(self.delivered)
            data = file.read(min(most_bytes + _READ_AHEAD, self.pending_bytes))
            frames = _first(data, most_bytes, most_records)
            if not frames and len(data) < self.pending_bytes:
                frames = _first(data + file.read(self.pending_bytes - len(data)), most_bytes, most_records)
        return [Frame(frame.mark, frame.payload, frame.end + self.delivered) for frame in frames]

    def acknowledge(self, end: int, records: int) -> None:
        """Notes that everything up to `end`, `records` more than before, is delivered."""
        self.delivered = end
        self.pending -= records
        if self._descriptor is not None:
            os.pwrite(self._descriptor, _header(end), 0)
            return
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.pwrite(descriptor, _header(end), 0)
        finally:
            os.close(descriptor)

    def seal(self) -> None:
        """Ends appending."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def remove(self) -> None:
        """Deletes the file."""
        self.seal()
        self.path.unlink(missing_ok=True)


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def _first(data: bytes, most_bytes: int, most_records: int) -> list[Frame]:
    frames: list[Frame] = []
    total = 0
    for frame in scan(data):
        total += len(frame.payload)
        if frames and (total > most_bytes or len(frames) >= most_records):
            break
        frames.append(frame)
    return frames
