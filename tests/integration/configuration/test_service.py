import pytest

from iotistic.configuration import ConfigurationService
from iotistic.configuration.errors import SettingInvalid, SettingNotFound
from iotistic.database.pool import Connection


async def test_a_setting_is_kept_replaced_and_listed_by_prefix(connection: Connection) -> None:
    configuration = ConfigurationService(connection)
    await configuration.set_setting("mqtt.brokers.1", {"host": "old"})
    await configuration.set_setting("mqtt.brokers.1", {"host": "new"})
    await configuration.set_setting("vpn.configs.1", {})
    assert (await configuration.get_setting("mqtt.brokers.1")).value == {"host": "new"}
    assert [setting.key for setting in await configuration.list_settings("mqtt.")] == ["mqtt.brokers.1"]


async def test_an_absent_setting_is_named(connection: Connection) -> None:
    assert await ConfigurationService(connection).find_setting("nothing") is None
    with pytest.raises(SettingNotFound, match="nothing"):
        await ConfigurationService(connection).get_setting("nothing")


@pytest.mark.parametrize("key", ["", "1a", "a b", "a" * 201])
async def test_an_impossible_key_is_refused(connection: Connection, key: str) -> None:
    with pytest.raises(SettingInvalid):
        await ConfigurationService(connection).set_setting(key, 1)


async def test_null_is_no_value(connection: Connection) -> None:
    with pytest.raises(SettingInvalid):
        await ConfigurationService(connection).set_setting("a", None)
