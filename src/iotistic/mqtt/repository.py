"""MQTT in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Literal, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.mqtt.errors import CONSTRAINTS
from iotistic.mqtt.model import BrokerStats, MqttAcl, MqttUser, MqttUserKind, TopicMetrics

__all__ = ["MqttRepository"]

_QUERIES = Queries("iotistic.mqtt")


@final
class MqttRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def insert_user(
        self,
        username: str,
        *,
        kind: MqttUserKind,
        device_uuid: UUID | None,
        client_id: str | None,
        password_hash: str,
        is_superuser: bool,
        lasts: timedelta | None,
    ) -> None:
        await self._sql.run(
            "insert_user",
            username=username,
            kind=kind,
            device_uuid=device_uuid,
            client_id=client_id,
            password_hash=password_hash,
            is_superuser=is_superuser,
            lasts=lasts,
        )

    async def put_device_user(self, device_uuid: UUID, password_hash: str) -> bool:
        """Whether the device has its account now."""
        return (
            await self._sql.run("put_device_user", device_uuid=device_uuid, password_hash=password_hash)
        ) > 0

    async def find_user(self, username: str) -> MqttUser | None:
        return await self._sql.one("find_user", MqttUser, username=username)

    async def list_users(
        self, *, kind: MqttUserKind | None, after: str | None, limit: int
    ) -> Sequence[MqttUser]:
        return await self._sql.many("list_users", MqttUser, kind=kind, after=after, limit=limit)

    async def set_password_hash(self, username: str, password_hash: str) -> bool:
        return (await self._sql.run("set_password_hash", username=username, password_hash=password_hash)) > 0

    async def set_active(self, username: str, *, is_active: bool) -> bool:
        return await self._sql.run("set_active", username=username, is_active=is_active) > 0

    async def delete_user(self, username: str) -> bool:
        return await self._sql.run("delete_user", username=username) > 0

    async def delete_device_user(self, device_uuid: UUID) -> bool:
        return await self._sql.run("delete_device_user", device_uuid=device_uuid) > 0

    async def put_acl(
        self,
        *,
        username: str | None,
        client_id: str | None,
        topic: str,
        access: int,
        origin: Literal["template", "manual"],
    ) -> MqttAcl:
        rule = await self._sql.one(
            "put_acl",
            MqttAcl,
            username=username,
            client_id=client_id,
            topic=topic,
            access=access,
            origin=origin,
        )
        assert rule is not None  # noqa: S101 - the statement always answers
        return rule

    async def delete_acl(self, rule_id: int) -> bool:
        return await self._sql.run("delete_acl", id=rule_id) > 0

    async def list_acls(self, *, username: str | None, after: int | None, limit: int) -> Sequence[MqttAcl]:
        return await self._sql.many("list_acls", MqttAcl, username=username, after=after, limit=limit)

    async def list_acls_for(self, username: str) -> Sequence[MqttAcl]:
        return await self._sql.many("list_acls_for", MqttAcl, username=username)

    async def add_broker_stats(self, stats: Sequence[BrokerStats]) -> int:
        return await self._sql.run_many("add_broker_stats", [asdict(one) for one in stats])

    async def list_broker_stats(
        self, broker_id: int, *, since: datetime, until: datetime, limit: int
    ) -> Sequence[BrokerStats]:
        return await self._sql.many(
            "list_broker_stats", BrokerStats, broker_id=broker_id, since=since, until=until, limit=limit
        )

    async def add_topic_metrics(self, metrics: Sequence[TopicMetrics]) -> int:
        return await self._sql.run_many("add_topic_metrics", [asdict(one) for one in metrics])

    async def list_busiest_topics(
        self, broker_id: int, *, since: datetime, until: datetime, limit: int
    ) -> Sequence[TopicMetrics]:
        return await self._sql.many(
            "list_busiest_topics", TopicMetrics, broker_id=broker_id, since=since, until=until, limit=limit
        )
