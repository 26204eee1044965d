"""Lists of devices over pages of bits."""

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import final

from iotistic.database.pool import Connection
from iotistic.devices.criteria import Criteria
from iotistic.devices.model import Device, DeviceFilter
from iotistic.devices.search.facets import facets
from iotistic.devices.search.repository import PageRepository
from iotistic.devices.search.stretches import Page, Places, Stretch, named, stretches
from iotistic.devices.search.terms import Term, members_of, terms_of
from iotistic.devices.tag_expression import Expression

__all__ = ["DeviceSearch"]

_MOST_CHANGES = 2000
"""That a list looks at one by one: 5 ms. More are there only between a large import and the next packing."""
_LARGEST_PAGE = 2048
_FIRST_LOOKS = 200
"""How often the first step looks up a value in a page: half a millisecond, and enough unless hardly anybody is meant."""
_FEWEST_PAGES = 4
_ALL_PAGES = 1_000_000
_ALL_PLACES = 1_000_000
_SPARE = 50
"""How many candidates more than it needs a list looks up at once: some of them changed since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What a list is about, in the words of the pages."""

    expression: Expression
    criteria: Criteria
    part: str | None
    """Of a name, in lower case, as PostgreSQL makes it."""
    after: str | None
    after_page: int | None
    """The page of the device `after`, unless it changed since."""
    after_place: int

    def members(self, page: Page) -> int:
        """Who of a page is meant, whatever the name."""
        members = members_of(self.expression, page.members, (1 << page.devices) - 1)
        if page.id != self.after_page:
            return members
        behind = self.after_place + 1
        return members >> behind << behind


@final
class DeviceSearch:
    """The search on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._pages = PageRepository(connection)

    async def list_devices(
        self, which: DeviceFilter, criteria: Criteria, *, after: str | None, limit: int
    ) -> Sequence[Device] | None:
        """Devices in service by name, those behind the name `after`; `criteria` says the same as `which`.

        None when that cannot be said from the pages: too much has changed since they were made, or they were made anew meanwhile.
        """
        here = await self._pages.look_around(
            status=which.status, part=which.name, after=after, limit=_MOST_CHANGES + 1
        )
        if here.changes > _MOST_CHANGES:
            return None
        question = _Question(
            expression=facets(which, criteria.fleet_id),
            criteria=criteria,
            part=here.part,
            after=after,
            after_page=here.page_id,
            after_place=here.place or 0,
        )
        found: list[Device] = []
        async for stretch in self._walk(question, limit):
            found += await self._meant(stretch, question, limit - len(found))
            if len(found) == limit:
                break
        # Statements do not see the same moment. What a packing in between took out of the changes, the pages read before it lack.
        return found if await self._pages.find_packing(here.plans) == here.packing else None

    async def _walk(self, question: _Question, limit: int) -> AsyncGenerator[Stretch]:
        """All names from behind `after` on; a few pages first, which is enough unless hardly anybody is meant."""
        terms, start = terms_of(question.expression), None
        for most in (_first_pages(terms, question), _ALL_PAGES):
            pages = await self._pages.list_pages(
                terms, question.criteria.bound_devices, after=question.after, start=start, limit=most + 1
            )
            end = pages[most].first_name if len(pages) > most else None
            members = await self._members(question, pages[:most])
            for stretch in stretches(pages[:most], members, limit, start=start, end=end):
                yield stretch
            if end is None:
                return
            start = end

    async def _members(self, question: _Question, pages: Sequence[Page]) -> Callable[[Page], int]:
        """Who of a page is meant."""
        part = question.part
        if part is None:
            return question.members
        names = await self._pages.list_names([page.id for page in pages if question.members(page)], part)
        return lambda page: named(question.members(page), names.get(page.id, ""), part)

    async def _meant(self, stretch: Stretch, question: _Question, wanted: int) -> Sequence[Device]:
        """The first `wanted` of a stretch: a few more than that are looked up, and all when too many of these changed."""
        some = stretch.first(wanted + _SPARE)
        found = await self._at(some, stretch, question, wanted)
        if len(found) == wanted or not some.is_cut:
            return found
        return await self._at(stretch.first(_ALL_PLACES), stretch, question, wanted)

    async def _at(
        self, places: Places, stretch: Stretch, question: _Question, wanted: int
    ) -> Sequence[Device]:
        return await self._pages.list_meant(
            places,
            question.criteria,
            after=question.after,
            start=stretch.start,
            end=stretch.end,
            limit=wanted,
        )

    async def pack(self, *, size: int = _LARGEST_PAGE) -> int:
        """Makes the pages tell what changed since they were made; answers how many devices that were."""
        return await self._pages.pack(size=size)


def _first_pages(terms: Collection[Term], question: _Question) -> int:
    if question.part is not None:
        return _FEWEST_PAGES
    return max(_FEWEST_PAGES, _FIRST_LOOKS // max(1, sum(len(term.values) for term in terms)))
