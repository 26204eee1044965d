"""Replacing the keys of many devices: one transaction a batch, so that it can be left at any moment and taken up by anybody."""

from collections.abc import Sequence
from datetime import timedelta
from typing import final

from iotistic.database.pool import Connection
from iotistic.provenance import present_provenance
from iotistic.security.keyring.errors import BearerNotFound, KeyNotFound
from iotistic.security.keyring.model import KeyRotation
from iotistic.security.keyring.repository import KeyringRepository
from iotistic.security.keyring.service import GRACE, SLEEP

__all__ = ["BATCH", "RotationService"]

BATCH = 100
"""Keys a transaction: all others who make or change keys wait for its commit."""
_MOST = 1000


@final
class RotationService:
    """Rotations on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._keys = KeyringRepository(connection)

    async def begin(self, *, fleet: str | None, grace: timedelta = GRACE, reason: str) -> KeyRotation:
        """Has the keys of the fleet's devices, or of all, replaced: every one that there is now. Raises BearerNotFound or RotationInvalid."""
        acting = present_provenance()
        number = await self._keys.insert_rotation(
            fleet=fleet,
            grace=grace,
            reason=reason,
            requested_by=acting.actor if acting is not None else "the command line",
        )
        if number is None:
            raise BearerNotFound(
                f"There is no fleet {fleet!r}.", hint="`iotistic fleets list` shows them all."
            )
        return await self.get_rotation(number)

    async def get_rotation(self, number: int) -> KeyRotation:
        """The rotation of this number. Raises KeyNotFound."""
        found = await self._keys.list_rotations(number=number)
        if not found:
            raise KeyNotFound(f"There is no rotation {number}.")
        return found[0]

    async def list_rotations(self, *, only_open: bool = False) -> Sequence[KeyRotation]:
        """Newest first, at most 1,000."""
        return await self._keys.list_rotations(only_open=only_open, limit=_MOST)

    async def advance(self, rotation: KeyRotation, *, limit: int = BATCH) -> bool:
        """Marks the next keys, in this transaction; whether there may be more."""
        await self._keys.say_reason(f"rotation {rotation.id}: {rotation.reason}")
        looked_at = await self._keys.advance_rotation(rotation.id, sleep=SLEEP, limit=limit)
        return looked_at == limit
