"""Settings in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from typing import Any, final

from psycopg.types.json import Jsonb

from iotistic.configuration.errors import CONSTRAINTS
from iotistic.configuration.model import Setting, SettingChange
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements

__all__ = ["ConfigurationRepository"]

_QUERIES = Queries("iotistic.configuration")


@final
class ConfigurationRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def find(self, key: str) -> Setting | None:
        return await self._sql.one("find_setting", Setting, key=key)

    async def list(self, *, prefix: str, after: str | None, limit: int) -> Sequence[Setting]:
        return await self._sql.many("list_settings", Setting, prefix=prefix, after=after, limit=limit)

    async def lock(self) -> None:
        """Makes other writers wait until the transaction ends."""
        await self._sql.run("lock_settings")

    async def set(self, key: str, value: Any) -> bool:  # noqa: ANN401 - any JSON
        """Whether that changed anything."""
        return await self._sql.run("set_setting", key=key, value=Jsonb(value)) > 0

    async def remove(self, key: str) -> bool:
        return await self._sql.run("remove_setting", key=key) > 0

    async def changes(self, *, key: str | None, before: int | None, limit: int) -> Sequence[SettingChange]:
        return await self._sql.many("list_changes", SettingChange, key=key, before=before, limit=limit)
