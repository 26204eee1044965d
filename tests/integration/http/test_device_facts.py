"""What devices say about themselves over HTTP."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.http.conftest import EnrolledDevice

ETHERNET: dict[str, Any] = {
    "name": "eth0",
    "mac": "02:00:5e:10:00:01",
    "addresses": ["192.0.2.1/24", "2001:db8::1/64"],
    "kind": "ethernet",
    "is_up": True,
    "is_default": True,
    "mtu": 1500,
    "speed_mbps": 1000,
    "ssid": None,
    "signal_dbm": None,
}


async def state(device: EnrolledDevice, *interfaces: dict[str, Any]) -> httpx.Response:
    return await device.client.put(f"{device.path}/interfaces", json={"interfaces": interfaces})


async def test_interfaces_come_back_as_stated(viewer: httpx.AsyncClient, device: EnrolledDevice) -> None:
    response = await state(device, ETHERNET)
    assert (response.status_code, response.content) == (204, b"")
    assert (await viewer.get(f"{device.path}/interfaces")).json() == [ETHERNET]


async def test_interfaces_that_are_not_stated_any_more_are_gone(
    viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    await state(device, ETHERNET, {"name": "lo", "kind": "loopback", "is_up": True})
    await state(
        device, {"name": "wlan0", "kind": "wifi", "is_up": False, "ssid": "workshop", "signal_dbm": -61}
    )
    assert [one["name"] for one in (await viewer.get(f"{device.path}/interfaces")).json()] == ["wlan0"]
    await state(device)
    assert (await viewer.get(f"{device.path}/interfaces")).json() == []


async def test_a_newer_agent_may_say_more(viewer: httpx.AsyncClient, device: EnrolledDevice) -> None:
    assert (await state(device, {**ETHERNET, "driver": "e1000"})).status_code == 204
    assert "driver" not in (await viewer.get(f"{device.path}/interfaces")).json()[0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\0"}, "name"),
        ({"mac": "not a mac"}, "mac"),
        ({"mac": "02:00:5e"}, "mac"),
        ({"addresses": ["not an address"]}, "addresses[0]"),
        ({"addresses": ["192.0.2.1/24", "192.0.2.1/33"]}, "addresses[1]"),
        ({"kind": "quantum"}, "kind"),
        ({"is_up": None}, "is_up"),
        ({"mtu": -1}, "mtu"),
        ({"mtu": 2**31}, "mtu"),
        ({"speed_mbps": 1.5}, "speed_mbps"),
        ({"ssid": "a\0b"}, "ssid"),
        ({"signal_dbm": -40000}, "signal_dbm"),
    ],
)
async def test_an_impossible_interface_names_its_field(
    device: EnrolledDevice, change: dict[str, Any], field: str
) -> None:
    response = await state(device, {**ETHERNET, "name": "lo"}, {**ETHERNET, **change})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [f"body.interfaces[1].{field}"]


async def test_a_refused_statement_leaves_what_was(viewer: httpx.AsyncClient, device: EnrolledDevice) -> None:
    await state(device, ETHERNET)
    assert (await state(device, {**ETHERNET, "mtu": -1})).status_code == 422
    assert (await state(device, ETHERNET, ETHERNET)).status_code == 422
    assert (await viewer.get(f"{device.path}/interfaces")).json() == [ETHERNET]


async def test_a_hardware_address_may_be_written_as_windows_does(
    viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    await state(device, {**ETHERNET, "mac": "02-00-5E-10-00-01"})
    assert (await viewer.get(f"{device.path}/interfaces")).json()[0]["mac"] == "02:00:5e:10:00:01"


async def test_the_host_comes_back_as_stated(viewer: httpx.AsyncClient, device: EnrolledDevice) -> None:
    facts = {"os": "Debian", "cpu_count": 4, "nested": {"list": [1, 2.5, None, True]}, "ünïcode": "漢字"}
    process = {"pid": 1, "name": "systemd", "cpu_percent": 0.5, "memory_bytes": 12_000_000}
    response = await device.client.put(
        f"{device.path}/host", json={"facts": facts, "top_processes": [process]}
    )
    assert (response.status_code, response.content) == (204, b"")
    host = (await viewer.get(f"{device.path}/host")).json()
    assert (host["facts"], host["top_processes"]) == (facts, [process])
    assert host["reported_at"].endswith("Z")


async def test_a_host_that_said_nothing_is_not_found(
    viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    response = await viewer.get(f"{device.path}/host")
    assert (response.status_code, response.json()["code"]) == (404, "host_unknown")


def nested(levels: int) -> dict[str, Any]:
    return {"x": nested(levels - 1)} if levels else {}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"facts": []},
        {"facts": nested(9)},
        {"facts": nested(200)},
        {"facts": {"a": "\0"}},
        {"facts": {"a\0b": 1}},
        {"facts": {}, "top_processes": [{"pid": -1, "name": "x", "cpu_percent": 1, "memory_bytes": 1}]},
        {"facts": {}, "top_processes": [{"pid": 1, "name": "x", "cpu_percent": -1, "memory_bytes": 1}]},
        {"facts": {}, "top_processes": [{"pid": 1, "name": "a\0b", "cpu_percent": 1, "memory_bytes": 1}]},
        {"facts": {}, "top_processes": [{"pid": 1, "name": "x", "cpu_percent": 1, "memory_bytes": 2**63}]},
    ],
)
async def test_an_impossible_host_is_refused(device: EnrolledDevice, body: object) -> None:
    assert (await device.client.put(f"{device.path}/host", json=body)).status_code == 422


@pytest.mark.parametrize(
    "raw", [rb'{"facts": {"a": "\ud800"}}', rb'{"facts": {"\udfff": 1}}', b'{"facts": {"a": NaN}}']
)
async def test_what_json_can_say_and_postgresql_cannot_hold_is_refused(
    device: EnrolledDevice, raw: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    response = await device.client.put(f"{device.path}/host", content=raw, headers=headers)
    assert response.status_code == 422


@pytest.mark.parametrize("path", ["interfaces", "host"])
async def test_a_device_that_does_not_exist_is_not_found(viewer: httpx.AsyncClient, path: str) -> None:
    response = await viewer.get(f"/api/v1/devices/{uuid4()}/{path}")
    assert (response.status_code, response.json()["code"]) == (404, "device_not_found")
