"""Jobs over HTTP: people make them, devices do them, and nobody does what is another's."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from iotistic.bootstrap.job_rounds import admit_new_devices, expire_attempts, run_schedules
from iotistic.bootstrap.platform import Platform
from tests.integration.http.conftest import EnrolledDevice, MakeDevice

ECHO = {"steps": [{"action": "echo", "arguments": {"text": "hello"}}], "timeout_seconds": 60}

Start = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def start(operator: httpx.AsyncClient) -> Start:
    """Starts a job for these devices."""

    async def started(*devices: EnrolledDevice, **stated: object) -> dict[str, Any]:
        target = {"devices": [str(one.uuid) for one in devices]}
        answer = await operator.post("/api/v1/jobs", json={"document": ECHO, "target": target, **stated})
        assert answer.status_code == 201, answer.text
        job: dict[str, Any] = answer.json()
        return job

    return started


async def claim(device: EnrolledDevice) -> dict[str, Any]:
    answer = await device.client.post(f"{device.path}/jobs/next")
    assert answer.status_code == 200, answer.text
    claimed: dict[str, Any] = answer.json()
    return claimed


async def report(
    device: EnrolledDevice, claimed: dict[str, Any], outcome: str, **said: object
) -> httpx.Response:
    body = {"attempt": claimed["attempt"], "outcome": outcome, **said}
    return await device.client.post(f"{device.path}/jobs/{claimed['job_id']}/report", json=body)


async def until(client: httpx.AsyncClient, path: str, holds: Callable[[Any], bool]) -> Any:  # noqa: ANN401 - JSON
    async with asyncio.timeout(20):
        while not holds(found := (await client.get(path)).json()):
            await asyncio.sleep(0.02)
        return found


async def test_a_job_end_to_end(viewer: httpx.AsyncClient, device: EnrolledDevice, start: Start) -> None:
    job = await start(device, name="greet")
    assert (job["status"], job["tally"]["released"], job["created_by"]) == ("running", 1, "operator")
    claimed = await claim(device)
    assert (claimed["job_id"], claimed["document"], claimed["is_new"]) == (job["id"], ECHO, True)
    progress = {"attempt": 1, "step": 0, "message": "saying"}
    news = await device.client.post(f"{device.path}/jobs/{job['id']}/progress", json=progress)
    assert news.json()["is_cancelled"] is False
    done = await report(device, claimed, "succeeded", output="hello", result={"a": 1}, exit_code=0)
    assert done.json() == {"recorded": True}
    assert (await report(device, claimed, "succeeded")).json() == {"recorded": False}
    path = f"/api/v1/jobs/{job['id']}"
    found = await until(viewer, path, lambda job: job["status"] == "completed")
    assert (found["tally"]["succeeded"], found["tally"]["total"]) == (1, 1)
    one = (await viewer.get(f"{path}/devices/{device.uuid}")).json()
    assert one["execution"]["device_name"] == device.name
    assert [(a["outcome"], a["output"], a["result"]) for a in one["attempts"]] == [
        ("succeeded", "hello", {"a": 1})
    ]
    [mine] = (await viewer.get(f"{device.path}/jobs")).json()["items"]
    assert (mine["job_id"], mine["status"]) == (job["id"], "succeeded")


async def test_the_rollout_goes_on_as_devices_report(
    viewer: httpx.AsyncClient, make_device: MakeDevice, start: Start
) -> None:
    devices = [await make_device() for _ in range(3)]
    job = await start(*devices, rollout={"concurrency": 1})
    finished = 0
    async with asyncio.timeout(20):
        while finished < 3:
            for device in devices:
                answer = await device.client.post(f"{device.path}/jobs/next")
                if answer.status_code == 200:
                    await report(device, answer.json(), "succeeded")
                    finished += 1
    found = await until(viewer, f"/api/v1/jobs/{job['id']}", lambda job: job["status"] == "completed")
    assert found["tally"]["succeeded"] == 3


async def test_a_waiting_device_is_told_at_once(
    platform: Platform, device: EnrolledDevice, start: Start
) -> None:
    waiting = asyncio.create_task(device.client.post(f"{device.path}/jobs/next", params={"wait": "60s"}))
    async with asyncio.timeout(20):
        while not platform.news.waiting:
            await asyncio.sleep(0.01)
        job = await start(device)
        answer = await waiting
    assert answer.json()["job_id"] == job["id"]


async def test_who_waits_for_nothing_gets_nothing(device: EnrolledDevice) -> None:
    for query in ({}, {"wait": "1s"}):
        answer = await device.client.post(f"{device.path}/jobs/next", params=query)
        assert (answer.status_code, answer.content) == (204, b"")
    for junk in ("0s", "61s", "x"):
        refused = await device.client.post(f"{device.path}/jobs/next", params={"wait": junk})
        assert refused.status_code == 422


async def test_a_working_device_is_told_to_stop(
    platform: Platform, operator: httpx.AsyncClient, device: EnrolledDevice, start: Start
) -> None:
    job = await start(device)
    await claim(device)
    path = f"{device.path}/jobs/{job['id']}"
    asking = asyncio.create_task(device.client.get(path, params={"attempt": 1, "wait": "60s"}))
    async with asyncio.timeout(20):
        while not platform.news.waiting:
            await asyncio.sleep(0.01)
        cancelled = await operator.post(f"/api/v1/jobs/{job['id']}/cancel", json={"reason": "no more"})
        news = await asking
    assert (cancelled.json()["status"], cancelled.json()["status_reason"]) == ("cancelled", "no more")
    assert news.json()["is_cancelled"] is True
    assert (await report(device, {"job_id": job["id"], "attempt": 1}, "cancelled")).status_code == 200
    over = await device.client.get(path, params={"attempt": 1})
    assert (over.status_code, over.json()["code"]) == (409, "job_attempt_over")


async def test_no_device_sees_or_answers_the_job_of_another(
    device: EnrolledDevice, other_device: EnrolledDevice, start: Start
) -> None:
    job = await start(device)
    assert (await other_device.client.post(f"{other_device.path}/jobs/next")).status_code == 204
    await claim(device)
    body = {"attempt": 1, "outcome": "failed"}
    for path in (device.path, other_device.path):
        status = 403 if path == device.path else 404
        for method, end, json in (
            ("POST", "report", body),
            ("POST", "progress", {"attempt": 1, "step": 0}),
        ):
            answer = await other_device.client.request(method, f"{path}/jobs/{job['id']}/{end}", json=json)
            assert answer.status_code == status
        answer = await other_device.client.get(f"{path}/jobs/{job['id']}", params={"attempt": 1})
        assert answer.status_code == status
    assert (await other_device.client.post(f"{device.path}/jobs/next")).status_code == 403
    assert (await report(device, {"job_id": job["id"], "attempt": 1}, "succeeded")).json() == {
        "recorded": True
    }


async def test_who_may_do_what(
    stranger: httpx.AsyncClient, viewer: httpx.AsyncClient, device: EnrolledDevice, start: Start
) -> None:
    job = await start(device)
    body = {"document": ECHO, "target": {"devices": [str(device.uuid)]}}
    for client, status in ((stranger, 401), (viewer, 403), (device.client, 403)):
        assert (await client.post("/api/v1/jobs", json=body)).status_code == status
        for act in ("pause", "resume", "cancel"):
            assert (await client.post(f"/api/v1/jobs/{job['id']}/{act}")).status_code == status
        assert (await client.put("/api/v1/job-templates/x", json={"document": ECHO})).status_code == status
        assert (await client.delete("/api/v1/job-schedules/x")).status_code == status
    for path in ("/api/v1/jobs", f"/api/v1/jobs/{job['id']}", "/api/v1/job-templates", f"{device.path}/jobs"):
        assert (await stranger.get(path)).status_code == 401
        assert (await device.client.get(path)).status_code == 403
        assert (await viewer.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"target": {"where": "a=b"}}, 422, "job_document_invalid"),
        ({"document": ECHO, "template": "x", "target": {"where": "a=b"}}, 422, "job_document_invalid"),
        ({"document": {"steps": []}, "target": {"where": "a=b"}}, 422, "job_document_invalid"),
        ({"document": ECHO, "target": {}}, 422, "job_target_invalid"),
        ({"document": ECHO, "target": {"where": "a=b", "fleet": "f"}}, 422, "job_target_invalid"),
        ({"document": ECHO, "target": {"where": "nobody-has-this=1"}}, 422, "job_without_targets"),
        ({"document": ECHO, "target": {"where": "a="}}, 422, "tag_expression_invalid"),
        ({"document": ECHO, "target": {"fleet": "nowhere"}}, 404, "fleet_not_found"),
        ({"template": "nowhere", "target": {"where": "a=b"}}, 404, "job_template_not_found"),
        (
            {"document": ECHO, "target": {"where": "a=b"}, "rollout": {"canary": {}}},
            422,
            "job_rollout_invalid",
        ),
        (
            {"document": ECHO, "target": {"devices": ["3f0d7f6e-0d33-4b1f-9f0c-3a1c5a2f9b10"]}},
            422,
            "job_target_invalid",
        ),
    ],
)
async def test_a_job_that_cannot_be_is_refused_with_the_reason(
    operator: httpx.AsyncClient, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await operator.post("/api/v1/jobs", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_pause_and_resume(operator: httpx.AsyncClient, device: EnrolledDevice, start: Start) -> None:
    path = f"/api/v1/jobs/{(await start(device))['id']}"
    assert (await operator.post(f"{path}/pause", json={"reason": "lunch"})).json()["status"] == "paused"
    assert (await device.client.post(f"{device.path}/jobs/next")).status_code == 204
    again = await operator.post(f"{path}/pause")
    assert (again.status_code, again.json()["code"]) == (409, "job_state_conflict")
    assert (await operator.post(f"{path}/resume")).json()["tally"]["released"] == 1
    assert (await operator.post("/api/v1/jobs/999999999/resume")).status_code == 404


async def test_lists_go_page_by_page(
    viewer: httpx.AsyncClient, device: EnrolledDevice, other_device: EnrolledDevice, start: Start
) -> None:
    made = [(await start(device, other_device))["id"] for _ in range(3)]
    for path, key in (("/api/v1/jobs", "id"), (f"{device.path}/jobs", "job_id")):
        first = (await viewer.get(path, params={"limit": 2})).json()
        assert [one[key] for one in first["items"]] == made[:0:-1]
        second = (await viewer.get(path, params={"limit": 1, "after": first["next"]})).json()
        assert [one[key] for one in second["items"]] == made[:1]
    path = f"/api/v1/jobs/{made[0]}/devices"
    first = (await viewer.get(path, params={"limit": 1})).json()
    second = (await viewer.get(path, params={"limit": 1, "after": first["next"]})).json()
    found = [one["device_uuid"] for one in first["items"] + second["items"]]
    assert found == sorted([str(device.uuid), str(other_device.uuid)])
    assert (await viewer.get(path, params={"status": "failed"})).json()["items"] == []
    for junk in ("x", first["next"]):
        assert (await viewer.get("/api/v1/jobs", params={"after": junk})).status_code == 422


async def test_templates_and_their_versions(operator: httpx.AsyncClient, device: EnrolledDevice) -> None:
    path = "/api/v1/job-templates/say-hello"
    first = await operator.put(path, json={"document": ECHO, "description": "Says hello"})
    assert (first.status_code, first.json()["version"]) == (200, 1)
    assert (await operator.put(path, json={"document": ECHO})).json()["version"] == 1
    other = {"steps": [{"action": "wait", "arguments": {"seconds": 1}}], "timeout_seconds": 60}
    assert (await operator.put(path, json={"document": other})).json()["newest_version"] == 2
    assert (await operator.get(path, params={"version": 1})).json()["document"] == ECHO
    versions = (await operator.get(f"{path}/versions")).json()["items"]
    assert [(one["version"], one["created_by"]) for one in versions] == [(2, "operator"), (1, "operator")]
    body = {"template": "say-hello", "template_version": 1, "target": {"devices": [str(device.uuid)]}}
    job = (await operator.post("/api/v1/jobs", json=body)).json()
    assert (job["name"], job["template_version"], job["document"]) == ("say-hello", 1, ECHO)
    assert (await operator.delete(path)).status_code == 204
    assert (await operator.get(path)).status_code == 404
    assert (await operator.get(f"/api/v1/jobs/{job['id']}")).json()["document"] == ECHO


async def test_schedules(operator: httpx.AsyncClient, device: EnrolledDevice) -> None:
    await operator.put("/api/v1/job-templates/nightly", json={"document": ECHO})
    stated = {
        "name": "nightly",
        "template": "nightly",
        "target": {"devices": [str(device.uuid)]},
        "cron": "30 2 * * *",
        "time_zone": "Europe/Berlin",
    }
    made = await operator.post("/api/v1/job-schedules", json=stated)
    assert made.status_code == 201, made.text
    assert (made.json()["catch_up"], made.json()["is_enabled"]) == ("skip", True)
    assert (await operator.post("/api/v1/job-schedules", json=stated)).status_code == 409
    path = "/api/v1/job-schedules/nightly"
    assert (await operator.patch(path, json={"enabled": False})).json()["is_enabled"] is False
    assert (await operator.get(path)).json()["cron"] == "30 2 * * *"
    assert (await operator.delete("/api/v1/job-templates/nightly")).status_code == 409
    for wrong in ({"cron": "61 2 * * *"}, {"cron": None}, {"every_seconds": 60}, {"time_zone": "Mars/Base"}):
        answer = await operator.post("/api/v1/job-schedules", json=stated | {"name": "other"} | wrong)
        assert answer.status_code == 422, answer.text
    assert (await operator.delete(path)).status_code == 204
    assert (await operator.delete(path)).status_code == 404


async def test_the_leaders_rounds_do_what_is_due(
    platform: Platform, operator: httpx.AsyncClient, device: EnrolledDevice, start: Start
) -> None:
    job = await start(device)
    await claim(device)
    await operator.put("/api/v1/job-templates/round", json={"document": ECHO})
    stated = {
        "name": "round",
        "template": "round",
        "target": {"devices": [str(device.uuid)]},
        "every_seconds": 60,
    }
    await operator.post("/api/v1/job-schedules", json=stated)
    async with platform.begin() as work:
        await work.connection.execute(
            "UPDATE job_executions SET due_at = now() - interval '1 s' WHERE job_id = %s", (job["id"],)
        )
        await work.connection.execute(
            "UPDATE job_schedules SET next_run_at = created_at, created_at = created_at - interval '1 minute'"
            " WHERE name = 'round'"
        )
    assert "1 attempts timed out" in (await expire_attempts(platform) or "")
    found = (await operator.get(f"/api/v1/jobs/{job['id']}")).json()
    assert (found["status"], found["tally"]["timed_out"]) == ("completed", 1)
    assert "round: job" in (await run_schedules(platform) or "")
    schedule = (await operator.get("/api/v1/job-schedules/round")).json()
    assert schedule["last_job"] > job["id"]
    await operator.delete("/api/v1/job-schedules/round")


async def test_the_leader_takes_in_who_comes_later(
    platform: Platform, operator: httpx.AsyncClient, device: EnrolledDevice, other_device: EnrolledDevice
) -> None:
    site = {"value": f"s{device.uuid.hex}"}
    await operator.put(f"{device.path}/tags/site", json=site)
    body = {"document": ECHO, "target": {"where": f"site={site['value']}"}, "continuous": True}
    job = (await operator.post("/api/v1/jobs", json=body)).json()
    assert await admit_new_devices(platform) is None
    await operator.put(f"{other_device.path}/tags/site", json=site)
    assert f"job {job['id']}: 1 devices more" in (await admit_new_devices(platform) or "")
    assert (await claim(other_device))["job_id"] == job["id"]
    await operator.post(f"/api/v1/jobs/{job['id']}/cancel")


async def test_what_a_job_does_is_in_the_audit_without_its_arguments(
    platform: Platform, device: EnrolledDevice, start: Start
) -> None:
    secret = {"steps": [{"action": "echo", "arguments": {"text": "hunter2"}}], "timeout_seconds": 60}
    job = await start(device, document=secret)
    async with platform.begin(read_only=True) as work:
        cursor = await work.connection.execute(
            "SELECT actor, action, after::text FROM audit_log WHERE resource = 'jobs' AND resource_id = %s",
            (str(job["id"]),),
        )
        [(actor, action, after)] = await cursor.fetchall()
    assert (actor, action) == ("operator", "created")
    assert "hunter2" not in after
