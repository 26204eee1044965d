"""Which number stands for a device and a list of metric names: what the keys of its reports begin with."""

from collections.abc import Sequence
from typing import Final, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.ingest.questions import Questions
from iotistic.telemetry.ingest.session import Session

__all__ = ["SeriesNumbers"]

_QUERIES: Final = Queries("iotistic.telemetry.names")

_Named = tuple[UUID, int]
"""Device and list of metric names."""


@final
class SeriesNumbers:
    """Those this process has met, and the way to the others. A number never changes, so nothing goes stale."""

    def __init__(self, session: Session, most: int) -> None:
        """Keeps up to `most` in memory: those that were met first go first, and are asked for again."""
        self._session = session
        self._most = most
        self._known: dict[_Named, int] = {}
        self._questions = Questions(self._ask)

    async def number(self, device_uuid: UUID, metric_names_id: int) -> int:
        """The number, given now if there is none yet. Raises what the driver raises when the database cannot be asked."""
        named = device_uuid, metric_names_id
        found = self._known.get(named)
        if found is None:
            found = await self._questions.answer(named)
            if found is None:
                raise RuntimeError(f"metric_series has no row of {named} right after it was added")
            self._remember(named, found)
        return found

    def _remember(self, named: _Named, number: int) -> None:
        while len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[named] = number

    async def _ask(self, asked: Sequence[_Named]) -> dict[int, int]:
        async with self._session.use() as connection:
            rows = _Rows(connection, asked)
            found = await rows.find()
            if len(found) < len(asked):
                await rows.create([one for place, one in enumerate(asked, 1) if place not in found])
                # All of them again: another process may have made some between the two.
                found = await rows.find()
            return found


@final
class _Rows:
    def __init__(self, connection: Connection, asked: Sequence[_Named]) -> None:
        self._sql = Statements(connection, _QUERIES)
        self._asked = asked

    async def find(self) -> dict[int, int]:
        """Place in the question, from 1, and number."""
        return dict(await self._sql.rows("find_series", **_columns(self._asked)))

    async def create(self, missing: Sequence[_Named]) -> None:
        await self._sql.run("create_series", **_columns(sorted(set(missing))))


def _columns(asked: Sequence[_Named]) -> dict[str, list[UUID] | list[int]]:
    return {"devices": [device for device, _ in asked], "names_ids": [names for _, names in asked]}
