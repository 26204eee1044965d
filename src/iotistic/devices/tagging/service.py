"""What can be done about the rules of tags, and with the tags of many devices."""

from collections.abc import Mapping, Sequence
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.devices.tagging.errors import (
    TagDefinitionInvalid,
    TagDefinitionNotFound,
    TagValuesInUse,
    TooManyDevices,
)
from iotistic.devices.tagging.model import IncompleteDevice, TagDefinition, TagDefinitionDraft, TagValueInUse
from iotistic.devices.tagging.repository import TaggingRepository

__all__ = ["MOST_DEVICES", "TaggingService"]

MOST_DEVICES = 50_000
"""What one transaction tags: about 5 seconds."""
_LONGEST_PAGE = 1000


@final
class TaggingService:
    """On one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._tagging = TaggingRepository(connection)

    async def define(self, key: str, draft: TagDefinitionDraft) -> TagDefinition:
        """Settles what holds for a key from now on.

        Raises TagValuesInUse when a device or a fleet has a value that would be forbidden, and TagDefinitionInvalid.
        """
        if draft.allowed_values is not None:
            await self._tagging.lock()
            outside = await self._tagging.list_values_outside(key, draft.allowed_values)
            if outside:
                raise _in_use(key, outside)
        made = await self._tagging.upsert_definition(key, draft)
        if made is None:
            raise TagDefinitionInvalid(f"The key {key!r} could not be defined.")
        return made

    async def get_definition(self, key: str) -> TagDefinition:
        """What holds for the key. Raises TagDefinitionNotFound."""
        found = await self._tagging.find_definition(key)
        if found is None:
            raise _unknown(key)
        return found

    async def list_definitions(
        self, *, after: str | None = None, limit: int = 100
    ) -> Sequence[TagDefinition]:
        """Rules by key, those behind the key `after`, at most `limit` (up to 1,000)."""
        return await self._tagging.list_definitions(after=after, limit=min(limit, _LONGEST_PAGE))

    async def undefine(self, key: str) -> None:
        """Lets the key have any value again. Raises TagDefinitionNotFound."""
        if not await self._tagging.delete_definition(key):
            raise _unknown(key)

    async def list_incomplete(
        self, *, after: str | None = None, limit: int = 100
    ) -> Sequence[IncompleteDevice]:
        """Devices in service that lack a required tag, by name, at most `limit` (up to 1,000)."""
        return await self._tagging.list_incomplete(after=after, limit=min(limit, _LONGEST_PAGE))

    async def tag_devices(
        self, uuids: Sequence[UUID], *, set_tags: Mapping[str, str], remove: Sequence[str] = ()
    ) -> int:
        """Changes tags of many devices and answers how many it changed something for; unknown devices are passed over.

        Raises TagInvalid, with nothing changed, or TooManyDevices.
        """
        if len(uuids) > MOST_DEVICES:
            raise TooManyDevices(
                f"More than {MOST_DEVICES} devices are meant.",
                hint="Tag them in several steps.",
                limit=MOST_DEVICES,
            )
        changed: set[UUID] = set()
        if remove:
            changed |= await self._tagging.remove_tags(uuids, remove)
        if set_tags:
            changed |= await self._tagging.set_tags(uuids, set_tags)
        return len(changed)


def _in_use(key: str, outside: Sequence[TagValueInUse]) -> TagValuesInUse:
    told = ", ".join(f"{one.value!r} ({one.holders})" for one in outside)
    return TagValuesInUse(
        f"Devices or fleets have values of {key} that would be forbidden: {told}.",
        hint="Allow these values, or give the devices others first.",
        key=key,
    )


def _unknown(key: str) -> TagDefinitionNotFound:
    return TagDefinitionNotFound(
        f"There are no rules about the tag {key!r}.", hint="`iotistic tags list` shows them all.", key=key
    )
