"""Letting go of base backups, and of the archived log from before the oldest one that stays."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from iotistic.operations.backups import Keep
from iotistic.operations.physical.base_backups import BaseBackup, BaseBackups
from iotistic.operations.physical.errors import BaseBackupDamaged
from iotistic.operations.physical.retention import BaseVerdict, judge_bases, surplus_segments

__all__ = ["Pruned", "prune_bases", "segment_name"]

_SEGMENT_NAME = "[0-9A-F]" * 24
_XLOG_FILE = 1 << 32
"""A log file of old, of which segments are still numbered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was let go, or would be."""

    verdicts: Sequence[BaseVerdict]
    """Newest first."""
    segments: Sequence[str]
    """Files of the archived log."""
    segment_bytes: int


class _Range(msgspec.Struct, rename={"timeline": "Timeline", "start": "Start-LSN"}):
    """A piece of the log that a base backup needs to become consistent."""

    timeline: int
    start: str


class _PostgresManifest(msgspec.Struct, rename={"ranges": "WAL-Ranges"}):
    """What is asked of backup_manifest: not its files."""

    ranges: list[_Range]


def prune_bases(backups: BaseBackups, *, keep: Keep, act: bool) -> Pruned:
    """Judges every base backup; with `act`, removes those that need not stay, newest first, and then the log before the oldest that does.

    So a run that is killed leaves no increment without what it is built on, and no base backup without its log. Raises
    BaseBackupDamaged where one cannot be read: what it is built on, and which log it needs, is not known then.
    """
    for damaged in backups.unreadable():
        raise BaseBackupDamaged(
            damaged.why,
            hint=f"Nothing was removed. See whether {damaged.id} can still be had, and move its folder away.",
        )
    found = backups.list()
    verdicts = judge_bases(found, keep=keep, pinned={each.id for each in found if backups.is_pinned(each)})
    kept = [each.backup for each in verdicts if each.keep]
    segments = surplus_segments(
        [path.name for path in backups.wal.glob("*") if path.is_file()], _oldest_needed(backups, kept)
    )
    size = sum((backups.wal / name).stat().st_size for name in segments)
    if act:
        for verdict in verdicts:
            if not verdict.keep:
                backups.remove(verdict.backup)
        for name in segments:
            (backups.wal / name).unlink(missing_ok=True)
    return Pruned(verdicts=verdicts, segments=segments, segment_bytes=size)


def _oldest_needed(backups: BaseBackups, kept: Sequence[BaseBackup]) -> str | None:
    """The segment that the recovery of the oldest kept base backup begins in; None where there is none, or no archive."""
    size = next((path.stat().st_size for path in sorted(backups.wal.glob(_SEGMENT_NAME))), 0)
    if not kept or not size:
        return None
    return min(
        (
            segment_name(needed.timeline, needed.start, size)
            for each in kept
            for needed in _ranges(backups, each)
        ),
        key=lambda name: name[8:],
    )


def _ranges(backups: BaseBackups, backup: BaseBackup) -> Sequence[_Range]:
    backups.require_same_manifest(backup)
    return msgspec.json.decode(backups.manifest_of(backup).read_bytes(), type=_PostgresManifest).ranges


def segment_name(timeline: int, position: str, size: int) -> str:
    """The file of the log that holds a position ("0/2000028"), segments being so many bytes."""
    high, _, low = position.partition("/")
    number = (int(high, 16) * _XLOG_FILE + int(low, 16)) // size
    return f"{timeline:08X}{number // (_XLOG_FILE // size):08X}{number % (_XLOG_FILE // size):08X}"
