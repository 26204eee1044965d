"""What is examined: one database of one server, and what is known about the machine it runs on."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import final

from iotistic.database.pool import Connection
from iotistic.operations.backups import BackupRecords, BackupStore
from iotistic.operations.doctor.durability import BackupState, DaySize
from iotistic.operations.doctor.fleet import LeafBounds
from iotistic.operations.doctor.model import Circumstances
from iotistic.operations.doctor.repository import DoctorRepository
from iotistic.operations.physical import StanzaState

__all__ = ["MigrationLook", "Patient"]

MigrationLook = Callable[[], Awaitable[tuple[Sequence[str], Sequence[str]]]]
"""Names of databases with pending files, and what is wrong with others in words."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A connection in a read-only session, and the circumstances."""

    connection: Connection
    seen: Circumstances
    migrations: MigrationLook
    is_platform: bool = True
    """Whether it is the platform database, with its telemetry."""
    stanza: StanzaState | None = None
    """What pgBackRest says, where this installation uses it and it answers."""
    stanza_problem: str | None = None
    """Why it does not answer."""
    known_leaves: list[Sequence[LeafBounds]] = field(default_factory=list[Sequence[LeafBounds]])
    known_days: list[Sequence[DaySize]] = field(default_factory=list[Sequence[DaySize]])
    """What several checks ask for, asked once: each costs a fifth of a second on 700 leaves."""

    @property
    def ask(self) -> DoctorRepository:
        return DoctorRepository(self.connection)

    async def day_sizes(self) -> Sequence[DaySize]:
        """Yesterday's rows and the room each day takes, by parent."""
        if not self.known_days:
            midnight = self.seen.now.replace(hour=0, minute=0, second=0, microsecond=0)
            self.known_days.append(await self.ask.day_sizes(midnight))
        return self.known_days[0]

    async def leaves(self) -> Sequence[LeafBounds]:
        """Every partition, by parent and time."""
        if not self.known_leaves:
            self.known_leaves.append(await self.ask.partition_bounds())
        return self.known_leaves[0]

    def backups(self) -> BackupState | None:
        """Of this database, where its backups lie on this machine."""
        if self.seen.backups is None:
            return None
        store = BackupStore(self.seen.backups)
        records = BackupRecords(store.root)
        full = [each for each in store.list(self.seen.database) if each.is_full]
        proofs = [proof.proved_at for each in full if (proof := records.find_proof(each)) is not None]
        return BackupState(
            newest=full[0].started_at if full else None,
            proved=max(proofs, default=None),
            key_id=full[0].key_id if full else None,
            unreadable=tuple(each.id for each in store.unreadable(self.seen.database)),
        )
