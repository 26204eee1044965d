"""Pages in the words of the queries. Decides nothing, commits nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import itemgetter
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.devices.criteria import Criteria
from iotistic.devices.model import ConnectionStatus, Device
from iotistic.devices.search.facets import INSIDE
from iotistic.devices.search.stretches import Page, Places
from iotistic.devices.search.terms import ANY_VALUE, Term

__all__ = ["PageRepository", "Surroundings"]

_QUERIES = Queries("iotistic.devices.search")
_EVERY_PAGE = 1_000_000
_INSIDE = Term(key=INSIDE, values=frozenset({ANY_VALUE}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a list begins with."""

    changes: int
    """How much the pages do not know, up to the limit asked for."""
    packing: int | None
    """When they were last made; None: never."""
    part: str | None
    """The part of a name, as the pages have it."""
    page_id: int | None
    """The page of the device that the list goes on behind, unless that changed since."""
    place: int | None
    """And its place there."""
    plans: str
    """How the session made plans before."""
    plans_now: str


@final
class PageRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, binary=True)

    async def look_around(
        self, *, status: ConnectionStatus | None, part: str | None, after: str | None, limit: int
    ) -> Surroundings:
        [here] = await self._sql.many(
            "look_around", Surroundings, status=status, part=part, after=after, limit=limit
        )
        return here

    async def find_packing(self, plans: str) -> int | None:
        packing: int | None = await self._sql.value("find_packing", plans=plans)
        return packing

    async def list_pages(
        self,
        terms: Collection[Term],
        inside: Collection[UUID] | None = None,
        *,
        after: str | None,
        start: str | None = None,
        limit: int = _EVERY_PAGE,
    ) -> Sequence[Page]:
        """By name, those that do not end before `after` and do not begin before `start`; `inside` are devices of a term of their own."""
        ordered = [*(term for term in terms if term != _INSIDE), _INSIDE]
        stated = [
            (number, term.key, value)
            for number, term in enumerate(ordered[:-1])
            for value in sorted(term.values)
        ]
        rows = await self._sql.rows(
            "list_pages",
            terms=[one[0] for one in stated],
            keys=[one[1] for one in stated],
            values=[one[2] for one in stated],
            inside=list(inside or ()),
            inside_term=len(ordered) - 1,
            after=after,
            start=start,
            limit=limit,
        )
        return [
            Page(
                id=number,
                first_name=first_name,
                devices=devices,
                members={ordered[term]: _number(bits) for *_, term, bits in found if term is not None},
            )
            for (number, first_name, devices), found in groupby(rows, key=itemgetter(0, 1, 2))
        ]

    async def list_names(self, pages: Collection[int], part: str) -> Mapping[int, str]:
        """Page to its names, a line each; pages in which the part does not occur are left out."""
        return dict(await self._sql.rows("list_names", pages=list(pages), part=part))

    async def list_meant(
        self,
        places: Places,
        criteria: Criteria,
        *,
        after: str | None,
        start: str | None,
        end: str | None,
        limit: int,
    ) -> Sequence[Device]:
        """Those of the places who did not change, and of the changed ones from `start` to before `end` those who are meant."""
        return await self._sql.many(
            "list_meant",
            Device,
            pages=_array(places.pages),
            places=_array(places.places),
            is_cut=places.is_cut,
            after=after,
            start=start,
            until=end,
            limit=limit,
            **asdict(criteria),
        )

    async def pack(self, *, size: int) -> int:
        devices: int = await self._sql.value("pack", size=size)
        return devices


def _array(numbers: Sequence[int]) -> str:
    """As PostgreSQL reads one: the driver would look at each of a thousand numbers for what to quote, 3 ms."""
    return f"{{{','.join(map(str, numbers))}}}"


def _number(bits: bytes) -> int:
    """A bit string as PostgreSQL sends it: how long it is in four bytes, and the bits (varbit_send)."""
    return int.from_bytes(bits[4:], "big")
