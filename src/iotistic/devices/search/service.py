"""Lists by tags over pages of bits."""

from collections.abc import AsyncGenerator, Sequence
from typing import final

from iotistic.database.pool import Connection
from iotistic.devices.model import Device
from iotistic.devices.search.repository import PageRepository
from iotistic.devices.search.stretches import Stretch, stretches
from iotistic.devices.search.terms import terms_of
from iotistic.devices.tag_condition import tag_condition
from iotistic.devices.tag_expression import Expression

__all__ = ["TagSearch"]

_MOST_CHANGES = 2000
"""That a list looks at one by one: 5 ms. More are there only between a large import and the next packing."""
_LARGEST_PAGE = 2048
_FIRST_PAGES = 4
_ALL_PAGES = 1_000_000


@final
class TagSearch:
    """The search on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._pages = PageRepository(connection)

    async def list_devices(
        self, where: Expression, *, after: str | None, limit: int
    ) -> Sequence[Device] | None:
        """Devices in service by name, those behind the name `after`.

        None when that cannot be said from the pages: too much has changed since they were made, or they were made anew meanwhile.
        """
        changes, newest = await self._pages.look_around(limit=_MOST_CHANGES + 1)
        if changes > _MOST_CHANGES:
            return None
        predicate = tag_condition(where).predicate
        found: list[Device] = []
        async for stretch in self._walk(where, after, limit):
            found += await self._pages.list_meant(stretch, predicate, after=after, limit=limit - len(found))
            if len(found) == limit:
                break
        # Statements do not see the same moment. What a packing in between took out of the changes, the pages read before it lack.
        _, newest_now = await self._pages.look_around(limit=0)
        return found if newest_now == newest else None

    async def _walk(self, where: Expression, after: str | None, limit: int) -> AsyncGenerator[Stretch]:
        """All names from behind `after` on; a few pages first, which is enough unless hardly anybody is meant."""
        terms, start = terms_of(where), None
        for most in (_FIRST_PAGES, _ALL_PAGES):
            pages = await self._pages.list_pages(terms, after=after, start=start, limit=most + 1)
            end = pages[most].first_name if len(pages) > most else None
            for stretch in stretches(pages[:most], where, limit, start=start, end=end):
                yield stretch
            if end is None:
                return
            start = end

    async def pack(self, *, size: int = _LARGEST_PAGE) -> int:
        """Makes the pages tell what changed since they were made; answers how many devices that were."""
        return await self._pages.pack(size=size)
