"""Settings in the database: what may stand there, what happened to it, and how processes hear of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from iotistic.configuration import (
    ConfigurationService,
    SettingCache,
    SettingInUse,
    SettingNotFound,
    SettingUnknown,
    default_broker,
)
from iotistic.database.pool import Connection, connect
from tests.support.databases import TestDatabase

BROKER = {"id": 2, "name": "main", "host": "mqtt.example.org"}


async def test_a_fresh_database_has_a_first_broker_that_is_not_in_use(connection: Connection) -> None:
    configuration = ConfigurationService(connection)
    values = {setting.key: setting.value for setting in await configuration.list_settings("mqtt.")}
    assert values["mqtt.brokerIds"] == [1]
    assert default_broker(values) is None
    await configuration.set_setting("mqtt.brokers.1", {**values["mqtt.brokers.1"], "isActive": True})
    again = {setting.key: setting.value for setting in await configuration.list_settings()}
    broker = default_broker(again)
    assert broker is not None
    assert (broker.host, broker.port, broker.use_tls) == ("localhost", 1883, False)


async def test_a_setting_is_kept_replaced_and_listed_by_prefix(connection: Connection) -> None:
    configuration = ConfigurationService(connection)
    assert await configuration.set_setting("custom.a.b", {"x": [1]})
    assert await configuration.set_setting("custom.a.b", {"x": [2]})
    assert not await configuration.set_setting("custom.a.b", {"x": [2]})
    assert (await configuration.get_setting("custom.a.b")).value == {"x": [2]}
    assert [setting.key for setting in await configuration.list_settings("custom.")] == ["custom.a.b"]
    assert await configuration.list_settings("custom.", after="custom.a.b") == []
    await configuration.remove_setting("custom.a.b")
    assert await configuration.find_setting("custom.a.b") is None


async def test_an_absent_setting_is_named(connection: Connection) -> None:
    configuration = ConfigurationService(connection)
    assert await configuration.find_setting("vpn.configs.9") is None
    with pytest.raises(SettingNotFound, match=r"vpn\.configs\.9"):
        await configuration.get_setting("vpn.configs.9")
    with pytest.raises(SettingNotFound):
        await configuration.remove_setting("vpn.configs.9")
    with pytest.raises(SettingUnknown):
        await configuration.get_setting("nothing")


async def test_settings_that_name_one_another_fit_together(connection: Connection) -> None:
    configuration = ConfigurationService(connection)
    with pytest.raises(SettingInUse, match=r"mqtt\.brokers\.2"):
        await configuration.set_setting("mqtt.brokerIds", [1, 2])
    with pytest.raises(SettingInUse, match="does not name"):
        await configuration.set_setting("mqtt.defaultBrokerId", 2)
    with pytest.raises(SettingInUse):
        await configuration.remove_setting("mqtt.brokers.1")
    await configuration.set_setting("mqtt.brokers.2", BROKER)
    await configuration.set_setting("mqtt.brokerIds", [1, 2])
    await configuration.set_setting("mqtt.defaultBrokerId", 2)
    values = {setting.key: setting.value for setting in await configuration.list_settings()}
    broker = default_broker(values)
    assert broker is not None
    assert broker.host == "mqtt.example.org"


async def test_every_change_is_told_with_what_was_before_and_by_whom(connection: Connection) -> None:
    configuration = ConfigurationService(connection)
    await connection.execute(
        """SELECT set_config('iotistic.provenance', '{"actor_kind": "user", "actor": "anna"}', true)"""
    )
    await configuration.set_setting("custom.a", 1)
    await configuration.set_setting("custom.a", 1)
    await configuration.set_setting("custom.a", 2)
    await configuration.remove_setting("custom.a")
    changes = await configuration.list_changes("custom.a")
    assert [(change.action, change.old_value, change.new_value, change.actor) for change in changes] == [
        ("removed", 2, None, "anna"),
        ("changed", 1, 2, "anna"),
        ("added", None, 1, "anna"),
    ]
    older = await configuration.list_changes("custom.a", before=changes[0].id, limit=1)
    assert [change.action for change in older] == ["changed"]


async def test_a_change_by_hand_is_told_by_the_role_of_the_session(owner_connection: Connection) -> None:
    await owner_connection.execute("UPDATE system_config SET value = '2' WHERE key = 'mqtt.defaultBrokerId'")
    change = (await ConfigurationService(owner_connection).list_changes())[0]
    assert (change.key, change.actor_kind, change.actor) == (
        "mqtt.defaultBrokerId",
        "system",
        "iotistic_migrator",
    )


async def test_the_application_writes_no_history_by_itself(connection: Connection) -> None:
    for statement in ("DELETE FROM system_config_history", "UPDATE system_config_history SET actor = 'x'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with connection.transaction():
                await connection.execute(statement)


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ('{"id": 1, "useTls": true}', "useTls"),
        ('{"id": 1, "protocol": "mqtts"}', "useTls"),
        ('{"id": 1, "caCert": "x"}', "caCert"),
        ('{"id": 1, "clientCert": "x", "clientKey": "env:K"}', "clientCert"),
        ('{"id": 1, "clientKey": "abc"}', "clientKey"),
        ('{"id": 1, "clientKey": "env:K"}', "together"),
        ('{"id": 1, "clientKey": "sealed:1:0"}', "together"),
        ('{"id": 1, "clientKey": "sealed"}', "clientKey"),
    ],
)
async def test_nobody_makes_half_a_tls_by_hand(owner_connection: Connection, value: str, rule: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match=rule):
        await owner_connection.execute(
            "UPDATE system_config SET value = %s WHERE key = 'mqtt.brokers.1'", (value,)
        )


async def test_no_private_key_gets_in_by_hand(owner_connection: Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await owner_connection.execute(
            "INSERT INTO system_config (key, value) VALUES ('custom.k', to_jsonb('-----BEGIN PRIVATE KEY-----'::text))"
        )


# ------------------------------------------------------------------------ the cache


Cached = tuple[SettingCache, list[int], Connection]


@pytest_asyncio.fixture
async def cached(database: TestDatabase) -> AsyncIterator[Cached]:
    """A cache, how often it read, and another process's connection."""
    app = database.endpoint("app")

    async def open_connection() -> Connection:
        return await connect(app, database.name, application_name="test", autocommit=True)

    reads: list[int] = []
    reading, writing = await open_connection(), await open_connection()

    async def load() -> Mapping[str, Any]:
        reads.append(1)
        return {setting.key: setting.value for setting in await ConfigurationService(reading).list_settings()}

    cache = SettingCache(open_connection, load)
    await cache.start()
    yield cache, reads, writing
    await cache.stop()
    await reading.close()
    await writing.close()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.01)


async def kept(cache: SettingCache, reads: list[int]) -> bool:
    before = len(reads)
    await cache.values()
    await cache.values()
    return len(reads) == before


async def test_a_cache_reads_once_and_hears_of_a_change_in_another_process(cached: Cached) -> None:
    cache, reads, other = cached
    await until(lambda: kept(cache, reads))
    async with other.transaction():
        await ConfigurationService(other).set_setting("custom.a", 7)

    async def seen() -> bool:
        return (await cache.values()).get("custom.a") == 7

    await until(seen)
    await until(lambda: kept(cache, reads))


async def test_many_who_ask_at_once_share_one_reading(cached: Cached) -> None:
    cache, reads, other = cached
    await until(lambda: kept(cache, reads))
    async with other.transaction():
        await ConfigurationService(other).set_setting("custom.a", 8)

    async def seen() -> bool:
        return (await cache.values()).get("custom.a") == 8

    await until(seen)
    reads.clear()
    await asyncio.gather(*(cache.values() for _ in range(50)))
    assert len(reads) <= 1


async def test_a_cache_that_no_longer_hears_of_changes_remembers_nothing(cached: Cached) -> None:
    cache, reads, _ = cached
    await until(lambda: kept(cache, reads))
    await cache.stop()
    reads.clear()
    await cache.values()
    await cache.values()
    assert len(reads) == 2
