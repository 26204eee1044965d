"""The facts, one question a method. Changes nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import final

from iotistic.database.locks import LockKey
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.operations.doctor.backlog import Backlog
from iotistic.operations.doctor.bloat import Swollen
from iotistic.operations.doctor.durability import Archiving, DaySize, LogSize, Slot, Standby
from iotistic.operations.doctor.edge import BrokerQuestion, ClockSkews
from iotistic.operations.doctor.fleet import IngestAge, Kept, LeafBounds, Quarantined
from iotistic.operations.doctor.server_state import FileError, OddSetting
from iotistic.operations.doctor.sessions import (
    BlockedSession,
    ConnectionUse,
    OpenTransaction,
    ServiceSession,
    Statement,
)
from iotistic.operations.doctor.structure import (
    BareForeignKey,
    DuplicateIndex,
    IndexUse,
    InvalidObject,
    OutdatedExtension,
    ScannedTable,
    SequenceUse,
)
from iotistic.operations.doctor.upkeep import CacheUse, DeadRows, FreezeAge, UnanalyzedParent
from iotistic.operations.doctor.waiting import Wait

__all__ = ["DoctorRepository"]

_QUERIES = Queries("iotistic.operations.doctor")


@final
class DoctorRepository:
    """Asks on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def statistics_since(self) -> datetime | None:
        since: datetime | None = await self._sql.value("statistics_since")
        return since

    async def connection_use(self) -> ConnectionUse:
        (use,) = await self._sql.many("connection_use", ConnectionUse)
        return use

    async def open_transactions(self) -> Sequence[OpenTransaction]:
        return await self._sql.many("open_transactions", OpenTransaction)

    async def blocked_sessions(self) -> Sequence[BlockedSession]:
        return await self._sql.many("blocked_sessions", BlockedSession)

    async def slow_statements(self) -> Sequence[Statement] | None:
        """None where nobody counts statements."""
        if not await self._sql.value("has_statement_statistics"):
            return None
        return await self._sql.many("slow_statements", Statement)

    async def cache_use(self) -> CacheUse:
        (use,) = await self._sql.many("cache_use", CacheUse)
        return use

    async def index_use(self) -> Sequence[IndexUse]:
        return await self._sql.many("index_use", IndexUse)

    async def duplicate_indexes(self) -> Sequence[DuplicateIndex]:
        return await self._sql.many("duplicate_indexes", DuplicateIndex)

    async def invalid_objects(self) -> Sequence[InvalidObject]:
        return await self._sql.many("invalid_objects", InvalidObject)

    async def bare_foreign_keys(self) -> Sequence[BareForeignKey]:
        return await self._sql.many("bare_foreign_keys", BareForeignKey)

    async def scanned_tables(self) -> Sequence[ScannedTable]:
        return await self._sql.many("scanned_tables", ScannedTable)

    async def dead_rows(self) -> Sequence[DeadRows]:
        return await self._sql.many("dead_rows", DeadRows)

    async def freeze_ages(self) -> Sequence[FreezeAge]:
        return await self._sql.many("freeze_ages", FreezeAge)

    async def unanalyzed_parents(self) -> Sequence[UnanalyzedParent]:
        return await self._sql.many("unanalyzed_parents", UnanalyzedParent)

    async def standbys(self) -> Sequence[Standby]:
        return await self._sql.many("standbys", Standby)

    async def slots(self) -> Sequence[Slot]:
        return await self._sql.many("slots", Slot)

    async def archiving(self) -> Archiving:
        (facts,) = await self._sql.many("archiving", Archiving)
        return facts

    async def log_size(self) -> LogSize:
        (size,) = await self._sql.many("log_size", LogSize)
        return size

    async def sequence_use(self) -> Sequence[SequenceUse]:
        return await self._sql.many("sequence_use", SequenceUse)

    async def odd_settings(self) -> Sequence[OddSetting]:
        return await self._sql.many("odd_settings", OddSetting)

    async def file_errors(self) -> Sequence[FileError]:
        return await self._sql.many("file_errors", FileError)

    async def service_sessions(self) -> Sequence[ServiceSession]:
        return await self._sql.many("superuser_sessions", ServiceSession)

    async def outdated_extensions(self) -> Sequence[OutdatedExtension]:
        return await self._sql.many("outdated_extensions", OutdatedExtension)

    async def day_sizes(self, today: datetime) -> Sequence[DaySize]:
        """`today` is the first moment of the present UTC day."""
        return await self._sql.many("day_sizes", DaySize, today=today)

    async def partition_bounds(self) -> Sequence[LeafBounds]:
        """By parent and time."""
        return await self._sql.many("partition_bounds", LeafBounds)

    async def keep_days(self) -> Sequence[Kept]:
        return await self._sql.many("keep_days", Kept)

    async def quarantined(self) -> Sequence[Quarantined]:
        return await self._sql.many("quarantined", Quarantined)

    async def waiting_marks(self) -> Backlog:
        (waiting,) = await self._sql.many("waiting_marks", Backlog)
        return waiting

    async def ingest_age(self) -> IngestAge:
        (age,) = await self._sql.many("ingest_age", IngestAge)
        return age

    async def housekeeper_leads(self) -> bool:
        return bool(await self._sql.value("housekeeper_leads", number=LockKey.HOUSEKEEPER.number))

    async def clock_skews(self) -> ClockSkews:
        (skews,) = await self._sql.many("clock_skews", ClockSkews)
        return skews

    async def broker_questions(self) -> Sequence[BrokerQuestion] | None:
        """None where nobody counts statements."""
        if not await self._sql.value("has_statement_statistics"):
            return None
        return await self._sql.many("broker_questions", BrokerQuestion)

    async def waits(self) -> Sequence[Wait]:
        return await self._sql.many("waits", Wait)

    async def swollen_tables(self) -> Sequence[Swollen]:
        return await self._sql.many("swollen_tables", Swollen)
