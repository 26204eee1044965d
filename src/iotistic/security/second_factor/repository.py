"""Second factors in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Mapping, Sequence
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.security.second_factor.model import SecondFactor, StoredFactor, StoredRecoveryCode

__all__ = ["SecondFactorRepository"]

_QUERIES = Queries("iotistic.security.second_factor")


@final
class SecondFactorRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def find(self, username: str) -> SecondFactor | None:
        return await self._sql.one("find_second_factor", SecondFactor, username=username)

    async def lock(self, user_id: int) -> StoredFactor | None:
        return await self._sql.one("lock_factor", StoredFactor, user_id=user_id)

    async def begin(self, user_id: int, sealed_seed: str) -> bool:
        """Whether it was put down; not where one counts already."""
        return await self._sql.run("begin_factor", user_id=user_id, sealed_seed=sealed_seed) > 0

    async def note_right(self, user_id: int, step: int) -> None:
        await self._sql.run("note_right_code", user_id=user_id, step=step)

    async def note_wrong(self, user_id: int) -> None:
        await self._sql.run("note_wrong_code", user_id=user_id)

    async def list_unused_codes(self, user_id: int) -> Sequence[StoredRecoveryCode]:
        return await self._sql.many("list_unused_codes", StoredRecoveryCode, user_id=user_id)

    async def use_recovery_code(self, user_id: int, number: int) -> None:
        await self._sql.run("use_recovery_code", user_id=user_id, number=number)

    async def replace_recovery_codes(
        self, user_id: int, hashes: Sequence[bytes], *, pepper_version: int
    ) -> None:
        await self._sql.run("delete_recovery_codes", user_id=user_id)
        for number, code_hash in enumerate(hashes, 1):
            await self._sql.run(
                "insert_recovery_code",
                user_id=user_id,
                number=number,
                code_hash=code_hash,
                pepper_version=pepper_version,
            )

    async def delete(self, username: str) -> bool:
        return await self._sql.run("delete_factor", username=username) > 0

    async def list_seeds(self) -> Mapping[int, str]:
        """By account."""
        return dict(await self._sql.rows("list_seeds"))

    async def replace_seed(self, user_id: int, *, before: str, sealed_seed: str) -> int:
        return await self._sql.run("replace_seed", user_id=user_id, before=before, sealed_seed=sealed_seed)
