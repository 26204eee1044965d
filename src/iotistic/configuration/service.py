"""What can be done with settings in the database."""

from collections.abc import Sequence
from typing import Any, cast, final

from iotistic.configuration.catalogue import kind_of
from iotistic.configuration.errors import SettingInvalid, SettingNotFound
from iotistic.configuration.model import Setting, SettingChange
from iotistic.configuration.repository import ConfigurationRepository
from iotistic.configuration.sealed_values import find_sealed, with_sealed
from iotistic.configuration.secret_reference import place_of
from iotistic.configuration.validation import check_together, check_value
from iotistic.database.pool import Connection
from iotistic.sealing import SealingKeys
from iotistic.secret import Secret

__all__ = ["ConfigurationService"]

_LONGEST_PAGE = 1000


@final
class ConfigurationService:
    """`system_config` on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._settings = ConfigurationRepository(connection)

    async def find_setting(self, key: str) -> Setting | None:
        """The setting of this key."""
        return await self._settings.find(key)

    async def get_setting(self, key: str) -> Setting:
        """The same. Raises SettingNotFound, or SettingUnknown for a key that no setting has."""
        found = await self._settings.find(key)
        if found is None:
            kind_of(key)
            raise _absent(key)
        return found

    async def list_settings(
        self, prefix: str = "", *, after: str | None = None, limit: int = _LONGEST_PAGE
    ) -> Sequence[Setting]:
        """The settings whose key begins with `prefix`, by key, those behind `after`, at most `limit` (up to 1,000)."""
        return await self._settings.list(prefix=prefix, after=after, limit=min(limit, _LONGEST_PAGE))

    async def set_setting(self, key: str, value: Any) -> bool:  # noqa: ANN401 - any JSON
        """Adds or replaces; answers whether that changed anything.

        Raises SettingUnknown, SettingInvalid, or SettingInUse when the settings would no longer fit together.
        """
        check_value(key, value)
        values = await self._locked()
        check_together({**values, key: value})
        return await self._settings.set(key, value)

    async def seal_member(self, key: str, member: str, secret: Secret, keys: SealingKeys) -> bool:
        """Puts a secret into a setting that is an object, sealed for this place. Raises SettingNotFound, SettingInvalid."""
        value = (await self.get_setting(key)).value
        if not isinstance(value, dict):
            raise SettingInvalid(f"The setting {key} is no object: it has no member {member}.", key=key)
        return await self.set_setting(
            key, {**cast("dict[str, Any]", value), member: keys.seal(secret, about=place_of(key, member))}
        )

    async def list_sealed(self) -> Sequence[str]:
        """Every sealed text in the settings. Their history keeps what was replaced, under the key of that time."""
        return [text for setting in await self.list_settings() for text in find_sealed(setting.value)]

    async def rewrap(self, keys: SealingKeys) -> int:
        """Wraps what is sealed under the current key; answers how many settings that changed."""
        await self._settings.lock()
        changed = 0
        for setting in await self.list_settings():
            value = with_sealed(setting.value, keys.rewrap)
            if value != setting.value:
                changed += await self._settings.set(setting.key, value)
        return changed

    async def remove_setting(self, key: str) -> None:
        """Takes it away. Raises SettingNotFound, or SettingInUse while another setting names it."""
        values = await self._locked()
        if values.pop(key, None) is None:
            raise _absent(key)
        check_together(values)
        await self._settings.remove(key)

    async def list_changes(
        self, key: str | None = None, *, before: int | None = None, limit: int = 100
    ) -> Sequence[SettingChange]:
        """What happened to a setting, or to all of them, newest first, those before the change `before`."""
        return await self._settings.changes(key=key, before=before, limit=min(limit, _LONGEST_PAGE))

    async def _locked(self) -> dict[str, Any]:
        await self._settings.lock()
        return {setting.key: setting.value for setting in await self.list_settings()}


def _absent(key: str) -> SettingNotFound:
    return SettingNotFound(
        f"There is no setting {key!r}.", hint="`iotistic system-config list` shows those there are.", key=key
    )
