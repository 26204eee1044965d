"""Pages in the words of the queries. Decides nothing, commits nothing."""

from collections.abc import Collection, Sequence
from itertools import groupby
from operator import itemgetter
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.devices.model import Device
from iotistic.devices.search.stretches import Page, Stretch
from iotistic.devices.search.terms import Term

__all__ = ["PageRepository"]

_QUERIES = Queries("iotistic.devices.search")
_EVERY_PAGE = 1_000_000


@final
class PageRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, binary=True)

    async def look_around(self, *, limit: int) -> tuple[int, int]:
        """How many changes no page tells, up to `limit`, and the newest page."""
        [(changes, newest)] = await self._sql.rows("look_around", limit=limit)
        return changes, newest

    async def list_pages(
        self,
        terms: Collection[Term],
        *,
        after: str | None,
        start: str | None = None,
        limit: int = _EVERY_PAGE,
    ) -> Sequence[Page]:
        """By name, those that do not end before `after` and do not begin before `start`."""
        ordered = list(terms)
        stated = [
            (number, term.key, value) for number, term in enumerate(ordered) for value in sorted(term.values)
        ]
        rows = await self._sql.rows(
            "list_pages",
            terms=[one[0] for one in stated],
            keys=[one[1] for one in stated],
            values=[one[2] for one in stated],
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

    async def list_meant(
        self, stretch: Stretch, predicate: str, *, after: str | None, limit: int
    ) -> Sequence[Device]:
        return await self._sql.many(
            "list_meant",
            Device,
            pages=_array(stretch.pages),
            places=_array(stretch.places),
            predicate=predicate,
            after=after,
            start=stretch.start,
            until=stretch.end,
            limit=limit,
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
