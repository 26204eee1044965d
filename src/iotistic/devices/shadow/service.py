"""What can be done with shadows."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.devices.errors import DeviceNotFound
from iotistic.devices.shadow.difference import Difference, difference_of
from iotistic.devices.shadow.edit import Edit, apply_edit, require_version
from iotistic.devices.shadow.errors import HalfNotYours, ShadowFrozen, VersionNotFound
from iotistic.devices.shadow.limits import admitted
from iotistic.devices.shadow.merge_patch import merged
from iotistic.devices.shadow.model import (
    Actor,
    EffectiveSettings,
    Half,
    InheritedVersions,
    Revision,
    Shadow,
    State,
    Versions,
)
from iotistic.devices.shadow.repository import NOTHING, ShadowRepository, StoredHalf

__all__ = ["ShadowService"]

T = TypeVar("T")

_LONGEST_PAGE = 1000


@final
class ShadowService:
    """Shadows on one connection; whoever opened the transaction commits it.

    Every method raises DeviceNotFound. The writing ones answer the half as it is afterwards, at the same version when nothing
    changed; they raise HalfNotYours, ShadowFrozen, DocumentInvalid, DocumentTooLarge, and VersionConflict when the half is at
    none of the `expected` versions.
    """

    def __init__(self, connection: Connection) -> None:
        self._shadows = ShadowRepository(connection)

    async def get_versions(self, uuid: UUID) -> Versions:
        """How far both halves have come."""
        return _known(await self._shadows.find_versions(uuid), uuid)

    async def get_shadow(self, uuid: UUID, *, at: datetime | None = None) -> Shadow:
        """Both halves as they are, with what the device inherits; or as they were at a moment, when what it inherited is not known."""
        shadow = _known(await self._shadows.find(uuid), uuid)
        if at is None:
            return shadow
        return Shadow(
            device_uuid=uuid,
            desired=await self._shadows.find_moment(uuid, "desired", at) or NOTHING,
            reported=await self._shadows.find_moment(uuid, "reported", at) or NOTHING,
        )

    async def get_inherited_versions(self, uuid: UUID) -> InheritedVersions:
        """How far the effective settings have come."""
        return _known(await self._shadows.find_inherited_versions(uuid), uuid)

    async def get_effective_settings(self, uuid: UUID) -> EffectiveSettings:
        """What holds for the device: the settings of its fleet, with what is desired of it merged over them (RFC 7396)."""
        found = _known(await self._shadows.find_inherited(uuid), uuid)
        return EffectiveSettings(
            versions=found.versions,
            fleet=found.fleet,
            # Through an empty one, since the settings of a fleet may have null members.
            document=merged(merged({}, found.defaults), found.desired),
        )

    async def get_state(
        self, uuid: UUID, half: Half, *, version: int | None = None, at: datetime | None = None
    ) -> State:
        """One half as it is, at a version (raises VersionNotFound) or at a moment (version 0 before the first write)."""
        stored = _known(await self._shadows.find_half(uuid, half), uuid)
        if version is not None:
            return await self._version(uuid, half, version)
        if at is not None:
            return await self._shadows.find_moment(uuid, half, at) or NOTHING
        return stored.state

    async def patch(
        self,
        uuid: UUID,
        half: Half,
        patch: Mapping[str, Any],
        *,
        actor: Actor,
        expected: Collection[int] | None = None,
    ) -> State:
        """Merges the patch into the half (RFC 7396): null removes a member, arrays are replaced."""
        edit = Edit(cause="patch", content=admitted(dict(patch)))
        return await self._write(uuid, half, edit, actor, expected)

    async def replace(
        self,
        uuid: UUID,
        half: Half,
        document: Mapping[str, Any],
        *,
        actor: Actor,
        expected: Collection[int] | None = None,
    ) -> State:
        """Makes the document the half; null members are left out."""
        edit = Edit(cause="replace", content=admitted(dict(document)))
        return await self._write(uuid, half, edit, actor, expected)

    async def roll_back(
        self, uuid: UUID, *, to: int, actor: Actor, expected: Collection[int] | None = None
    ) -> State:
        """Makes what was desired at version `to` desired again, as a new version. Raises VersionNotFound."""
        _require_right(uuid, "desired", actor)
        _known(await self._shadows.find_versions(uuid), uuid)
        old = await self._version(uuid, "desired", to)
        edit = Edit(cause="rollback", content=old.document, restored_version=to)
        return await self._write(uuid, "desired", edit, actor, expected)

    async def list_revisions(
        self, uuid: UUID, half: Half, *, before: int | None = None, limit: int = 100
    ) -> Sequence[Revision]:
        """How the versions came to be, newest first, those before version `before`, at most `limit` (up to 1,000)."""
        _known(await self._shadows.find_versions(uuid), uuid)
        return await self._shadows.list_revisions(uuid, half, before=before, limit=min(limit, _LONGEST_PAGE))

    async def thin_history(self, *, older_than: timedelta, keep: int, limit: int = 5000) -> int:
        """Forgets versions that are both older than that and not among the `keep` newest of their half, at most `limit`.

        Answers how many. The present version always stays. Needs the owner's rights: to everybody else history is only added.
        """
        return await self._shadows.thin_history(age=older_than, keep=max(keep, 1), limit=limit)

    async def compare(self, uuid: UUID, half: Half, older: int, newer: int) -> Difference:
        """How version `newer` differs from `older`; either may be the later one. Raises VersionNotFound."""
        _known(await self._shadows.find_versions(uuid), uuid)
        old = await self._version(uuid, half, older)
        new = await self._version(uuid, half, newer)
        return difference_of(dict(old.document), dict(new.document))

    async def _version(self, uuid: UUID, half: Half, version: int) -> State:
        state = NOTHING if version == 0 else await self._shadows.find_version(uuid, half, version)
        if state is None:
            raise VersionNotFound(
                f"What is {half} never had a version {version}.", hint="The history lists all there are."
            )
        return state

    async def _write(
        self, uuid: UUID, half: Half, edit: Edit, actor: Actor, expected: Collection[int] | None
    ) -> State:
        """Tries without a lock first: a change that changes nothing then touches no row. The loser of a race waits its turn."""
        _require_right(uuid, half, actor)
        find = self._shadows.find_half
        while True:
            stored = _known(await find(uuid, half), uuid)
            require_version(stored.state, expected)
            written = await self._try(uuid, half, stored, edit, actor)
            if written is not None:
                return written
            find = self._shadows.find_half_locked

    async def _try(
        self, uuid: UUID, half: Half, stored: StoredHalf, edit: Edit, actor: Actor
    ) -> State | None:
        """The half after the edit; None when another writer was faster."""
        if stored.retired_at is not None:
            raise ShadowFrozen("The device is retired: its shadow can be read and not written.")
        document = apply_edit(stored.state, edit)
        if document is None:
            return stored.state
        return await self._shadows.write(
            uuid,
            half,
            document,
            built_on=stored.state.version,
            actor=actor,
            cause=edit.cause,
            restored_version=edit.restored_version,
        )


def _require_right(uuid: UUID, half: Half, actor: Actor) -> None:
    """Decided here as well as at the edge: whatever way in comes next, a device reports for itself and desires nothing."""
    may = (half == "reported" and actor.name == str(uuid)) if actor.kind == "device" else half == "desired"
    if not may:
        raise HalfNotYours(
            f"A {actor.kind} does not write what is {half} here.",
            hint="People write what is desired of a device; the device itself writes what it reports.",
        )


def _known(found: T | None, uuid: UUID) -> T:
    if found is None:
        raise DeviceNotFound(f"There is no device {uuid}.", uuid=str(uuid))
    return found
