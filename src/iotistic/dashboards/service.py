"""What can be done with dashboards."""

from collections.abc import Sequence
from typing import Final, final
from uuid import UUID

from iotistic.dashboards.errors import LayoutNotFound, TooManyLayouts
from iotistic.dashboards.model import Layout, LayoutDraft, LayoutSummary, Owner
from iotistic.dashboards.repository import DashboardRepository
from iotistic.database.pool import Connection

__all__ = ["MOST_LAYOUTS", "DashboardService"]

MOST_LAYOUTS: Final = 200
"""Of one owner: against programs that run wild. Two requests at once may make one more."""
_LONGEST_PAGE = 1000


@final
class DashboardService:
    """Dashboards on one connection; whoever opened the transaction commits it.

    A person sees the own dashboards and the shared ones; those of others are as if they were not there.
    """

    def __init__(self, connection: Connection) -> None:
        self._layouts = DashboardRepository(connection)

    async def create_layout(
        self, draft: LayoutDraft, *, owner: Owner, device_uuid: UUID | None = None
    ) -> Layout:
        """Raises LayoutNameTaken, TooManyLayouts, DefaultTaken or LayoutInvalid."""
        if await self._layouts.count(owner) >= MOST_LAYOUTS:
            raise TooManyLayouts(
                f"There are {MOST_LAYOUTS} dashboards of this owner.", hint="Delete one.", limit=MOST_LAYOUTS
            )
        if draft.is_default:
            await self._layouts.clear_default(owner, device_uuid)
        return await self.get_layout(await self._layouts.insert(owner, device_uuid, draft), viewer=owner)

    async def replace_layout(self, layout_id: int, draft: LayoutDraft, *, owner: Owner) -> Layout:
        """Says anew what a dashboard of this owner is. Raises LayoutNotFound, LayoutNameTaken, DefaultTaken or LayoutInvalid."""
        locked = await self._layouts.lock(layout_id, owner)
        if locked is None:
            raise _unknown(layout_id)
        if draft.is_default:
            await self._layouts.clear_default(owner, locked[1], except_id=layout_id)
        await self._layouts.replace(layout_id, owner, draft)
        return await self.get_layout(layout_id, viewer=owner)

    async def delete_layout(self, layout_id: int, *, owner: Owner) -> None:
        """Raises LayoutNotFound."""
        if not await self._layouts.delete(layout_id, owner):
            raise _unknown(layout_id)

    async def get_layout(self, layout_id: int, *, viewer: Owner) -> Layout:
        """One that this person may see. Raises LayoutNotFound."""
        found = await self._layouts.find(layout_id, viewer)
        if found is None:
            raise _unknown(layout_id)
        return found

    async def get_default(self, *, viewer: Owner, device_uuid: UUID | None = None) -> Layout:
        """What this person is shown of the device, or of no single one: the own default, else the shared one. Raises LayoutNotFound."""
        found = await self._layouts.find_default(viewer, device_uuid)
        if found is None:
            raise LayoutNotFound("No dashboard is the default here.", hint="Make one with `is_default`.")
        return found

    async def list_layouts(
        self,
        *,
        viewer: Owner,
        device_uuid: UUID | None = None,
        after: int | None = None,
        limit: int = 100,
    ) -> Sequence[LayoutSummary]:
        """Own and shared ones in the order they were made, those behind the id `after`; of one device, or all. Up to 1,000."""
        return await self._layouts.list(
            viewer, device_uuid=device_uuid, after=after, limit=min(limit, _LONGEST_PAGE)
        )


def _unknown(layout_id: int) -> LayoutNotFound:
    return LayoutNotFound(
        f"There is no dashboard {layout_id}.", hint="`iotistic dashboards list` shows them."
    )
