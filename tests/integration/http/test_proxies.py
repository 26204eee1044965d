"""Behind proxies: who asks and over what is what trusted hops say, on the short way of ingest as on the long one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

import httpx
import pytest

from iotistic.bootstrap.platform import Platform
from iotistic.http import HttpServer, PlatformApp, create_platform_app
from iotistic.http.trusted_proxies import LOOPBACK
from iotistic.security.keyring import KeyDraft
from tests.integration.http.conftest import EnrolledDevice
from tests.integration.http.test_ingest_lane import report

HSTS = "strict-transport-security"


@asynccontextmanager
async def client_of(
    app: PlatformApp, device: EnrolledDevice, *, trusted: bool
) -> AsyncIterator[httpx.AsyncClient]:
    """The device at a server of which this host is a trusted proxy, or a stranger."""
    server = HttpServer(app, host="127.0.0.1", port=0, proxies=LOOPBACK if trusted else ())
    running = asyncio.create_task(server.run())
    headers = {"Authorization": f"Bearer {device.key.reveal()}"}
    try:
        async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
            yield client
    finally:
        server.stop()
        server.stop()
        await running


@pytest.mark.parametrize("trusted", [True, False])
async def test_only_a_trusted_proxy_makes_an_answer_promise_tls(
    app: PlatformApp, device: EnrolledDevice, trusted: bool
) -> None:
    async with client_of(app, device, trusted=trusted) as client:
        for proto, promised in (("https", trusted), ("http", False), (None, False)):
            headers = {"X-Forwarded-Proto": proto} if proto else {}
            for _ in range(2):  # the second goes the short way
                answer = await client.post(f"{device.path}/metrics", content=report(), headers=headers)
                assert answer.status_code == 200
                assert (HSTS in answer.headers) == promised
            assert (HSTS in (await client.get("/api/v1/auth/me", headers=headers)).headers) == promised


async def test_the_networks_of_a_key_are_held_against_the_caller_and_not_against_the_proxy(
    app: PlatformApp, platform: Platform, device: EnrolledDevice
) -> None:
    async with platform.begin() as work:
        await work.security.revoke_device_keys(device.uuid, reason="test")
        draft = KeyDraft(networks=[ip_network("127.0.0.0/8"), ip_network("192.0.2.0/24")])
        issued = await work.keyring.issue_device_key(device.uuid, draft, reason="test")
    bound = EnrolledDevice(uuid=device.uuid, name=device.name, key=issued.text, client=device.client)
    path = f"{device.path}/metrics"

    async def status(client: httpx.AsyncClient, forwarded: str) -> int:
        headers = {"X-Forwarded-For": forwarded}
        return (await client.post(path, content=report(), headers=headers)).status_code

    async with client_of(app, bound, trusted=True) as client:
        for _ in range(2):
            assert await status(client, "192.0.2.7") == 200
            assert await status(client, "198.51.100.7, 192.0.2.7") == 200
            assert await status(client, "192.0.2.7, 198.51.100.7") == 401
    async with client_of(app, bound, trusted=False) as client:
        assert await status(client, "198.51.100.7") == 200  # nobody is believed: it comes from here


@pytest.mark.parametrize(
    ("trusted", "lied"), [(False, "198.51.100.{}"), (True, "198.51.100.{}, 203.0.113.99")]
)
async def test_guesses_that_each_claim_another_origin_are_held_back_as_one_place(
    platform: Platform, device: EnrolledDevice, trusted: bool, lied: str
) -> None:
    guess = {"username": f"proxied-{trusted}", "password": "wrong"}
    async with client_of(create_platform_app(platform), device, trusted=trusted) as client:
        answers = [
            await client.post("/api/v1/auth/login", json=guess, headers={"X-Forwarded-For": lied.format(n)})
            for n in range(7)
        ]
    assert [answer.status_code for answer in answers] == [401] * 6 + [429]
    assert answers[-1].json()["code"] == "login_paused"
