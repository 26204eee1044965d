"""Sensors: what people say about them, and what devices say back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceNotFound, DeviceService
from iotistic.devices.sensors import (
    MOST_SENSORS,
    Protocol,
    Sensor,
    SensorChanged,
    SensorDraft,
    SensorInvalid,
    SensorNameTaken,
    SensorNotFound,
    SensorService,
    TooManySensors,
)
from tests.support.databases import TestDatabase

FLOW = SensorDraft(
    protocol="modbus", poll_every=timedelta(seconds=10), description="Behind the pump",
    connection={"host": "192.0.2.20", "unit": 1}, data_points=[{"metric": "flow", "register": 40001}],
)  # fmt: skip


async def pump(connection: Connection, name: str = "pump") -> UUID:
    return (await DeviceService(connection).create_device(name=name, kind="gateway")).uuid


async def flow(connection: Connection, uuid: UUID, name: str = "flow") -> Sensor:
    return await SensorService(connection).create_sensor(uuid, name, FLOW)


@asynccontextmanager
async def refused(connection: Connection, error: type[Exception]) -> AsyncIterator[None]:
    """A statement that fails, without the transaction of the test failing with it."""
    with pytest.raises(error):
        async with connection.transaction():
            yield


async def test_a_device_that_does_not_exist_has_no_sensors(connection: Connection) -> None:
    sensors, nobody = SensorService(connection), uuid4()
    for act in (sensors.create_sensor(nobody, "flow", FLOW), sensors.get_state(nobody)):
        with pytest.raises(DeviceNotFound, match=str(nobody)):
            await act
    assert await sensors.list_sensors(nobody) == []


async def test_a_sensor_of_another_device_is_out_of_reach(connection: Connection) -> None:
    sensors, other = SensorService(connection), await pump(connection, "other")
    sensor = await flow(connection, await pump(connection))
    assert await sensors.find_sensor(other, "flow") is None
    for act in (
        sensors.get_sensor(other, "flow"),
        sensors.delete_sensor(other, "flow"),
        sensors.replace_sensor(other, "flow", FLOW),
        sensors.record_deployment(other, "flow", revision=sensor.revision, deployment="deployed"),
    ):
        with pytest.raises(SensorNotFound, match="flow"):
            await act
    assert (await sensors.list_sensors(other), sensor.deployment) == ([], "pending")


async def test_a_sensor_is_made_changed_and_deleted(connection: Connection) -> None:
    uuid, sensors = await pump(connection), SensorService(connection)
    made = await flow(connection, uuid)
    assert (made.protocol, made.poll_every, made.is_enabled, made.connection, made.data_points) == (
        "modbus", timedelta(seconds=10), True, {"host": "192.0.2.20", "unit": 1}, [{"metric": "flow", "register": 40001}],
    )  # fmt: skip
    changed = await sensors.replace_sensor(
        uuid, "flow", SensorDraft(protocol="can", poll_every=timedelta(hours=1), is_enabled=False)
    )
    assert (changed.protocol, changed.is_enabled, changed.description, changed.connection) == (
        "can",
        False,
        None,
        {},
    )
    assert changed.revision != made.revision
    await sensors.delete_sensor(uuid, "flow")
    assert await sensors.list_sensors(uuid) == []


async def test_a_name_is_given_once_on_a_device_and_again_on_another(connection: Connection) -> None:
    uuid = await pump(connection)
    await flow(connection, uuid)
    async with refused(connection, SensorNameTaken):
        await flow(connection, uuid)
    await flow(connection, await pump(connection, "other"))


@pytest.mark.parametrize("name", ["", "Flow", "-flow", "a" * 101, "a b", "a/b"])
async def test_an_impossible_name_is_refused(connection: Connection, name: str) -> None:
    uuid = await pump(connection)
    async with refused(connection, SensorInvalid):
        await flow(connection, uuid, name)
    await flow(connection, uuid, "a" * 100)


@pytest.mark.parametrize(
    ("possible", "impossible"),
    [
        ({"poll_every": timedelta(milliseconds=100)}, {"poll_every": timedelta(milliseconds=99)}),
        ({"poll_every": timedelta(days=1)}, {"poll_every": timedelta(days=1, milliseconds=1)}),
        ({"description": "x" * 1000}, {"description": "x" * 1001}),
        ({"connection": {"x": "y" * (16384 - 9)}}, {"connection": {"x": "y" * (16384 - 8)}}),
        ({"data_points": [{"x": "y" * (65536 - 11)}]}, {"data_points": [{"x": "y" * (65536 - 10)}]}),
        ({"data_points": [{}, {"x": 1}]}, {"data_points": [{}, 1]}),
        ({"data_points": []}, {"data_points": {}}),
        ({"connection": {}}, {"connection": []}),
        ({"protocol": "other"}, {"protocol": "telepathy"}),
    ],
)
async def test_limits_hold_on_both_sides(
    connection: Connection, possible: dict[str, Any], impossible: dict[str, Any]
) -> None:
    uuid, sensors = await pump(connection), SensorService(connection)
    await sensors.create_sensor(uuid, "good", replace(FLOW, **possible))
    async with refused(connection, SensorInvalid):
        await sensors.create_sensor(uuid, "bad", replace(FLOW, **impossible))


async def test_every_protocol_of_the_model_can_be_stored(connection: Connection) -> None:
    uuid, sensors = await pump(connection), SensorService(connection)
    for protocol in get_args(Protocol):
        assert (
            await sensors.create_sensor(uuid, protocol, replace(FLOW, protocol=protocol))
        ).protocol == protocol


async def test_a_device_says_how_far_it_is(connection: Connection) -> None:
    uuid, sensors = await pump(connection), SensorService(connection)
    revision = (await flow(connection, uuid)).revision
    failed = await sensors.record_deployment(
        uuid, "flow", revision=revision, deployment="failed", error="no answer from 192.0.2.20"
    )
    assert (failed.deployment, failed.deployment_error) == ("failed", "no answer from 192.0.2.20")
    assert failed.deployment_reported_at is not None
    deployed = await sensors.record_deployment(uuid, "flow", revision=revision, deployment="deployed")
    assert (deployed.deployment, deployed.deployment_error, deployed.revision) == ("deployed", None, revision)


async def test_a_report_says_an_error_when_it_failed_and_only_then(connection: Connection) -> None:
    uuid, sensors = await pump(connection), SensorService(connection)
    revision = (await flow(connection, uuid)).revision
    for report in (
        {"deployment": "failed"},
        {"deployment": "failed", "error": ""},
        {"deployment": "failed", "error": "x" * 2001},
        {"deployment": "deployed", "error": "no answer"},
    ):
        async with refused(connection, SensorInvalid):
            await sensors.record_deployment(uuid, "flow", revision=revision, **report)  # type: ignore[arg-type]
        assert (await sensors.get_sensor(uuid, "flow")).deployment == "pending", report


async def test_a_change_makes_a_sensor_pending_and_old_reports_void(connection: Connection) -> None:
    uuid, sensors = await pump(connection), SensorService(connection)
    old = (await flow(connection, uuid)).revision
    await sensors.record_deployment(uuid, "flow", revision=old, deployment="failed", error="no answer")
    changed = await sensors.replace_sensor(uuid, "flow", replace(FLOW, connection={"host": "192.0.2.21"}))
    assert (changed.deployment, changed.deployment_error, changed.deployment_reported_at) == (
        "pending",
        None,
        None,
    )
    with pytest.raises(SensorChanged) as caught:
        await sensors.record_deployment(uuid, "flow", revision=old, deployment="deployed")
    assert caught.value.facts["current_version"] == changed.revision
    assert (await sensors.get_sensor(uuid, "flow")).deployment == "pending"


async def test_what_is_as_before_stays_deployed(connection: Connection) -> None:
    uuid, sensors = await pump(connection), SensorService(connection)
    revision = (await flow(connection, uuid)).revision
    deployed = await sensors.record_deployment(uuid, "flow", revision=revision, deployment="deployed")
    assert await sensors.replace_sensor(uuid, "flow", FLOW) == deployed
    place = "SELECT ctid::text FROM device_sensors"
    before = await (await connection.execute(place)).fetchall()
    await sensors.record_deployment(uuid, "flow", revision=revision, deployment="deployed")
    assert await (await connection.execute(place)).fetchall() == before


async def test_the_state_of_a_list_is_another_after_every_change_and_only_then(
    connection: Connection,
) -> None:
    uuid, other, sensors = await pump(connection), await pump(connection, "other"), SensorService(connection)
    seen = [await sensors.get_state(uuid)]
    made = await flow(connection, uuid)
    seen.append(await sensors.get_state(uuid))
    await sensors.record_deployment(uuid, "flow", revision=made.revision, deployment="deployed")
    seen.append(await sensors.get_state(uuid))
    await sensors.replace_sensor(uuid, "flow", replace(FLOW, is_enabled=False))
    seen.append(await sensors.get_state(uuid))
    await sensors.delete_sensor(uuid, "flow")
    assert await sensors.get_state(uuid) == seen[0]
    await flow(connection, uuid)  # the same again is another
    seen.append(await sensors.get_state(uuid))
    assert len(set(seen)) == len(seen)
    await flow(connection, other)
    await sensors.replace_sensor(uuid, "flow", FLOW)
    assert await sensors.get_state(uuid) == seen[-1]


async def test_a_device_has_a_bounded_number_of_sensors(connection: Connection) -> None:
    uuid, sensors = await pump(connection), SensorService(connection)
    await connection.execute(
        "INSERT INTO device_sensors (device_uuid, name, protocol, poll_every)"
        " SELECT %s, 's' || n, 'can', '1 s' FROM generate_series(2, %s) AS n",
        (uuid, MOST_SENSORS),
    )
    await flow(connection, uuid)
    async with refused(connection, TooManySensors):
        await flow(connection, uuid, "more")
    assert len(await sensors.list_sensors(uuid)) == MOST_SENSORS


async def test_two_who_add_the_last_sensor_at_once_add_one(database: TestDatabase) -> None:
    endpoint = database.endpoint("app")
    one, two = [await connect(endpoint, database.name, application_name="test") for _ in range(2)]
    uuid = await pump(one)
    await one.execute(
        "INSERT INTO device_sensors (device_uuid, name, protocol, poll_every)"
        " SELECT %s, 's' || n, 'can', '1 s' FROM generate_series(2, %s) AS n",
        (uuid, MOST_SENSORS),
    )
    await one.commit()

    async def add(connection: Connection, name: str) -> bool:
        async with connection.transaction():
            try:
                await flow(connection, uuid, name)
            except TooManySensors:
                return False
        return True

    assert sorted(await asyncio.gather(add(one, "a"), add(two, "b"))) == [False, True]
    await one.close()
    await two.close()


async def test_what_people_decide_is_audited_without_texts_of_the_connection(connection: Connection) -> None:
    uuid, sensors = await pump(connection), SensorService(connection)
    draft = replace(FLOW, connection={"host": "192.0.2.20", "community": "very secret"})
    revision = (await sensors.create_sensor(uuid, "flow", draft)).revision
    await sensors.record_deployment(uuid, "flow", revision=revision, deployment="deployed")
    await sensors.delete_sensor(uuid, "flow")
    cursor = await connection.execute(
        "SELECT action, after ->> 'connection' FROM audit_log WHERE resource = 'device_sensors' AND device_uuid = %s ORDER BY id",
        (uuid,),
    )
    assert await cursor.fetchall() == [
        ("created", '{"host": "192.0.2.20", "community": "***"}'),
        ("deleted", None),
    ]


async def test_sensors_go_with_their_device(owner_connection: Connection) -> None:
    uuid = await pump(owner_connection)
    await flow(owner_connection, uuid)
    await owner_connection.execute("DELETE FROM devices WHERE uuid = %s", (uuid,))
    assert await SensorService(owner_connection).list_sensors(uuid) == []
