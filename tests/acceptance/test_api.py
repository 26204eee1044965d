"""The API as an operator runs it: a process of its own, on empty databases, until it is told to stop."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from iotistic.bootstrap.platform import open_platform
from iotistic.config import DatabaseNames, Settings
from iotistic.database.locks import key_of
from iotistic.database.pool import connect
from iotistic.migrations import PLATFORM
from iotistic.secret import Secret
from iotistic.security.enrolment import answer_to
from tests.support.databases import Databases

PEPPER = Secret("the pepper of the acceptance test")


@dataclass(frozen=True, kw_only=True)
class Service:
    """One running `iotistic serve`."""

    process: asyncio.subprocess.Process
    url: str
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    async def stopped(self) -> int:
        return await asyncio.wait_for(self.process.wait(), 20)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Three empty databases, and how services and tests reach them."""

    environment: Mapping[str, str]
    settings: Settings


@pytest_asyncio.fixture
async def installation(databases: Databases, tmp_path: Path) -> AsyncIterator[Installation]:
    async with AsyncExitStack() as stack:
        platform, billing, vpn = [await stack.enter_async_context(databases.empty()) for _ in range(3)]
        owner = platform.endpoint("owner")
        [(host, port)] = owner.hosts
        assert owner.password is not None
        names = DatabaseNames(platform=platform.name, billing=billing.name, vpn=vpn.name)
        yield Installation(
            environment={
                "DB_HOST": host,
                "DB_PORT": str(port),
                "DB_USER": owner.user,
                "DB_PASSWORD": owner.password.reveal(),
                "DB_SSLMODE": "disable",
                "DB_NAME": names.platform,
                "IOTISTIC_BILLING_DB_NAME": names.billing,
                "IOTISTIC_VPN_DB_NAME": names.vpn,
                "IOTISTIC_DATA_DIR": str(tmp_path / "data"),
                "IOTISTIC_PEPPER": PEPPER.reveal(),
                "IOTISTIC_LOG_FORMAT": "json",
                "IOTISTIC_LOG_LEVEL": "info",
            },
            settings=Settings(data_dir=tmp_path / "data", database=owner, names=names, pepper=PEPPER),
        )


@asynccontextmanager
async def serving(environment: Mapping[str, str], folder: Path, *options: str) -> AsyncIterator[Service]:
    """`iotistic serve` on a free port, from its first line on; killed at the end if it still runs."""
    log = folder / "serve.log"
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "iotistic", "serve", "--port", "0", *options,
            cwd=folder,
            env={"PATH": os.environ["PATH"], **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
        )  # fmt: skip
    assert process.stdout is not None
    try:
        first = await asyncio.wait_for(process.stdout.readline(), 30)
        assert first, log.read_text()
        yield Service(process=process, url=first.decode().strip(), log=log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined] # asyncio keeps the pipe until it is collected


async def ready(client: httpx.AsyncClient, service: Service) -> None:
    async with asyncio.timeout(60):
        while (await client.get("/ready")).status_code != 200:
            assert service.process.returncode is None, service.log.read_text()
            await asyncio.sleep(0.05)


async def make_claim_key(settings: Settings) -> Secret:
    """What an operator does on the command line."""
    platform = await open_platform(settings, application_name="test", with_ingest=False)
    try:
        async with platform.begin() as work:
            issued = await work.enrolment.create_claim_key(
                max_uses=1, lasts=timedelta(hours=1), label="test", created_by="test"
            )
            await work.security.create_user("ada", Secret("ada's long password"), "viewer")
    finally:
        await platform.close()
    return issued.text


async def enrol(client: httpx.AsyncClient, claim: Secret, body: dict[str, str]) -> dict[str, str]:
    """What a device does: claim, and answer the challenge with its new key."""
    claimed = (await client.post("/api/v1/devices/enrol", json=body, headers=bearer(claim.reveal()))).json()
    answer = answer_to(claimed["challenge"], Secret(claimed["api_key"]))
    proof = {"enrolment_id": claimed["enrolment_id"], "answer": answer}
    enrolled = await client.post("/api/v1/devices/enrol/proof", json=proof)
    return {"device_uuid": enrolled.json()["device_uuid"], "api_key": claimed["api_key"]}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def test_from_empty_databases_to_a_device_that_is_seen(
    installation: Installation, tmp_path: Path
) -> None:
    async with (
        serving(installation.environment, tmp_path) as service,
        httpx.AsyncClient(base_url=service.url, timeout=20) as client,
    ):
        assert (await client.get("/health")).json()["status"] == "ok"
        await ready(client, service)
        claim = await make_claim_key(installation.settings)

        device = await enrol(client, claim, {"name": "pump", "serial": "p1"})
        path = f"/api/v1/devices/{device['device_uuid']}"
        report = {"timestamp": datetime.now(UTC).isoformat(), "metrics": {"cpu_usage": 12.5}}
        receipt = await client.post(
            f"{path}/metrics",
            json={"reports": [report]},
            headers=bearer(device["api_key"]) | {"X-Request-ID": "the-first-report"},
        )
        assert receipt.json()["accepted"] == 1

        login = await client.post(
            "/api/v1/auth/login", json={"username": "ada", "password": "ada's long password"}
        )
        person = bearer(login.json()["key"])
        [series] = (await client.get(f"{path}/metrics", headers=person)).json()
        assert [point["average"] for point in series["points"]] == [12.5]
        missing = await client.get(
            "/api/v1/devices/0", headers=person | {"X-Request-ID": "a-mistake-of-mine"}
        )
        assert missing.status_code == 422

        service.process.send_signal(signal.SIGTERM)
        assert await service.stopped() == 0

    lines = service.lines()
    assert [line["event"] for line in lines][-1] == "stopped"
    assert {"listening", "ready"} <= {line["event"] for line in lines}
    [mistake] = [line for line in lines if line.get("request_id") == "a-mistake-of-mine"]
    assert (mistake["event"], mistake["status"], mistake["method"]) == ("request", 422, "GET")
    assert not [line for line in lines if line["level"] in {"warning", "error"}]
    secrets = [device["api_key"], login.json()["key"], claim.reveal(), "ada's long password", PEPPER.reveal()]
    assert not [secret for secret in secrets if secret in service.log.read_text()]


async def test_while_another_replica_migrates_it_says_so_is_not_ready_and_can_be_stopped(
    installation: Installation, tmp_path: Path
) -> None:
    database, owner = installation.settings.names.platform, installation.settings.database
    assert owner is not None
    other = await connect(owner, database, application_name="the other replica", autocommit=True)
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        await stack.enter_async_context(other)
        await other.execute("SELECT pg_advisory_lock(%s)", (key_of(PLATFORM.lock_name),))
        service = await stack.enter_async_context(serving(installation.environment, tmp_path))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=service.url, timeout=20))
        while "while migrating" not in service.log.read_text():
            await asyncio.sleep(0.05)
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/ready")).status_code == 503
        service.process.send_signal(signal.SIGTERM)
        assert await service.stopped() == 0
        cursor = await other.execute("SELECT to_regclass('schema_migrations')")
        assert await cursor.fetchone() == (None,)
    warning, *_ = [line for line in service.lines() if line["event"] == "while migrating"]
    assert (warning["level"], "the other replica" in warning["reason"]) == ("warning", True)


async def test_what_was_being_answered_when_it_was_told_to_stop_is_answered(
    installation: Installation, tmp_path: Path
) -> None:
    async with (
        serving(installation.environment, tmp_path) as service,
        httpx.AsyncClient(base_url=service.url, timeout=20) as client,
    ):
        await ready(client, service)
        claim = await make_claim_key(installation.settings)
        device = await enrol(client, claim, {"name": "pump"})
        now = datetime.now(UTC)
        sent: list[asyncio.Task[httpx.Response]] = []
        for number in range(200):
            report = {"timestamp": (now - timedelta(seconds=number)).isoformat(), "metrics": {"n": number}}
            request = client.post(
                f"/api/v1/devices/{device['device_uuid']}/metrics",
                json={"reports": [report]},
                headers=bearer(device["api_key"]),
            )
            sent.append(asyncio.create_task(request))
        await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
        service.process.send_signal(signal.SIGTERM)
        answers = await asyncio.gather(*sent, return_exceptions=True)
        assert await service.stopped() == 0

    accepted = [
        answer for answer in answers if isinstance(answer, httpx.Response) and answer.status_code == 200
    ]
    assert accepted
    for answer in answers:  # the others were never taken: told so, or not let in any more
        assert isinstance(answer, httpx.TransportError) or answer in accepted or answer.status_code == 503
    platform = await open_platform(installation.settings, application_name="test", with_ingest=False)
    async with platform.begin(read_only=True) as work:
        row = await (await work.connection.execute("SELECT count(*) FROM device_metrics")).fetchone()
    await platform.close()
    assert row is not None
    assert row[0] >= sum(answer.json()["accepted"] for answer in accepted)


async def test_without_a_database_it_answers_and_waits_and_can_be_stopped(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen: refused at once
        environment = {
            "DB_HOST": "127.0.0.1",
            "DB_PORT": str(nobody.getsockname()[1]),
            "DB_SSLMODE": "disable",
            "IOTISTIC_DATA_DIR": str(tmp_path / "data"),
            "IOTISTIC_LOG_FORMAT": "json",
        }
        async with (
            serving(environment, tmp_path) as service,
            httpx.AsyncClient(base_url=service.url) as client,
        ):
            assert (await client.get("/health")).status_code == 200
            answer = await client.get("/ready")
            assert (answer.status_code, answer.json()["findings"][0]["check"]) == (503, "start")
            refused = await client.get("/api/v1/devices", headers=bearer("x"))
            assert (refused.status_code, refused.json()["code"]) == (503, "not_started")
            async with asyncio.timeout(20):
                while not [line for line in service.lines() if line["event"] == "waiting for the database"]:
                    await asyncio.sleep(0.05)
            service.process.send_signal(signal.SIGINT)
            assert await service.stopped() == 0
        waiting = [line for line in service.lines() if line["event"] == "waiting for the database"]
        assert len(waiting) == 1
        assert waiting[0]["level"] == "warning"


async def test_a_taken_port_is_told_and_ends_it(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "iotistic", "serve", "--port", str(other.getsockname()[1]),
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "IOTISTIC_DATA_DIR": str(tmp_path / "data")},
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, told = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 3
    assert "IOTISTIC_API_PORT" in told.decode()
    assert "Traceback" not in told.decode()
