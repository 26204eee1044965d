"""Sensors over HTTP: who may say which there are, and who reports."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.http.conftest import EnrolledDevice

FLOW: dict[str, Any] = {
    "name": "flow-meter",
    "protocol": "modbus",
    "poll_every_seconds": 0.5,
    "connection": {"host": "192.0.2.20", "port": 502},
    "data_points": [{"metric": "flow", "register": 40001}],
}
STATED = {name: value for name, value in FLOW.items() if name != "name"}


async def make(operator: httpx.AsyncClient, device: EnrolledDevice, **changes: object) -> dict[str, Any]:
    answer = await operator.post(f"{device.path}/sensors", json=FLOW | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_only_those_who_may_change_things_say_which_sensors_there_are(
    stranger: httpx.AsyncClient, viewer: httpx.AsyncClient, operator: httpx.AsyncClient,
    device: EnrolledDevice, other_device: EnrolledDevice,
) -> None:  # fmt: skip
    path = f"{device.path}/sensors"
    await make(operator, device)
    for client, status in ((stranger, 401), (viewer, 403), (device.client, 403), (other_device.client, 403)):
        answers = [
            await client.post(path, json=FLOW | {"name": "another"}),
            await client.put(f"{path}/flow-meter", json=STATED),
            await client.delete(f"{path}/flow-meter"),
        ]
        assert {answer.status_code for answer in answers} == {status}
    assert [sensor["name"] for sensor in (await viewer.get(path)).json()] == ["flow-meter"]


async def test_a_device_reads_its_own_list_and_no_other(
    stranger: httpx.AsyncClient,
    operator: httpx.AsyncClient,
    device: EnrolledDevice,
    other_device: EnrolledDevice,
) -> None:
    made = await make(operator, device)
    for path in (f"{device.path}/sensors", f"{device.path}/sensors/flow-meter"):
        assert (await stranger.get(path)).status_code == 401
        refused = await other_device.client.get(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_your_device")
    assert (await device.client.get(f"{device.path}/sensors")).json() == [made]
    assert (await device.client.get(f"{device.path}/sensors/flow-meter")).json() == made
    assert (await other_device.client.get(f"{other_device.path}/sensors")).json() == []


async def test_a_device_reports_about_its_own_sensors_only(
    stranger: httpx.AsyncClient, operator: httpx.AsyncClient, viewer: httpx.AsyncClient,
    device: EnrolledDevice, other_device: EnrolledDevice,
) -> None:  # fmt: skip
    made = await make(operator, device)
    path = f"{device.path}/sensors/flow-meter"
    report = {"revision": made["revision"], "deployment": "failed", "error": "no answer"}
    for client, status in ((stranger, 401), (other_device.client, 403), (operator, 403)):
        assert (await client.put(f"{path}/deployment", json=report)).status_code == status
    own = await other_device.client.put(f"{other_device.path}/sensors/flow-meter/deployment", json=report)
    assert own.status_code == 404
    assert (await viewer.get(path)).json()["deployment"] == "pending"
    assert (await device.client.put(f"{path}/deployment", json=report)).status_code == 204
    seen = (await viewer.get(path)).json()
    assert (seen["deployment"], seen["deployment_error"]) == ("failed", "no answer")


async def test_a_report_about_what_was_changed_meanwhile_is_refused(
    operator: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    made = await make(operator, device)
    path = f"{device.path}/sensors/flow-meter"
    changed = (await operator.put(path, json=STATED | {"is_enabled": False})).json()
    late = await device.client.put(
        f"{path}/deployment", json={"revision": made["revision"], "deployment": "deployed"}
    )
    assert (late.status_code, late.json()["code"]) == (409, "sensor_changed")
    assert late.json()["current_version"] == changed["revision"]


async def test_an_unchanged_list_is_not_sent_again(
    operator: httpx.AsyncClient, device: EnrolledDevice, other_device: EnrolledDevice
) -> None:
    made = await make(operator, device)
    path = f"{device.path}/sensors"

    async def ask(tag: str) -> tuple[int, str]:
        answer = await device.client.get(path, headers={"If-None-Match": tag})
        return answer.status_code, answer.headers["ETag"]

    _, tag = await ask('"never seen"')
    assert await ask(tag) == (304, tag)
    await make(operator, other_device)
    assert await ask(tag) == (304, tag)
    for act in (
        operator.put(f"{path}/flow-meter", json=STATED | {"poll_every_seconds": 60}),
        operator.post(path, json=FLOW | {"name": "another"}),
        operator.delete(f"{path}/another"),
        operator.delete(f"{path}/flow-meter"),
    ):
        assert (await act).is_success
        status, newer = await ask(tag)
        assert (status, newer != tag) == (200, True)
        tag = newer
    assert (await device.client.get(path)).json() == []
    assert made["poll_every_seconds"] == 0.5


@pytest.mark.parametrize(
    "wrong",
    [
        {"protocol": "telepathy"}, {"poll_every_seconds": 0.09}, {"poll_every_seconds": 86_401}, {"poll_every_seconds": None},
        {"connection": []}, {"data_points": {}}, {"data_points": [1]}, {"data_points": [{}] * 1001}, {"name": "A"}, {"name": ""},
        {"connection": {"x": "y" * 20_000}}, {"connection": {"x": "\0"}}, {"description": ""}, {"deployment": "deployed"},
    ],
)  # fmt: skip
async def test_what_no_sensor_can_be_is_refused(
    operator: httpx.AsyncClient, device: EnrolledDevice, wrong: dict[str, Any]
) -> None:
    answer = await operator.post(f"{device.path}/sensors", json=FLOW | wrong)
    assert answer.status_code == 422, answer.text
    assert (await operator.get(f"{device.path}/sensors")).json() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"deployment": "pending"},
        {"deployment": "failed"},
        {"error": "x"},
        {"revision": 0},
        {"revision": 2**63},
    ],
)
async def test_what_no_report_can_be_is_refused(
    operator: httpx.AsyncClient, device: EnrolledDevice, wrong: dict[str, Any]
) -> None:
    made = await make(operator, device)
    report = {"revision": made["revision"], "deployment": "deployed"} | wrong
    answer = await device.client.put(f"{device.path}/sensors/flow-meter/deployment", json=report)
    assert answer.status_code == 422


async def test_what_is_not_there_is_told(operator: httpx.AsyncClient, device: EnrolledDevice) -> None:
    nobody = f"/api/v1/devices/{uuid4()}/sensors"
    assert (await operator.get(nobody)).json()["code"] == "device_not_found"
    assert (await operator.post(nobody, json=FLOW)).json()["code"] == "device_not_found"
    path = f"{device.path}/sensors/flow-meter"
    for answer in (
        await operator.get(path),
        await operator.put(path, json=STATED),
        await operator.delete(path),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "sensor_not_found")
    await make(operator, device)
    twice = await operator.post(f"{device.path}/sensors", json=FLOW)
    assert (twice.status_code, twice.json()["code"]) == (409, "sensor_name_taken")


async def test_numbers_that_json_does_not_have_are_refused(
    operator: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    body = '{"name": "x", "protocol": "can", "poll_every_seconds": 1, "connection": {"x": NaN}}'
    answer = await operator.post(
        f"{device.path}/sensors", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
