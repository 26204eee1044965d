"""What can be done with settings in the database."""

from collections.abc import Sequence
from typing import Any, final

from psycopg.types.json import Jsonb

from iotistic.configuration.errors import CONSTRAINTS, SettingInvalid, SettingNotFound
from iotistic.configuration.model import Setting
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements

__all__ = ["ConfigurationService"]

_QUERIES = Queries("iotistic.configuration")


@final
class ConfigurationService:
    """`system_config` on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def find_setting(self, key: str) -> Setting | None:
        """The setting of this key."""
        return await self._sql.one("find_setting", Setting, key=key)

    async def get_setting(self, key: str) -> Setting:
        """The same; raises SettingNotFound."""
        found = await self.find_setting(key)
        if found is None:
            raise SettingNotFound(f"There is no setting {key!r}.", key=key)
        return found

    async def list_settings(self, prefix: str = "") -> Sequence[Setting]:
        """The settings whose key begins with `prefix`, by key, at most 1,000."""
        return await self._sql.many("list_settings", Setting, prefix=prefix)

    async def set_setting(self, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON
        """Adds or replaces. Raises SettingInvalid for an impossible key, or for null, which would be read as "not set"."""
        if value is None:
            raise SettingInvalid(f"The setting {key!r} cannot be null.", key=key)
        await self._sql.run("set_setting", key=key, value=Jsonb(value))
