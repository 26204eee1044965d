"""What can be asked and said about connectivity."""

from collections.abc import Sequence
from datetime import timedelta
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.devices.connectivity.model import Connectivity, Transition
from iotistic.devices.connectivity.repository import ConnectivityRepository
from iotistic.devices.errors import DeviceNotFound

__all__ = ["EXPECTED_EVERY", "LONGEST_BREAK", "ConnectivityService"]

EXPECTED_EVERY = timedelta(minutes=1)
"""How often a device is expected unless somebody says otherwise of it or of its fleet: after two minutes of silence it is offline."""
LONGEST_BREAK = timedelta(seconds=90)
"""Between two looks for silent devices, three times their pace; after a longer one the platform was away itself."""
_LONGEST_PAGE = 1000


@final
class ConnectivityService:
    """Connectivity on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._connectivity = ConnectivityRepository(connection)

    async def mark_silent_offline(self) -> int:
        """Marks devices offline that were silent for twice as long as they may be; answers how many.

        Only silence since the platform listens counts: after an outage of its own no device is to blame, whichever process looks
        first. Two that look at once make one transition.
        """
        since = await self._connectivity.note_look(LONGEST_BREAK)
        return await self._connectivity.mark_silent_offline(
            listening_since=since, expected_every=EXPECTED_EVERY
        )

    async def get_connectivity(self, uuid: UUID) -> Connectivity:
        """How the device stands. Raises DeviceNotFound."""
        found = await self._connectivity.find(uuid, expected_every=EXPECTED_EVERY)
        if found is None:
            raise DeviceNotFound(f"There is no device {uuid}.", uuid=str(uuid))
        return found

    async def list_transitions(
        self, uuid: UUID, *, before: int | None = None, limit: int = 100
    ) -> Sequence[Transition]:
        """When it came and went, newest first, those before the id `before`, at most `limit` (up to 1,000). Raises DeviceNotFound."""
        await self.get_connectivity(uuid)
        return await self._connectivity.list_transitions(uuid, before=before, limit=min(limit, _LONGEST_PAGE))

    async def expect(self, uuid: UUID, every: timedelta | None) -> Connectivity:
        """Says how often the device is expected, None: as often as its fleet says, or as others. Raises DeviceNotFound or ExpectationInvalid."""
        if every is None:
            await self._connectivity.delete_expectation(uuid)
        else:
            await self._connectivity.set_expectation(uuid, every)
        return await self.get_connectivity(uuid)
