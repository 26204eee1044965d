"""Which devices' rows stay longer or shorter than the policy of their table says."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final
from uuid import UUID

from iotistic.database.errors import ConstraintErrors
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.errors import Invalid, NotFound
from iotistic.partitioning.errors import PolicyNotFound

__all__ = ["CLASSES", "ClassStamp", "DeviceClass", "RetentionClasses"]

_QUERIES = Queries("iotistic.partitioning")

CLASSES = (7, 30, 90, 400)
"""The retention classes there are, in days."""


class ClassUnknown(Invalid):
    """A number of days that is no retention class."""

    code = "retention_class_unknown"


class ClassesUnsupported(Invalid):
    """A table whose policy names no column of devices: a class would have no effect."""

    code = "retention_classes_unsupported"


class DeviceUnknown(NotFound):
    """There is no device with this uuid."""

    code = "device_not_found"


_CONSTRAINTS: ConstraintErrors = {
    "device_retention_classes_device_uuid_fkey": lambda _: DeviceUnknown(
        "There is no device with this uuid."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceClass:
    """The class of one device in one table."""

    parent: str
    device_uuid: UUID
    keep_days: int
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassStamp:
    """Another one after every change of a class."""

    devices: int
    changed_at: datetime | None


@final
class RetentionClasses:
    """On one connection of the application's role, or to read of that of ingest; the caller commits."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, _CONSTRAINTS)

    async def set_class(self, parent: str, device_uuid: UUID, keep_days: int | None) -> bool:
        """Puts a device into a class, or with None back to what the policy says; answers whether that changed anything.

        Holds for rows that are there already as for those to come. Raises ClassUnknown, PolicyNotFound, ClassesUnsupported, DeviceUnknown.
        """
        if keep_days is not None and keep_days not in CLASSES:
            listed = ", ".join(map(str, CLASSES))
            raise ClassUnknown(f"{keep_days} days is no retention class: {listed}.", keep_days=keep_days)
        columns = await self._sql.rows("find_device_column", parent=parent)
        if not columns:
            raise PolicyNotFound.of(parent)
        if columns == [(None,)]:
            raise ClassesUnsupported(
                f"The rows of {parent} stay equally long, whatever device they are of.",
                hint="Only a table with a `device_column` in partition_policies has retention classes, such as device_metrics.",
                parent=parent,
            )
        changed = await self._sql.run(
            "set_class", parent=parent, device_uuid=device_uuid, keep_days=keep_days
        )
        return bool(changed)

    async def stamp(self) -> ClassStamp | None:
        """What to compare with the stamp of the last look, before all devices are read again."""
        return await self._sql.one("find_class_stamp", ClassStamp)

    async def keeps(self) -> dict[str, dict[UUID, timedelta]]:
        """How long the rows of each device with a class of its own stay, by table."""
        found: dict[str, dict[UUID, timedelta]] = {}
        for parent, device_uuid, days in await self._sql.rows("list_class_keeps"):
            found.setdefault(parent, {})[device_uuid] = timedelta(days=days)
        return found

    async def list_devices(
        self, *, limit: int, after: tuple[str, UUID] = ("", UUID(int=0))
    ) -> list[DeviceClass]:
        """Devices with a class of their own, by table and uuid, from behind `after`."""
        return await self._sql.many(
            "list_devices_of_classes", DeviceClass, after_parent=after[0], after=after[1], limit=limit
        )
