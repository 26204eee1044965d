"""Which base backups may go, and which pieces of the archived log nobody needs any more. Decisions only."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from iotistic.operations.backups import Keep
from iotistic.operations.backups.retention import newest_of_classes
from iotistic.operations.physical.base_backups import BaseBackup

__all__ = ["BaseVerdict", "judge_bases", "surplus_segments"]

_SEGMENT = re.compile(r"[0-9A-F]{8}(?P<position>[0-9A-F]{16})(\.[0-9A-F]{8}\.backup|\.partial)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseVerdict:
    """What becomes of one base backup, and why."""

    backup: BaseBackup
    keep: bool
    reason: str


def judge_bases(backups: Sequence[BaseBackup], *, keep: Keep, pinned: Collection[str]) -> list[BaseVerdict]:
    """A verdict for each base backup of one server, newest first.

    Each was verified when it was taken. One that stays keeps everything it was built on; what was built on something that is gone
    can never be recovered, and goes. Without a whole chain nothing goes.
    """
    newest_first = sorted(backups, key=lambda backup: backup.id, reverse=True)
    known = {each.id: each for each in newest_first}
    chains = {each.id: _chain(each, known) for each in newest_first}
    whole = [each for each in newest_first if chains[each.id] is not None]
    reasons = newest_of_classes([(each.id, each.started_at) for each in whole], keep) | {
        each.id: "pinned" for each in newest_first if each.id in pinned
    }
    for kept in [each for each in whole if each.id in reasons]:
        for link in chains[kept.id] or ():
            reasons.setdefault(link, f"{kept.id} is built on it")
    return [
        BaseVerdict(
            backup=each,
            keep=each.id in reasons or not whole,
            reason=reasons.get(each.id) or _why(each, chains[each.id], whole),
        )
        for each in newest_first
    ]


def surplus_segments(names: Iterable[str], oldest_needed: str | None) -> list[str]:
    """The files of the archive that lie before `oldest_needed`, the name of a segment; None: nothing is known, nothing goes.

    Timelines are not compared: a server that went back and on again counts positions from where it went on (pg_archivecleanup does
    the same). Histories of timelines stay.
    """
    needed = _SEGMENT.fullmatch(oldest_needed or "")
    if needed is None:
        return []
    found = ((name, _SEGMENT.fullmatch(name)) for name in names)
    return sorted(name for name, match in found if match and match["position"] < needed["position"])


def _chain(backup: BaseBackup, known: dict[str, BaseBackup]) -> tuple[str, ...] | None:
    """Everything it is built on, itself included; None where a link is gone."""
    links = [backup.id]
    while backup.parent is not None:
        parent = known.get(backup.parent)
        if parent is None:
            return None
        links.append(parent.id)
        backup = parent
    return tuple(links)


def _why(backup: BaseBackup, chain: tuple[str, ...] | None, whole: Sequence[BaseBackup]) -> str:
    if not whole:
        return "there is no whole one"
    return f"what it is built on is gone: {backup.parent}" if chain is None else "newer ones stay"
