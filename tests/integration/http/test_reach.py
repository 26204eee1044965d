"""Roles on a part of what there is: every route that needs a permission, asked about the other fleet and the other device."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count

import httpx
import pytest
import pytest_asyncio
from starlette.routing import Route

from iotistic.bootstrap.platform import Platform
from iotistic.devices.fleets import FleetDraft
from iotistic.http import create_platform_app
from iotistic.http.permissions import Needs, every_route, requirements_of
from iotistic.secret import Secret
from tests.integration.http.conftest import PASSWORD, EnrolledDevice, MakeClient, MakeDevice

NEEDING = [
    (min(route.methods or ()), route.path, asked)
    for route in every_route(create_platform_app().routes)
    if isinstance(route, Route)
    for asked in requirements_of(route)
    if isinstance(asked, Needs)
]
ABOUT_DEVICES = [
    (m, p) for m, p, asked in NEEDING if re.search(r"\{(uuid|device)\}", p) and not asked.anywhere
]
ABOUT_FLEETS = [(m, p) for m, p, asked in NEEDING if asked.fleet]
ABOUT_EVERYTHING = [
    (m, p) for m, p, asked in NEEDING if not (asked.anywhere or asked.fleet) and (m, p) not in ABOUT_DEVICES
]
ENDLESS = {"/api/v1/logs/stream"}
"""Looked at in test_log_stream.py."""
LISTS = [(m, p) for m, p, asked in NEEDING if asked.anywhere and m == "GET" and p not in ENDLESS]
QUERY = {
    "/api/v1/metrics/latest": "names=cpu_usage",
    "/api/v1/metrics/series": "names=cpu_usage",
    "/api/v1/metrics/fleet": "names=cpu_usage&bucket=1m",
    "/api/v1/metrics/export": "names=cpu_usage",
}

_numbers = count(1)


class Part:
    """Two devices in two fleets, and people whose roles go as far as the first: its fleet, or it alone."""

    def __init__(
        self,
        mine: EnrolledDevice,
        other: EnrolledDevice,
        fleets: tuple[str, str],
        people: dict[str, httpx.AsyncClient],
    ) -> None:
        self.mine, self.other, self.fleets, self.people = mine, other, fleets, people


async def somebody(platform: Platform, name: str, **scope: object) -> Secret:
    async with platform.begin() as work:
        user = await work.security.create_user(name, PASSWORD, None)
        await work.bindings.grant(name, "admin", **scope)  # type: ignore[arg-type]
        return (await work.security.issue_user_key(user.id, lasts=timedelta(hours=1), reason="test")).text


@pytest_asyncio.fixture(scope="module")
async def part(platform: Platform, client_with: MakeClient, make_device: MakeDevice) -> AsyncIterator[Part]:
    number = next(_numbers)
    fleets = (f"near-{number}", f"far-{number}")
    mine, other = await make_device(), await make_device()
    async with platform.begin() as work:
        for fleet, device in zip(fleets, (mine, other), strict=True):
            await work.fleets.create_fleet(fleet, FleetDraft())
            await work.fleets.assign(fleet, [device.uuid])
    people = {
        "fleet": client_with(await somebody(platform, f"of-fleet-{number}", fleet=fleets[0])),
        "device": client_with(await somebody(platform, f"of-device-{number}", device_uuid=mine.uuid)),
    }
    yield Part(mine, other, fleets, people)


def fill(path: str, device: object, fleet: str = "1") -> str:
    known = {"uuid": str(device), "device": str(device), "key": "site", "half": "desired", "name": fleet}
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "1"), path)


def test_the_routes_were_found() -> None:
    assert len(ABOUT_DEVICES) > 30
    assert len(ABOUT_EVERYTHING) > 30
    assert len(ABOUT_FLEETS) == 3
    assert len(LISTS) >= 7


@pytest.mark.parametrize("who", ["fleet", "device"])
@pytest.mark.parametrize(("method", "path"), ABOUT_DEVICES)
async def test_the_other_device_is_out_of_reach(part: Part, method: str, path: str, who: str) -> None:
    for device in (part.other.uuid, "00000000-0000-4000-8000-000000000000", "nonsense"):
        response = await part.people[who].request(method, fill(path, device), json={"value": "x"})
        assert (response.status_code, response.json()["code"]) == (403, "out_of_reach")


@pytest.mark.parametrize("who", ["fleet", "device"])
@pytest.mark.parametrize(("method", "path"), ABOUT_FLEETS)
async def test_the_other_fleet_is_out_of_reach(part: Part, method: str, path: str, who: str) -> None:
    response = await part.people[who].request(method, fill(path, "", part.fleets[1]), json={})
    assert (response.status_code, response.json()["code"]) == (403, "out_of_reach")


@pytest.mark.parametrize("who", ["fleet", "device"])
@pytest.mark.parametrize(("method", "path"), ABOUT_EVERYTHING)
async def test_what_is_about_everything_is_out_of_reach(part: Part, method: str, path: str, who: str) -> None:
    response = await part.people[who].request(method, fill(path, ""), json={})
    # An admin of a part is one there, and what only an owner may do is refused as that.
    assert (response.status_code, response.json()["code"]) == (403, "out_of_reach")


@pytest.mark.parametrize("who", ["fleet", "device"])
@pytest.mark.parametrize(("method", "path"), LISTS)
async def test_a_list_shows_nothing_of_what_lies_outside(
    part: Part, method: str, path: str, who: str
) -> None:
    response = await part.people[who].request(method, f"{path}?{QUERY.get(path, '')}")
    assert response.status_code == 200, response.text
    for hidden in (part.other.name, str(part.other.uuid), part.fleets[1]):
        assert hidden not in response.text


@pytest.mark.parametrize("who", ["fleet", "device"])
async def test_what_lies_inside_is_there(part: Part, who: str) -> None:
    person = part.people[who]
    assert [d["name"] for d in (await person.get("/api/v1/devices")).json()["items"]] == [part.mine.name]
    assert (await person.get(part.mine.path)).status_code == 200
    assert (await person.put(f"{part.mine.path}/tags/by", json={"value": who})).status_code == 204
    assert part.mine.name in (await person.get("/api/v1/devices/export")).text


@pytest.mark.parametrize("path", ["/api/v1/logs", "/api/v1/metrics/latest", "/api/v1/metrics/series"])
async def test_naming_a_device_outside_is_refused_and_not_left_out(part: Part, path: str) -> None:
    named = f"devices={part.mine.uuid},{part.other.uuid}&{QUERY.get(path, '')}"
    response = await part.people["fleet"].get(f"{path}?{named}")
    assert (response.status_code, response.json()["code"]) == (403, "out_of_reach")


async def test_nobody_of_a_fleet_puts_a_device_elsewhere(part: Part) -> None:
    person = part.people["fleet"]
    for fleet in (part.fleets[1], None):
        moved = await person.put(f"{part.mine.path}/fleet", json={"fleet": fleet})
        assert (moved.status_code, moved.json()["code"]) == (403, "out_of_reach")
        made = await person.post("/api/v1/devices", json={"name": "smuggled", "kind": "host", "fleet": fleet})
        assert (made.status_code, made.json()["code"]) == (403, "out_of_reach")
    made = await person.post(
        "/api/v1/devices", json={"name": part.fleets[0], "kind": "host", "fleet": part.fleets[0]}
    )
    assert made.status_code == 201
    assert (await person.post(f"/api/v1/devices/{made.json()['uuid']}/retire")).status_code == 200


async def test_tags_for_many_stay_inside(part: Part) -> None:
    person = part.people["fleet"]
    named = await person.post(
        "/api/v1/devices/tags", json={"devices": [str(part.other.uuid)], "set": {"by": "x"}}
    )
    assert (named.status_code, named.json()["code"]) == (403, "out_of_reach")
    meant = await person.post("/api/v1/devices/tags", json={"where": "not has nothing", "set": {"by": "x"}})
    assert meant.json()["matched"] == 1


async def test_no_gateway_is_let_send_for_a_device_outside(part: Part) -> None:
    response = await part.people["fleet"].put(f"{part.mine.path}/gateway-devices/{part.other.uuid}")
    assert response.status_code in {403, 404}
    granted = [p for _, p in ABOUT_DEVICES if "{device}" in p]
    assert granted
    path = granted[0].replace("{uuid}", str(part.mine.uuid)).replace("{device}", str(part.other.uuid))
    refused = await part.people["fleet"].put(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "out_of_reach")


async def test_roles_are_given_over_http_and_hold_at_once(
    platform: Platform, part: Part, client_with: MakeClient
) -> None:
    async with platform.begin() as work:
        user = await work.security.create_user("newcomer", PASSWORD, None)
        key = (await work.security.issue_user_key(user.id, lasts=timedelta(hours=1), reason="test")).text
    newcomer, giver = client_with(key), part.people["fleet"]
    refused = await newcomer.get(part.mine.path)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")
    wide = await giver.post("/api/v1/role-bindings", json={"username": "newcomer", "role": "viewer"})
    assert (wide.status_code, wide.json()["code"]) == (403, "grant_too_wide")
    given = await giver.post(
        "/api/v1/role-bindings", json={"username": "newcomer", "role": "viewer", "fleet": part.fleets[0]}
    )
    assert given.status_code == 201
    await answers_soon(newcomer, part.mine.path, 200)
    assert (await giver.delete(f"/api/v1/role-bindings/{given.json()['id']}")).status_code == 204
    await answers_soon(newcomer, part.mine.path, 403)


async def answers_soon(client: httpx.AsyncClient, path: str, status: int) -> None:
    """The news is on its way for a moment."""
    async with asyncio.timeout(60):
        while (await client.get(path)).status_code != status:
            await asyncio.sleep(0.005)


async def test_accounts_and_roles_are_listed_for_who_may_give_them(
    viewer: httpx.AsyncClient, people: dict[str, Secret], client_with: MakeClient
) -> None:
    manager = client_with(people["manager"])
    assert "viewer" in {account["username"] for account in (await manager.get("/api/v1/users")).json()}
    page = (await manager.get("/api/v1/role-bindings?limit=1")).json()
    assert len(page["items"]) == 1
    assert (await manager.get(f"/api/v1/role-bindings?after={page['next']}")).status_code == 200
    for path in ("/api/v1/users", "/api/v1/role-bindings"):
        assert (await viewer.get(path)).status_code == 403
