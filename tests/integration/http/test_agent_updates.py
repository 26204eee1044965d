"""Updates of agents: jobs like any other, seen by version and by device."""

import httpx
import pytest

from tests.integration.http.conftest import EnrolledDevice


async def test_an_update_goes_through_its_job_and_is_seen_with_the_device(
    operator: httpx.AsyncClient, viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    facts = {"facts": {"agent_version": "1.2.2"}, "top_processes": []}
    assert (await device.client.put(f"{device.path}/host", json=facts)).status_code == 204
    body = {
        "version": "1.2.3",
        "force": True,
        "target": {"devices": [str(device.uuid)]},
        "rollout": {"window": {"start": "00:00", "end": "23:59"}, "attempts": 2},
        "timeout_seconds": 600,
    }
    made = await operator.post("/api/v1/agent-updates", json=body)
    assert made.status_code == 201, made.text
    job = made.json()
    assert job["document"]["timeout_seconds"] == 600
    claimed = (await device.client.post(f"{device.path}/jobs/next")).json()
    [step] = claimed["document"]["steps"]
    assert step == {"action": "update_agent", "arguments": {"version": "1.2.3", "force": True}}
    [seen] = (await viewer.get(f"{device.path}/agent-updates")).json()["items"]
    assert (seen["status"], seen["target_version"], seen["reported_version"]) == (
        "in_progress",
        "1.2.3",
        "1.2.2",
    )
    report = {"attempt": 1, "outcome": "succeeded"}
    await device.client.post(f"{device.path}/jobs/{job['id']}/report", json=report)
    first = (await viewer.get("/api/v1/agent-updates", params={"limit": 1})).json()
    [update] = first["items"]
    assert (update["job_id"], update["devices"], update["succeeded"]) == (job["id"], 1, 1)
    assert (await viewer.get("/api/v1/agent-updates", params={"after": first["next"]})).status_code == 200


@pytest.mark.parametrize("version", ["", "-1", "1.2 3", "1;reboot", "x" * 101])
async def test_what_is_no_version_is_refused(
    operator: httpx.AsyncClient, device: EnrolledDevice, version: str
) -> None:
    body = {"version": version, "target": {"devices": [str(device.uuid)]}}
    assert (await operator.post("/api/v1/agent-updates", json=body)).status_code == 422


async def test_who_may_look_may_not_update(
    viewer: httpx.AsyncClient, device: EnrolledDevice, other_device: EnrolledDevice
) -> None:
    body = {"version": "1.2.3", "target": {"devices": [str(device.uuid)]}}
    for client in (viewer, device.client):
        assert (await client.post("/api/v1/agent-updates", json=body)).status_code == 403
    assert (await other_device.client.get(f"{device.path}/agent-updates")).status_code == 403
