"""When a database's next backup is due, and when its newest one has to be proved. Decisions only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from iotistic.operations.backups.model import Manifest
from iotistic.operations.backups.records import Proof

__all__ = ["Timetable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """How often backups are taken, and how often one is restored to see that it is good."""

    every: timedelta
    """The age at which the newest full backup gets a successor."""
    drill_every: timedelta
    """How long ago the last proof may be."""

    def is_backup_due(self, backups: Iterable[Manifest], now: datetime) -> bool:
        """Counted from the moment the newest full one shows; one of a few tables replaces nothing."""
        newest = max((each.started_at for each in backups if each.is_full), default=None)
        return newest is None or now - newest >= self.every

    def drill_due(
        self, backups: Iterable[Manifest], proofs: Sequence[Proof], now: datetime
    ) -> Manifest | None:
        """The backup to restore: the newest full one, if it is unproved and the last proof of any is too long ago."""
        newest = max((each for each in backups if each.is_full), key=lambda each: each.id, default=None)
        if newest is None or any(proof.backup == newest.id for proof in proofs):
            return None
        last = max((proof.proved_at for proof in proofs), default=None)
        return newest if last is None or now - last >= self.drill_every else None
