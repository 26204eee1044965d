"""Records on disk between being made and being delivered: bounded, in order, safe against kill -9 and loss of power.

Guarantees, each a test in `tests/unit/agent/test_spool.py`:

- When `append` returns, the records are on the disk (one `fdatasync` a call, however many records).
- A crash at any instant loses nothing of an `append` that had returned; a torn tail is cut.
- A record leaves only by a receipt (`acknowledge`), by the bound (oldest first, counted), or as damaged (counted).
- The files never take more than `limit` bytes.
- What was sent but not yet acknowledged at a crash is sent again, byte for byte.

Delivery is from the oldest record on. When there is a backlog of sealed segments, `next_batch(fresh=True)` offers what came
since, so that the present need not wait for the past.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, final

from iotistic.agent.frames import Frame, pack
from iotistic.agent.segment import Segment
from iotistic.agent.state_folder import sync_folder, write_atomically

__all__ = ["Batch", "Entry", "Spool"]

_LARGEST_SEGMENT = 2**20
_SEGMENTS_IN_LIMIT = 16
"""The bound drops whole segments: a sixteenth of the spool at a time."""
_SMALLEST_LIMIT = 256 * 1024

Tell = Callable[..., None]
"""Takes an event's name and its fields."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record to keep."""

    payload: bytes
    """What will be sent, unchanged."""
    mark: bytes = b""
    """What is true once this record is kept; `Spool.last_mark` gives it back after a crash."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one segment, to be sent and then acknowledged."""

    segment: int
    frames: Sequence[Frame]

    @property
    def payloads(self) -> list[bytes]:
        return [frame.payload for frame in self.frames]

    def __len__(self) -> int:
        return len(self.frames)

    def halves(self) -> tuple["Batch", "Batch"]:
        """The first and the second half, in order."""
        middle = len(self.frames) // 2
        return Batch(self.segment, self.frames[:middle]), Batch(self.segment, self.frames[middle:])


@final
class Spool:
    """One queue of records in one folder. One process at a time (`StateFolder.hold` sees to that)."""

    def __init__(self, folder: Path, *, limit: int, tell: Tell) -> None:
        self._folder = folder
        self._limit = max(limit, _SMALLEST_LIMIT)
        self._segment_size = min(_LARGEST_SEGMENT, self._limit // _SEGMENTS_IN_LIMIT)
        self._tell = tell
        self._segments: list[Segment] = []
        self._active: Segment | None = None
        self._next_number = 1
        self.last_mark = b""
        """The mark of the newest record ever kept."""
        self.dropped = 0
        """Records lost to the bound, to damage or to a full disk, over the life of the folder."""

    @classmethod
    def open(cls, folder: Path, *, limit: int, tell: Tell) -> Self:
        """The spool in `folder`, made if missing, with whatever an earlier process left. Raises OSError."""
        spool = cls(folder, limit=limit, tell=tell)
        for made in (folder.parent, folder):  # the mode is for the last folder of a path only
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
        spool._recover()
        return spool

    @property
    def pending(self) -> int:
        """Records not yet delivered."""
        return sum(segment.pending for segment in self._segments)

    @property
    def pending_bytes(self) -> int:
        """Their bytes."""
        return sum(segment.pending_bytes for segment in self._segments)

    @property
    def size(self) -> int:
        """Bytes of all segment files."""
        return sum(segment.size for segment in self._segments)

    def append(self, entries: Sequence[Entry]) -> None:
        """Keeps the records, in order; when this returns they survive a loss of power.

        Makes room by dropping the oldest. Raises OSError when the disk does not take them; then the records of whole segments
        before the failure are kept and `last_mark` tells which.
        """
        for group in self._groups(entries):
            frames = b"".join(pack(entry.payload, entry.mark) for entry in group)
            self._make_room(len(frames))
            self._writable().append(frames, len(group))
            self.last_mark = group[-1].mark

    def note(self, mark: bytes) -> None:
        """Keeps a mark that no record goes with. Raises OSError."""
        self._seal()  # what is appended next lies in a younger segment, so its marks win over this one
        self.last_mark = mark
        self._write_mark(self._next_number - 1)

    def next_batch(self, *, most_bytes: int, most_records: int, fresh: bool = False) -> Batch | None:
        """The oldest pending records, or with `fresh` those that came since a backlog was closed; None when there are none."""
        while (segment := self._fresh() if fresh else self._oldest()) is not None:
            frames = segment.read(most_bytes=most_bytes, most_records=most_records)
            if not frames:
                self._lose(segment, "spool_damaged")
                continue
            if segment is self._active and len(frames) < segment.pending:
                # More than one request's worth: what comes from now on need not queue behind it.
                self._seal()
            return Batch(segment.number, frames)
        return None

    def acknowledge(self, batch: Batch) -> None:
        """Forgets records for which a receipt is held, which must be the oldest of their segment."""
        segment = next((segment for segment in self._segments if segment.number == batch.segment), None)
        if segment is None:
            return  # dropped meanwhile to make room, and counted
        # An acknowledgement that a full or failing disk does not take costs a replay after a crash, and nothing else.
        with suppress(OSError):
            segment.acknowledge(batch.frames[-1].end, len(batch))
            if segment.is_delivered and (
                segment is not self._active or segment.size >= self._segment_size // 2
            ):
                self._remove(segment)

    def count_dropped(self, records: int, **fields: object) -> None:
        """Counts records that were lost, durably, and says so."""
        self.dropped += records
        with suppress(OSError):
            write_atomically(self._folder / "dropped", str(self.dropped).encode(), durable=False)
        self._tell("spool_dropped", spool=self._folder.name, records=records, total=self.dropped, **fields)

    def close(self) -> None:
        """Closes the files; everything is on the disk already."""
        self._seal()

    # ------------------------------------------------------------ inside

    def _recover(self) -> None:
        self.dropped = int(_content(self._folder / "dropped") or b"0")
        marked, _, self.last_mark = _content(self._folder / "last_mark").partition(b"\n")
        newest_removed = int(marked or b"0")
        for path in sorted(self._folder.glob("*.segment")):
            found = Segment.recover(path, int(path.stem))
            self._segments.append(found.segment)
            if found.last_mark is not None and found.segment.number > newest_removed:
                self.last_mark = found.last_mark
            if found.torn:
                self._tell("spool_tail_cut", spool=self._folder.name, bytes=found.torn)
        self._next_number = 1 + max([newest_removed, *(segment.number for segment in self._segments)])
        for segment in [segment for segment in self._segments if segment.is_delivered]:
            self._remove(segment)

    def _groups(self, entries: Sequence[Entry]) -> Iterator[list[Entry]]:
        """Runs of entries that fit a segment each, so that a burst respects the bound as well."""
        group: list[Entry] = []
        size = 0
        for entry in entries:
            length = len(entry.payload) + len(entry.mark)
            if group and size + length > self._segment_size:
                yield group
                group, size = [], 0
            group.append(entry)
            size += length
        if group:
            yield group

    def _writable(self) -> Segment:
        if self._active is not None and self._active.size >= self._segment_size:
            self._seal()
        if self._active is None:
            path = self._folder / f"{self._next_number:012}.segment"
            self._active = Segment.create(path, self._next_number)
            self._segments.append(self._active)
            self._next_number += 1
        return self._active

    def _seal(self) -> None:
        if self._active is not None:
            self._active.seal()
            self._active = None

    def _make_room(self, wanted: int) -> None:
        # A segment's header comes on top when a new one is begun.
        while self._segments and self.size + wanted + 64 > self._limit:
            oldest = self._segments[0]
            if oldest.pending:
                self._lose(oldest, "spool_full", limit=self._limit)
            else:
                self._remove(oldest)

    def _lose(self, segment: Segment, reason: str, **fields: object) -> None:
        lost = segment.pending
        self._remove(segment)
        self.count_dropped(lost, reason=reason, **fields)

    def _remove(self, segment: Segment) -> None:
        if segment is self._active:
            self._seal()
        if segment is self._segments[-1] and self.last_mark:
            # Nothing younger is left to say how far reading has come; older segments of a backlog may still be there.
            self._write_mark(segment.number)
        self._segments.remove(segment)
        segment.remove()
        sync_folder(self._folder)

    def _write_mark(self, number: int) -> None:
        """`number` is of the newest segment the mark is younger than, or as old as."""
        write_atomically(self._folder / "last_mark", b"%d\n%b" % (number, self.last_mark))

    def _oldest(self) -> Segment | None:
        return next((segment for segment in self._segments if not segment.is_delivered), None)

    def _fresh(self) -> Segment | None:
        active = self._active
        if active is None or active.is_delivered or self._oldest() is active:
            return None
        return active


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
