"""Enrolling over HTTP: both steps, who may not, what is kept of it, and who lets devices in."""

import asyncio
from ipaddress import IPv4Network
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from iotistic.bootstrap.platform import Platform
from iotistic.http import create_platform_app
from iotistic.secret import Secret
from iotistic.security.enrolment import answer_to
from iotistic.security.keyring import KeyDraft
from tests.integration.http.conftest import EnrolledDevice, MakeClient, make_claim_key

ENROL = "/api/v1/devices/enrol"
PROOF = "/api/v1/devices/enrol/proof"
KEYS = "/api/v1/enrolment/claim-keys"
ATTEMPTS = "/api/v1/enrolment/attempts"

_addresses = count(1)


@pytest.fixture
async def fresh(platform: Platform) -> httpx.AsyncClient:
    """A stranger from an address that nobody has seen yet."""
    return client_at(platform, f"198.51.100.{next(_addresses)}")


def client_at(platform: Platform, address: str) -> httpx.AsyncClient:
    app: FastAPI = create_platform_app(platform)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(address, 4711)), base_url="http://test"
    )


def bearer(key: Secret | str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.reveal() if isinstance(key, Secret) else key}"}


def proof_of(claimed: httpx.Response) -> dict[str, str]:
    given = claimed.json()
    answer = answer_to(given["challenge"], Secret(given["api_key"]))
    return {"enrolment_id": given["enrolment_id"], "answer": answer}


async def enrol(client: httpx.AsyncClient, body: dict[str, Any], key: Secret) -> httpx.Response:
    """Both steps; the answer to the second, or the refusal of the first."""
    claimed = await client.post(ENROL, json=body, headers=bearer(key))
    if claimed.status_code != 201:
        return claimed
    return await client.post(PROOF, json=proof_of(claimed))


async def last_attempts(viewer: httpx.AsyncClient, number: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await viewer.get(ATTEMPTS, params={"limit": number})).json()["items"]
    return items


async def test_a_claim_and_its_proof_let_a_device_in(
    fresh: httpx.AsyncClient, viewer: httpx.AsyncClient, claim_key: Secret, client_with: MakeClient
) -> None:
    body = {"name": "newcomer", "kind": "host", "serial": "serial-newcomer", "facts": {"os": "Debian"}}
    claimed = await fresh.post(ENROL, json=body, headers=bearer(claim_key))
    assert (claimed.status_code, claimed.json()["answer_within_seconds"]) == (201, 300)
    device = client_with(Secret(claimed.json()["api_key"]))
    assert (await device.get("/api/v1/auth/me")).status_code == 401
    proved = await fresh.post(PROOF, json=proof_of(claimed))
    assert proved.status_code == 201
    uuid = UUID(proved.json()["device_uuid"])
    assert (await device.get("/api/v1/auth/me")).json()["device_uuid"] == str(uuid)
    assert (await viewer.get(f"/api/v1/devices/{uuid}")).json()["serial"] == "serial-newcomer"
    assert (await viewer.get(f"/api/v1/devices/{uuid}/host")).json()["facts"] == {"os": "Debian"}
    again = await fresh.post(PROOF, json=proof_of(claimed))
    assert (again.status_code, again.json()["device_uuid"]) == (200, str(uuid))


async def test_nobody_enrols_without_a_claim_key(fresh: httpx.AsyncClient, device: EnrolledDevice) -> None:
    bare = await fresh.post(ENROL, json={"name": "uninvited"})
    wrong = await fresh.post(ENROL, json={"name": "uninvited"}, headers=bearer(device.key))
    assert (bare.status_code, wrong.status_code) == (401, 401)
    assert bare.json()["code"] == wrong.json()["code"] == "claim_key_refused"


async def test_a_wrong_answer_voids_the_challenge(
    fresh: httpx.AsyncClient, claim_key: Secret, viewer: httpx.AsyncClient
) -> None:
    claimed = await fresh.post(ENROL, json={"name": "guessed"}, headers=bearer(claim_key))
    wrong = {**proof_of(claimed), "answer": "0" * 64}
    unknown = {"enrolment_id": str(uuid4()), "answer": "0" * 64}
    answers = [await fresh.post(PROOF, json=body) for body in (wrong, proof_of(claimed), unknown)]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(401, "proof_refused")}
    assert len({str(answer.json() | {"request_id": None}) for answer in answers}) == 1
    outcomes = [attempt["outcome"] for attempt in await last_attempts(viewer, 4)]
    assert outcomes == ["proof_unknown", "proof_late", "proof_wrong", "claimed"]


async def test_a_claim_key_alone_does_not_take_over_a_device(
    platform: Platform, fresh: httpx.AsyncClient, operator: httpx.AsyncClient
) -> None:
    claim_key = await make_claim_key(platform, max_uses=5)
    body = {"name": "forgetful", "serial": "serial-forgetful"}
    claimed = await fresh.post(ENROL, json=body, headers=bearer(claim_key))
    first = await fresh.post(PROOF, json=proof_of(claimed))
    path = f"/api/v1/devices/{first.json()['device_uuid']}"
    thief = await fresh.post(ENROL, json={**body, "name": "thief"}, headers=bearer(claim_key))
    assert (thief.status_code, thief.json()["code"]) == (409, "device_enrolled")
    assert "allow-enrolment" in thief.json()["hint"]
    old = claimed.json()["api_key"]
    assert (await fresh.get("/api/v1/auth/me", headers=bearer(old))).status_code == 200

    permit = await operator.put(f"{path}/enrolment-permit", json={"lasts_seconds": 60})
    assert (permit.status_code, permit.json()["permitted_by"]) == (200, "operator")
    again = await enrol(fresh, body, claim_key)
    assert (again.status_code, again.json()) == (200, first.json())
    async with asyncio.timeout(25):
        while (await fresh.get("/api/v1/auth/me", headers=bearer(old))).status_code != 401:
            await asyncio.sleep(0.005)
    assert (await enrol(fresh, body, claim_key)).status_code == 409


async def test_with_its_old_key_a_device_comes_again(platform: Platform, fresh: httpx.AsyncClient) -> None:
    claim_key = await make_claim_key(platform, max_uses=5)
    body = {"name": "careful", "serial": "serial-careful"}
    claimed = await fresh.post(ENROL, json=body, headers=bearer(claim_key))
    first = await fresh.post(PROOF, json=proof_of(claimed))
    again = await enrol(fresh, {**body, "previous_key": claimed.json()["api_key"]}, claim_key)
    assert (again.status_code, again.json()) == (200, first.json())


async def test_an_old_key_counts_from_its_networks_only_and_hands_them_on(
    platform: Platform,
) -> None:
    inside, outside = client_at(platform, "203.0.113.7"), client_at(platform, "203.0.114.7")
    name = f"fenced-{next(_addresses)}"
    async with platform.begin() as work:
        made = await work.devices.create_device(name=name, kind="sensor", serial=name)
        draft = KeyDraft(networks=(IPv4Network("203.0.113.0/24"),))
        key = (await work.keyring.issue_device_key(made.uuid, draft, reason="test")).text
    body = {"name": name, "serial": name, "previous_key": key.reveal()}
    claim_key = await make_claim_key(platform, max_uses=5)
    thief = await outside.post(ENROL, json=body, headers=bearer(claim_key))
    assert (thief.status_code, thief.json()["code"]) == (409, "device_enrolled")

    claimed = await inside.post(ENROL, json=body, headers=bearer(claim_key))
    assert (await inside.post(PROOF, json=proof_of(claimed))).status_code == 200
    new = bearer(claimed.json()["api_key"])
    assert (await inside.get("/api/v1/auth/me", headers=new)).json()["device_uuid"] == str(made.uuid)
    assert (await outside.get("/api/v1/auth/me", headers=new)).status_code == 401


async def test_a_claim_key_that_is_used_up_lets_nobody_in(
    fresh: httpx.AsyncClient, claim_key: Secret
) -> None:
    assert (await enrol(fresh, {"name": "first-in"}, claim_key)).status_code == 201
    refused = await enrol(fresh, {"name": "second-in"}, claim_key)
    assert (refused.status_code, refused.json()["code"]) == (401, "claim_key_refused")


async def test_a_refused_name_costs_no_use_of_the_claim_key(
    fresh: httpx.AsyncClient, claim_key: Secret, device: EnrolledDevice
) -> None:
    taken = await enrol(fresh, {"name": device.name}, claim_key)
    assert (taken.status_code, taken.json()["code"]) == (409, "device_name_taken")
    assert (await enrol(fresh, {"name": "third-in"}, claim_key)).status_code == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "body.name"),
        ({"name": None}, "body.name"),
        ({"kind": "Not A Kind"}, "body.kind"),
        ({"serial": ""}, "body.serial"),
        ({"serial": "x" * 201}, "body.serial"),
        ({"facts": "x"}, "body.facts"),
        ({"previous_key": 5}, "body.previous_key"),
    ],
)
async def test_an_impossible_device_is_refused_by_field(
    fresh: httpx.AsyncClient, claim_key: Secret, change: dict[str, Any], field: str
) -> None:
    body = {"name": "impossible", "kind": "host", "serial": "s", "facts": {}, **change}
    response = await fresh.post(ENROL, json=body, headers=bearer(claim_key))
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize("answer", ["", "0" * 63, "0" * 65, "G" * 64, None, 5])
async def test_half_an_answer_is_refused_by_field(fresh: httpx.AsyncClient, answer: object) -> None:
    response = await fresh.post(PROOF, json={"enrolment_id": str(uuid4()), "answer": answer})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["body.answer"]


async def test_an_old_key_is_not_repeated_in_a_refusal(fresh: httpx.AsyncClient) -> None:
    for old in ("hunter2" * 100, ["hunter2"]):
        response = await fresh.post(ENROL, json={"name": "x", "previous_key": old})
        assert "hunter2" not in response.text


async def test_two_devices_of_one_serial_at_once_become_one(
    platform: Platform, fresh: httpx.AsyncClient
) -> None:
    claim_key = await make_claim_key(platform, max_uses=10)
    bodies = [{"name": f"twin-{number}", "serial": "serial-twin"} for number in range(4)]
    answers = await asyncio.gather(*(enrol(fresh, body, claim_key) for body in bodies))
    assert {answer.status_code for answer in answers} <= {201, 401, 409}
    assert sum(answer.status_code == 201 for answer in answers) == 1


async def test_an_address_that_is_refused_too_often_has_to_pause(
    platform: Platform, fresh: httpx.AsyncClient, claim_key: Secret
) -> None:
    statuses = [
        (await fresh.post(ENROL, json={"name": "x"}, headers=bearer("x"))).status_code for _ in range(30)
    ]
    assert statuses == [401] * 30
    limited = await fresh.post(ENROL, json={"name": "good"}, headers=bearer(claim_key))
    assert (limited.status_code, limited.json()["code"]) == (429, "too_many_attempts")
    assert 0 < int(limited.headers["retry-after"]) <= 600
    assert (
        await fresh.post(PROOF, json={"enrolment_id": str(uuid4()), "answer": "0" * 64})
    ).status_code == 429
    elsewhere = httpx.AsyncClient(
        transport=httpx.ASGITransport(create_platform_app(platform), client=("203.0.113.9", 1)),
        base_url="http://test",
    )
    assert (await enrol(elsewhere, {"name": "not-the-culprit"}, claim_key)).status_code == 201


async def test_a_claim_key_that_is_refused_too_often_pauses_wherever_it_comes_from(
    platform: Platform, operator: httpx.AsyncClient
) -> None:
    body = {"label": "for one", "max_uses": 200, "allowed_serials": ["right"]}
    key = (await operator.post(KEYS, json=body)).json()["key"]
    app = create_platform_app(platform)
    wrong = {"name": "x", "serial": "wrong"}

    async def ask(number: int, body: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(f"192.0.2.{number}", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post(ENROL, json=body, headers=bearer(key))

    refused = [(await ask(100 + number // 25, wrong)).status_code for number in range(100)]
    assert refused == [401] * 100
    assert (await ask(120, {"name": "x", "serial": "right"})).status_code == 429


async def test_an_ipv6_customer_is_one_source(platform: Platform) -> None:
    app = create_platform_app(platform)

    async def ask(address: str) -> int:
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.post(ENROL, json={"name": "x"}, headers=bearer("x"))).status_code

    assert [await ask(f"2001:db8:1:1::{number:x}") for number in range(30)] == [401] * 30
    assert await ask("2001:db8:1:1:ffff::1") == 429
    assert await ask("2001:db8:1:2::1") == 401


async def test_every_attempt_is_kept_with_where_it_came_from(
    fresh: httpx.AsyncClient, viewer: httpx.AsyncClient, claim_key: Secret
) -> None:
    await enrol(fresh, {"name": "kept", "serial": "serial-kept"}, claim_key)
    await enrol(fresh, {"name": "kept", "serial": "serial-other"}, claim_key)
    used_up, enrolled, claimed = await last_attempts(viewer, 3)
    assert [used_up["outcome"], enrolled["outcome"], claimed["outcome"]] == [
        "claim_key_used_up", "enrolled", "claimed",
    ]  # fmt: skip
    key_id = claim_key.reveal().split("_")[2]
    assert {attempt["claim_key_id"] for attempt in (used_up, enrolled, claimed)} == {key_id}
    assert (enrolled["serial"], used_up["serial"]) == ("serial-kept", "serial-other")
    assert claimed["source"].startswith("198.51.100.")
    only = await viewer.get(ATTEMPTS, params={"outcome": "claim_key_used_up", "limit": 1})
    assert only.json()["items"][0]["id"] == used_up["id"]
    following = await viewer.get(ATTEMPTS, params={"limit": 1, "after": only.json()["next"]})
    assert following.json()["items"][0]["id"] == enrolled["id"]


async def test_operators_make_list_and_revoke_claim_keys(
    operator: httpx.AsyncClient, viewer: httpx.AsyncClient, fresh: httpx.AsyncClient
) -> None:
    made = await operator.post(KEYS, json={"label": "batch", "max_uses": 3, "lasts_seconds": 3600})
    assert made.status_code == 201
    key, key_id = Secret(made.json()["key"]), made.json()["key_id"]
    assert (await enrol(fresh, {"name": "of the batch"}, key)).status_code == 201
    listed = (await viewer.get(KEYS, params={"limit": 1})).json()
    [seen] = listed["items"]
    assert (seen["key_id"], seen["uses"], seen["created_by"]) == (key_id, 1, "operator")
    assert "key" not in seen
    older = (await viewer.get(KEYS, params={"after": listed["next"]})).json()["items"]
    assert key_id not in [one["key_id"] for one in older]
    revoked = await operator.delete(f"{KEYS}/{key_id}")
    assert (revoked.status_code, revoked.json()["revoked_at"] is None) == (200, False)
    assert (await enrol(fresh, {"name": "too late"}, key)).status_code == 401
    missing = await operator.delete(f"{KEYS}/aaaaaaaaaaaa")
    assert (missing.status_code, missing.json()["code"]) == (404, "claim_key_not_found")


@pytest.mark.parametrize(
    "change",
    [
        {"max_uses": 0},
        {"max_uses": 1_000_001},
        {"lasts_seconds": 59},
        {"lasts_seconds": 366 * 86_400 + 1},
        {"label": ""},
        {"allowed_serials": []},
        {"allowed_serials": [""]},
        {"unknown": 1},
    ],
)
async def test_an_impossible_claim_key_is_refused_by_field(
    operator: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    response = await operator.post(KEYS, json={"label": "x", "max_uses": 1, **change})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"].startswith(f"body.{next(iter(change))}")


async def test_who_only_looks_and_devices_let_nobody_in(
    viewer: httpx.AsyncClient, device: EnrolledDevice, other_device: EnrolledDevice
) -> None:
    permit = f"{other_device.path}/enrolment-permit"
    for client in (viewer, device.client):
        for method, path, body in (
            ("POST", KEYS, {"label": "x", "max_uses": 1}),
            ("DELETE", f"{KEYS}/aaaaaaaaaaaa", None),
            ("PUT", permit, {}),
            ("DELETE", permit, None),
        ):
            assert (await client.request(method, path, json=body)).status_code == 403, path
    for path in (KEYS, ATTEMPTS):
        assert (await device.client.get(path)).status_code == 403


async def test_a_permit_for_an_unknown_device_is_told(operator: httpx.AsyncClient) -> None:
    path = f"/api/v1/devices/{uuid4()}/enrolment-permit"
    assert (await operator.put(path, json={})).status_code == 404
    assert (await operator.delete(path)).status_code == 404
