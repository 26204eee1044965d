"""Which backups may go: grandfather, father, son, and never the last one that was proved."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from iotistic.operations.backups.model import Manifest

__all__ = ["Keep", "Verdict", "judge", "newest_of_classes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How many of the newest days, weeks and months keep one backup each."""

    daily: int = 7
    weekly: int = 4
    monthly: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of one backup, and why."""

    manifest: Manifest
    keep: bool
    reason: str


def judge(
    backups: Sequence[Manifest], *, keep: Keep, pinned: Collection[str], proved: Collection[str]
) -> list[Verdict]:
    """A verdict for each backup of one database, newest first.

    `pinned` and `proved` are ids: kept on purpose; restored and compared. A backup goes only if a newer proved one stays, so
    that a row of backups nobody ever restored deletes nothing.
    """
    newest_first = sorted(backups, key=lambda manifest: manifest.id, reverse=True)
    reasons = newest_of_classes([(each.id, each.started_at) for each in newest_first if each.is_full], keep)
    newest_proved = next((each.id for each in newest_first if each.id in proved and each.is_full), None)
    verdicts: list[Verdict] = []
    for manifest in newest_first:
        reason = reasons.get(manifest.id)
        if manifest.id in pinned:
            reason = "pinned"
        elif reason is None and manifest.id == newest_proved:
            reason = "the newest that was proved"
        elif reason is None and (newest_proved is None or newest_proved < manifest.id):
            reason = "no newer one was proved: run `iotistic backup drill`"
        verdicts.append(
            Verdict(manifest=manifest, keep=reason is not None, reason=reason or "a newer one was proved")
        )
    return verdicts


def newest_of_classes(newest_first: Sequence[tuple[str, datetime]], keep: Keep) -> dict[str, str]:
    """Why each of these ids that were begun at these moments is needed; those that need not stay are left out."""
    classes: tuple[tuple[str, int, Callable[[datetime], tuple[int, ...]]], ...] = (
        ("day", keep.daily, lambda at: (at.year, at.month, at.day)),
        ("week", keep.weekly, lambda at: tuple(at.isocalendar()[:2])),
        ("month", keep.monthly, lambda at: (at.year, at.month)),
    )
    reasons: dict[str, str] = {}
    for name, count, slot_of in classes:
        slots: dict[tuple[int, ...], str] = {}
        for backup, at in newest_first:
            slots.setdefault(slot_of(at), backup)  # the newest of its slot
        for kept in list(slots.values())[:count]:
            reasons.setdefault(kept, f"the newest of its {name}")
    return reasons
