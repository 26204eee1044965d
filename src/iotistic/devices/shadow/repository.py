"""Shadows in the tables, in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.devices.errors import CONSTRAINTS
from iotistic.devices.shadow.codec import decode, encode
from iotistic.devices.shadow.merge_patch import merged
from iotistic.devices.shadow.model import (
    Actor,
    Cause,
    Half,
    InheritedVersions,
    Revision,
    Shadow,
    State,
    Versions,
)

__all__ = ["NOTHING", "Inherited", "ShadowRepository", "StoredHalf"]

_QUERIES = Queries("iotistic.devices.shadow")

NOTHING = State(version=0, document={}, changed_at=None)
"""A half before its first write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHalf:
    """A half as a writer meets it."""

    state: State
    retired_at: datetime | None
    """When its device was taken out of service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """What effective settings are made of."""

    versions: InheritedVersions
    fleet: str | None
    defaults: dict[str, Any]
    """The settings of the fleet."""
    desired: dict[str, Any]


@final
class ShadowRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def find_versions(self, uuid: UUID) -> Versions | None:
        return await self._sql.one("find_versions", Versions, uuid=uuid)

    async def find(self, uuid: UUID) -> Shadow | None:
        return await self._sql.one("find_shadow", _shadow, uuid=uuid)

    async def find_inherited_versions(self, uuid: UUID) -> InheritedVersions | None:
        return await self._sql.one("find_inherited_versions", InheritedVersions, uuid=uuid)

    async def find_inherited(self, uuid: UUID) -> Inherited | None:
        return await self._sql.one("find_inherited", _inherited, uuid=uuid)

    async def find_half(self, uuid: UUID, half: Half) -> StoredHalf | None:
        return await self._sql.one("find_half", _stored, uuid=uuid, half=half)

    async def find_half_locked(self, uuid: UUID, half: Half) -> StoredHalf | None:
        """The same, and nobody else writes it until the transaction ends."""
        await self._sql.run("lock_half", uuid=uuid, half=half)
        return await self.find_half(uuid, half)

    async def write(
        self,
        uuid: UUID,
        half: Half,
        document: Mapping[str, Any],
        *,
        built_on: int,
        actor: Actor,
        cause: Cause,
        restored_version: int | None,
    ) -> State | None:
        """The version after `built_on`, or None when the half is no longer there."""
        return await self._sql.one(
            "write_half",
            _state,
            uuid=uuid,
            half=half,
            document=encode(dict(document)),
            built_on=built_on,
            actor_kind=actor.kind,
            actor=actor.name,
            cause=cause,
            restored_version=restored_version,
        )

    async def find_version(self, uuid: UUID, half: Half, version: int) -> State | None:
        return await self._sql.one("find_version", _state, uuid=uuid, half=half, version=version)

    async def find_moment(self, uuid: UUID, half: Half, moment: datetime) -> State | None:
        return await self._sql.one("find_moment", _state, uuid=uuid, half=half, moment=moment)

    async def thin_history(self, *, age: timedelta, keep: int, limit: int) -> int:
        return await self._sql.run("thin_history", age=age, keep=keep, limit=limit)

    async def list_revisions(
        self, uuid: UUID, half: Half, *, before: int | None, limit: int
    ) -> Sequence[Revision]:
        return await self._sql.many(
            "list_revisions", Revision, uuid=uuid, half=half, before=before, limit=limit
        )


def _state(*, version: int | None, document: str | None, changed_at: datetime | None) -> State:
    if version is None or document is None:
        return NOTHING
    return State(version=version, document=decode(document), changed_at=changed_at)


def _stored(
    *,
    retired_at: datetime | None,
    version: int | None,
    document: str | None,
    changed_at: datetime | None,
) -> StoredHalf:
    return StoredHalf(
        state=_state(version=version, document=document, changed_at=changed_at), retired_at=retired_at
    )


def _shadow(
    *,
    device_uuid: UUID,
    fleet: int,
    settings: int,
    defaults: str | None,
    desired_version: int | None,
    desired_document: str | None,
    desired_changed_at: datetime | None,
    reported_version: int | None,
    reported_document: str | None,
    reported_changed_at: datetime | None,
) -> Shadow:
    return Shadow(
        device_uuid=device_uuid,
        desired=_state(version=desired_version, document=desired_document, changed_at=desired_changed_at),
        reported=_state(version=reported_version, document=reported_document, changed_at=reported_changed_at),
        # Through an empty one, since the settings of a fleet may have null members.
        inherited={} if defaults is None else merged({}, decode(defaults)),
        fleet=fleet,
        settings=settings,
    )


def _inherited(
    *,
    desired: int,
    fleet: int,
    settings: int,
    fleet_name: str | None,
    defaults: str | None,
    document: str | None,
) -> Inherited:
    return Inherited(
        versions=InheritedVersions(desired=desired, fleet=fleet, settings=settings),
        fleet=fleet_name,
        defaults={} if defaults is None else decode(defaults),
        desired={} if document is None else decode(document),
    )
