"""What can be done with many devices at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.devices.bulk.model import DeviceDraft, DeviceRecord, ImportReport, LineProblem
from iotistic.devices.bulk.repository import BulkRepository
from iotistic.devices.model import Device

__all__ = ["BulkService"]

_MOST_KEYS = 1000


@final
class BulkService:
    """On one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._bulk = BulkRepository(connection)

    async def import_devices(self, lines: Sequence[DeviceDraft | LineProblem]) -> ImportReport:
        """Stores every good line and tells the others by line and reason.

        A device in service with the serial of a line becomes what the line says, so that the same file twice makes nothing
        twice; without a serial every line is a new device. A fleet or tag that a line does not name stays.
        """
        problems = [line for line in lines if isinstance(line, LineProblem)]
        drafts = [line for line in lines if isinstance(line, DeviceDraft)]
        fleets = await self._bulk.lock_fleets({draft.fleet for draft in drafts if draft.fleet is not None})
        known = await self._bulk.lock_known(draft.serial for draft in drafts if draft.serial is not None)
        taken = await self._bulk.list_names_taken(draft.name for draft in drafts)
        allowed = await self._bulk.list_allowed_values()
        good: list[DeviceDraft] = []
        for draft in drafts:
            problem = _judge(draft, fleets=fleets, known=known, taken=taken, allowed=allowed)
            if problem is None:
                good.append(draft)
            else:
                problems.append(problem)
        return await self._store(good, fleets, known, problems)

    async def list_records(self, devices: Sequence[Device]) -> Sequence[DeviceRecord]:
        """These devices as a file says them."""
        tags = await self._bulk.list_own_tags([device.uuid for device in devices])
        return [
            DeviceRecord(
                name=device.name,
                kind=device.kind,
                serial=device.serial,
                fleet=device.fleet,
                tags=tags.get(device.uuid, {}),
            )
            for device in devices
        ]

    async def list_keys(self) -> Sequence[str]:
        """The keys that tags of devices have, at most 1,000."""
        return await self._bulk.list_keys(limit=_MOST_KEYS)

    async def _store(
        self,
        drafts: Sequence[DeviceDraft],
        fleets: Mapping[str, int],
        known: Mapping[str, UUID],
        problems: list[LineProblem],
    ) -> ImportReport:
        here = {
            known[draft.serial]: draft
            for draft in drafts
            if draft.serial is not None and draft.serial in known
        }
        changed = await self._bulk.update(here, fleets)
        new = [draft for draft in drafts if draft.serial not in known]
        made = await self._bulk.insert(new, fleets)
        problems += [_lost(draft) for draft in new if draft.name not in made]
        changed |= await self._bulk.upsert_tags(here)
        updated = len(changed)
        return ImportReport(
            created=len(made),
            updated=updated,
            unchanged=len(here) - updated,
            rejected=len(problems),
            problems=sorted(problems, key=lambda problem: problem.line),
        )


def _judge(
    draft: DeviceDraft,
    *,
    fleets: Mapping[str, int],
    known: Mapping[str, UUID],
    taken: Mapping[str, UUID],
    allowed: Mapping[str, frozenset[str]],
) -> LineProblem | None:
    if draft.fleet is not None and draft.fleet not in fleets:
        return LineProblem(
            line=draft.line, code="fleet_not_found", message=f"There is no fleet {draft.fleet!r}."
        )
    uuid = None if draft.serial is None else known.get(draft.serial)
    if taken.get(draft.name, uuid) != uuid:
        return LineProblem(
            line=draft.line,
            code="device_name_taken",
            message=f"Another device in service has the name {draft.name!r}.",
        )
    refused = _refused(draft.tags.items(), allowed)
    if refused is not None:
        key, value = refused
        return LineProblem(
            line=draft.line, code="tag_invalid", message=f"The tag {key} may not have the value {value!r}."
        )
    return None


def _refused(
    tags: Iterable[tuple[str, str]], allowed: Mapping[str, frozenset[str]]
) -> tuple[str, str] | None:
    return next(((key, value) for key, value in tags if key in allowed and value not in allowed[key]), None)


def _lost(draft: DeviceDraft) -> LineProblem:
    return LineProblem(
        line=draft.line,
        code="taken_meanwhile",
        message="Its name or serial was taken while the import ran; import the file again.",
    )
