"""Sensors in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from typing import final
from uuid import UUID

from psycopg.types.json import Jsonb

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.devices.sensors.errors import CONSTRAINTS
from iotistic.devices.sensors.model import Report, Sensor, SensorDraft

__all__ = ["SensorRepository"]

_QUERIES = Queries("iotistic.devices.sensors")


@final
class SensorRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def lock_device(self, uuid: UUID) -> bool:
        """Until the transaction ends; whether there is such a device."""
        return await self._sql.value("lock_device", uuid=uuid) is not None

    async def count(self, uuid: UUID) -> int:
        sensors: int = await self._sql.value("count_sensors", uuid=uuid)
        return sensors

    async def insert(self, uuid: UUID, name: str, draft: SensorDraft) -> None:
        await self._sql.run("insert_sensor", uuid=uuid, name=name, **_columns(draft))

    async def replace(self, uuid: UUID, name: str, draft: SensorDraft) -> None:
        await self._sql.run("replace_sensor", uuid=uuid, name=name, **_columns(draft))

    async def delete(self, uuid: UUID, name: str) -> bool:
        return await self._sql.run("delete_sensor", uuid=uuid, name=name) > 0

    async def find(self, uuid: UUID, name: str) -> Sensor | None:
        return await self._sql.one("find_sensor", Sensor, uuid=uuid, name=name)

    async def list(self, uuid: UUID, *, limit: int) -> Sequence[Sensor]:
        return await self._sql.many("list_sensors", Sensor, uuid=uuid, limit=limit)

    async def find_state(self, uuid: UUID) -> str | None:
        state: str | None = await self._sql.value("find_state", uuid=uuid)
        return state

    async def record_deployment(
        self, uuid: UUID, name: str, revision: int, deployment: Report, error: str | None
    ) -> None:
        await self._sql.run(
            "record_deployment", uuid=uuid, name=name, revision=revision, deployment=deployment, error=error
        )


def _columns(draft: SensorDraft) -> dict[str, object]:
    return {
        "protocol": draft.protocol,
        "is_enabled": draft.is_enabled,
        "poll_every": draft.poll_every,
        "description": draft.description,
        "connection": Jsonb(draft.connection),
        "data_points": Jsonb(draft.data_points),
    }
