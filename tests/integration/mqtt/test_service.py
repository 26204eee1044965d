"""MQTT accounts, their rules, and what brokers may read of them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceService
from iotistic.mqtt import (
    Access,
    BrokerStats,
    MqttAclNotFound,
    MqttInvalid,
    MqttService,
    MqttUserExists,
    MqttUserNotFound,
    TopicMetrics,
)
from tests.support.databases import TestDatabase

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


async def make_device(connection: Connection, name: str = "pump") -> UUID:
    return (await DeviceService(connection).create_device(name=name, kind="sensor")).uuid


async def test_a_device_speaks_in_its_own_place_and_hears_what_is_meant_for_it(
    connection: Connection,
) -> None:
    mqtt = MqttService(connection)
    uuid, other = await make_device(connection), await make_device(connection, "other")
    await mqtt.create_device_user(uuid)
    name = str(uuid)

    async def may(topic: str, access: Access, client_id: str = name) -> bool:
        return (await mqtt.judge(name, client_id=client_id, topic=topic, access=access)).allowed

    assert await may(f"iot/device/{uuid}/up/metrics", Access.PUBLISH)
    assert await may(f"iot/device/{uuid}/down/#", Access.SUBSCRIBE)
    assert await may(f"iot/device/{uuid}/down/desired", Access.RECEIVE)
    assert not await may(f"iot/device/{uuid}/down/desired", Access.PUBLISH)
    assert not await may(f"iot/device/{uuid}/up/metrics", Access.SUBSCRIBE)
    assert not await may(f"iot/device/{other}/up/metrics", Access.PUBLISH)
    assert not await may("iot/device/#", Access.SUBSCRIBE)
    assert not await may(f"iot/device/{uuid}/up/metrics", Access.PUBLISH, "another client")


async def test_an_account_is_made_once_and_goes_with_its_device(connection: Connection) -> None:
    mqtt = MqttService(connection)
    uuid = await make_device(connection)
    await mqtt.create_device_user(uuid)
    with pytest.raises(MqttUserExists):
        async with connection.transaction():
            await mqtt.create_device_user(uuid)
    assert await mqtt.remove_device_user(uuid)
    assert not await mqtt.remove_device_user(uuid)
    assert await mqtt.list_acls(username=str(uuid)) == []
    await mqtt.create_device_user(uuid)
    await connection.execute("DELETE FROM devices WHERE uuid = %s", (uuid,))
    with pytest.raises(MqttUserNotFound):
        await mqtt.get_user(str(uuid))


async def test_a_device_that_is_not_there_gets_no_account(connection: Connection) -> None:
    with pytest.raises(MqttInvalid, match="no such device"):
        await MqttService(connection).create_device_user(uuid4())


@pytest.mark.parametrize("name", ["", "+", "a/b", "a#", "%u", "$SYS", "a b", "a" * 129, "-a"])
async def test_a_name_that_would_widen_a_rule_is_refused(connection: Connection, name: str) -> None:
    with pytest.raises(MqttInvalid):
        await MqttService(connection).create_user(name, kind="service")


async def test_only_a_service_is_a_superuser(connection: Connection) -> None:
    mqtt = MqttService(connection)
    await mqtt.create_user("ingest", kind="service", is_superuser=True)
    with pytest.raises(MqttInvalid, match="service"):
        await mqtt.create_user("anna", kind="person", is_superuser=True)


@pytest.mark.parametrize("topic", ["", "a#", "a/#/b", "a+/b", "a/+b", "#/a", "x" * 501])
async def test_what_is_no_filter_is_refused(connection: Connection, topic: str) -> None:
    with pytest.raises(MqttInvalid):
        await MqttService(connection).allow(None, topic, Access.PUBLISH)


@pytest.mark.parametrize("topic", ["a", "/", "a//b", "+", "#", "a/+/b/#", "x" * 500, "ü/%u"])
async def test_what_is_one_is_taken(connection: Connection, topic: str) -> None:
    assert (await MqttService(connection).allow(None, topic, Access.PUBLISH)).topic == topic


async def test_a_rule_is_there_once_and_says_the_last_that_was_said(connection: Connection) -> None:
    mqtt = MqttService(connection)
    first = await mqtt.allow(None, "news", Access.RECEIVE)
    again = await mqtt.allow(None, "news", Access.RECEIVE | Access.SUBSCRIBE)
    assert (again.id, again.access) == (first.id, 5)
    assert [rule.id for rule in await mqtt.list_acls()] == [first.id]
    await mqtt.disallow(first.id)
    with pytest.raises(MqttAclNotFound):
        await mqtt.disallow(first.id)
    with pytest.raises(MqttUserNotFound):
        await mqtt.allow("nobody", "news", Access.RECEIVE)


@pytest.mark.parametrize(
    ("topic", "access", "username"),
    [
        ("a/+", Access.SUBSCRIBE, "ingest"),
        ("a/+", Access.SUBSCRIBE | Access.PUBLISH, "ingest"),
        ("a/%d", Access.PUBLISH, "ingest"),
        ("a/%", Access.PUBLISH, "ingest"),
        ("$SYS/#", Access.RECEIVE, None),
        ("$CONTROL/#", Access.PUBLISH, None),
    ],
)
async def test_a_rule_that_would_not_do_what_it_seems_to_is_refused(
    connection: Connection, topic: str, access: Access, username: str | None
) -> None:
    mqtt = MqttService(connection)
    await mqtt.create_user("ingest", kind="service")
    with pytest.raises(MqttInvalid):
        await mqtt.allow(username, topic, access)
    assert await mqtt.list_acls() == []


async def test_one_account_may_be_given_what_is_the_brokers_own(connection: Connection) -> None:
    mqtt = MqttService(connection)
    await mqtt.create_user("monitor", kind="service")
    rule = await mqtt.allow("monitor", "$SYS/#", Access.RECEIVE | Access.SUBSCRIBE)
    assert (rule.access, rule.origin) == (5, "manual")


async def test_an_account_is_taken_away_with_its_rules(connection: Connection) -> None:
    mqtt = MqttService(connection)
    await mqtt.create_user("ingest", kind="service")
    await mqtt.allow("ingest", "a", Access.RECEIVE)
    await mqtt.remove_user("ingest")
    assert (await mqtt.list_users(), await mqtt.list_acls()) == ([], [])
    with pytest.raises(MqttUserNotFound):
        await mqtt.remove_user("ingest")


@pytest.mark.parametrize("access", [0, 8, -1])
async def test_an_access_outside_the_three_bits_is_refused(connection: Connection, access: int) -> None:
    with pytest.raises(MqttInvalid, match="sum"):
        await MqttService(connection)._mqtt.put_acl(
            username=None, client_id=None, topic="a", access=access, origin="manual"
        )


async def test_accounts_are_listed_in_pages_and_switched_off_and_on(connection: Connection) -> None:
    mqtt = MqttService(connection)
    for name in ("b", "a", "c"):
        await mqtt.create_user(name, kind="service")
    await mqtt.create_user("p", kind="person", lasts=timedelta(hours=1))
    assert [user.username for user in await mqtt.list_users(kind="service", limit=2)] == ["a", "b"]
    assert [user.username for user in await mqtt.list_users(after="b")] == ["c", "p"]
    assert (await mqtt.get_user("p")).expires_at is not None
    assert await mqtt.set_active("a", is_active=False)
    assert not await mqtt.set_active("a", is_active=False)
    assert not (await mqtt.get_user("a")).is_active
    for act in (mqtt.set_active("nobody", is_active=True), mqtt.renew_secret("nobody")):
        with pytest.raises(MqttUserNotFound):
            await act


async def test_a_new_secret_replaces_the_old_one(connection: Connection) -> None:
    mqtt = MqttService(connection)
    old = await mqtt.create_user("ingest", kind="service")
    stored = await (await connection.execute("SELECT password_hash FROM mqtt_users")).fetchone()
    new = await mqtt.renew_secret("ingest")
    assert old.reveal() != new.reveal()
    assert await (await connection.execute("SELECT password_hash FROM mqtt_users")).fetchone() != stored


# ------------------------------------------------------------------------ what a broker reads


async def test_a_broker_reads_who_may_connect_and_no_table(database: TestDatabase) -> None:
    app = await connect(database.endpoint("app"), database.name, application_name="test", autocommit=True)
    mqtt = MqttService(app)
    uuid = await make_device(app)
    await mqtt.create_device_user(uuid)
    await mqtt.create_user("ingest", kind="service", is_superuser=True)
    await mqtt.create_user("gone", kind="service")
    await mqtt.set_active("gone", is_active=False)
    await mqtt.create_user("late", kind="service", lasts=timedelta(seconds=-1))
    await mqtt.allow(None, "news", Access.RECEIVE)
    await mqtt.allow("ingest", "only/c", Access.RECEIVE, client_id="c")

    broker = await connect(
        database.endpoint("broker"), database.name, application_name="broker", autocommit=True
    )

    async def ask(query: str, *parameters: object) -> list[tuple[object, ...]]:
        return await (await broker.execute(query, parameters)).fetchall()  # type: ignore[arg-type]

    assert await ask("SELECT username FROM mqtt_broker_users ORDER BY username") == sorted(
        [(str(uuid),), ("ingest",)]
    )
    rules = await ask(
        "SELECT topic FROM mqtt_broker_acls WHERE username = %s AND access & %s <> 0 ORDER BY topic",
        str(uuid),
        1,
    )
    assert rules == [("iot/device/%u/down/#",), ("news",)]
    assert await ask("SELECT topic FROM mqtt_broker_acls WHERE username = 'ingest'") == [("news",)]
    assert await ask("SELECT topic FROM mqtt_broker_acls WHERE username IN ('gone', 'late')") == []

    await DeviceService(app).retire_device(uuid)
    assert await ask("SELECT username FROM mqtt_broker_users") == [("ingest",)]

    for table in ("mqtt_users", "mqtt_acls", "devices", "users", "api_keys", "system_config"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await broker.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
    await broker.close()
    await app.close()


async def test_who_only_reads_sees_no_hash(database: TestDatabase) -> None:
    reader = await connect(
        database.endpoint("readonly"), database.name, application_name="test", autocommit=True
    )
    await reader.execute("SELECT username, kind FROM mqtt_users")
    for query in ("SELECT password_hash FROM mqtt_users", "SELECT * FROM mqtt_broker_users"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await reader.execute(query)  # type: ignore[arg-type]
    await reader.close()


# ------------------------------------------------------------------------ what brokers say of themselves


async def add_day(connection: Connection, parent: str) -> None:
    await connection.execute(
        sql.SQL("CREATE TABLE {} PARTITION OF {} FOR VALUES FROM ('2026-11-28Z') TO ('2026-11-29Z')").format(
            sql.Identifier(f"{parent}_2026_11_28"), sql.Identifier(parent)
        )
    )


async def test_what_a_broker_says_is_kept_once_and_read_by_time(owner_connection: Connection) -> None:
    await add_day(owner_connection, "mqtt_broker_stats")
    mqtt = MqttService(owner_connection)
    stats = [
        BrokerStats(broker_id=1, timestamp=NOON + timedelta(minutes=minute), clients_connected=minute)
        for minute in range(3)
    ]
    assert await mqtt.record_broker_stats(stats) == 3
    assert await mqtt.record_broker_stats(stats[:1]) == 0
    found = await mqtt.list_broker_stats(1, since=NOON, until=NOON + timedelta(minutes=2))
    assert [one.clients_connected for one in found] == [1, 0]
    assert await mqtt.list_broker_stats(2, since=NOON, until=NOON + timedelta(hours=1)) == []


async def test_the_busiest_topics_are_summed_up(owner_connection: Connection) -> None:
    await add_day(owner_connection, "mqtt_topic_metrics")
    mqtt = MqttService(owner_connection)

    def counted(topic: str, minute: int, size: int) -> TopicMetrics:
        return TopicMetrics(
            broker_id=1,
            topic=topic,
            timestamp=NOON + timedelta(minutes=minute),
            window_seconds=60,
            messages=2,
            bytes_received=size,
            largest_bytes=size,
            qos_0=1,
            qos_1=1,
            qos_2=0,
            retained=0,
        )

    metrics = [counted("a", 0, 10), counted("a", 1, 20), counted("b", 0, 25)]
    assert await mqtt.record_topic_metrics(metrics) == 3
    assert await mqtt.record_topic_metrics(metrics) == 0
    found = await mqtt.list_busiest_topics(1, since=NOON, until=NOON + timedelta(hours=1))
    assert [(one.topic, one.messages, one.bytes_received, one.largest_bytes) for one in found] == [
        ("a", 4, 30, 20),
        ("b", 2, 25, 25),
    ]
