"""Alerts about log lines over HTTP: who may, what is refused, and the way from a line to the one who resolves it."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from iotistic.bootstrap.platform import Platform
from iotistic.bootstrap.telemetry_rounds import count_log_lines
from tests.integration.http.conftest import EnrolledDevice

RULES = "/api/v1/log-alert-rules"
ALERTS = "/api/v1/log-alerts"
ACTS = (
    ("GET", RULES), ("POST", RULES), ("GET", f"{RULES}/disk"), ("PUT", f"{RULES}/disk"), ("DELETE", f"{RULES}/disk"),
    ("GET", ALERTS), ("GET", f"{ALERTS}/1"), ("POST", f"{ALERTS}/1/acknowledge"), ("POST", f"{ALERTS}/1/resolve"),
)  # fmt: skip


async def make(operator: httpx.AsyncClient, name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    made = await operator.post(RULES, json={"name": name, "pattern": "disk full", **more})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def log(device: EnrolledDevice, *messages: str) -> None:
    now = datetime.now(UTC).isoformat()
    lines = [
        {"timestamp": now, "sequence": number, "message": message, "level": "error", "service": "pump"}
        for number, message in enumerate(messages)
    ]
    assert (await device.client.post(f"{device.path}/logs", json={"lines": lines})).status_code == 200


async def test_a_stranger_and_a_device_see_nothing_and_change_nothing(
    stranger: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    for method, path in ACTS:
        assert (await stranger.request(method, path, json={})).status_code == 401, path
        assert (await device.client.request(method, path, json={})).status_code == 403, path


async def test_a_viewer_looks_and_changes_nothing(viewer: httpx.AsyncClient) -> None:
    for method, path in ACTS:
        answer = await viewer.request(method, path, json={"name": "mine", "pattern": "x"})
        assert answer.status_code in ((200, 404) if method == "GET" else (403,)), (method, path)


async def test_a_line_becomes_an_alert_that_somebody_resolves(
    operator: httpx.AsyncClient, viewer: httpx.AsyncClient, device: EnrolledDevice, platform: Platform
) -> None:
    made = await make(
        operator, "way", device_uuid=str(device.uuid), threshold=2, window_seconds=60, severity="critical"
    )
    assert (made["window_seconds"], made["resolve_after_seconds"], made["created_by"]) == (
        60,
        900,
        "operator",
    )
    await log(device, "disk full: /data", "all is well", "DISK FULL: /data")
    assert "1 alerts opened" in str(await count_log_lines(platform))
    page = (await viewer.get(ALERTS, params={"rule": "way", "device": str(device.uuid)})).json()
    (alert,) = page["items"]
    assert (alert["lines"], alert["status"], alert["severity"]) == (2, "active", "critical")
    assert [line["message"] for line in alert["samples"]] == ["disk full: /data", "DISK FULL: /data"]
    path = f"{ALERTS}/{alert['id']}"
    seen = (await operator.post(f"{path}/acknowledge")).json()
    assert (seen["status"], seen["acknowledged_by"]) == ("acknowledged", "operator")
    over = (await operator.post(f"{path}/resolve")).json()
    assert (over["status"], over["resolved_by"]) == ("resolved", "operator")
    again = await operator.post(f"{path}/acknowledge")
    assert (again.status_code, again.json()["code"]) == (409, "log_alert_resolved")
    assert (await viewer.get(path)).json() == over
    assert (await viewer.get(ALERTS, params={"rule": "way"})).json()["items"] == []
    resolved = (await viewer.get(ALERTS, params={"rule": "way", "status": ["resolved", "active"]})).json()
    assert [one["id"] for one in resolved["items"]] == [alert["id"]]


async def test_rules_are_listed_changed_and_deleted(operator: httpx.AsyncClient) -> None:
    for name in ("list-a", "list-b", "list-c"):
        await make(operator, name, is_enabled=False)
    names: list[str] = []
    after: str | None = None
    while True:
        page = (await operator.get(RULES, params={"limit": 2} | ({"after": after} if after else {}))).json()
        names += [one["name"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert names == sorted(set(names))
    assert {"list-a", "list-b", "list-c"} <= set(names)
    changed = await operator.put(f"{RULES}/list-a", json={"pattern": "a|b", "pattern_type": "regex"})
    assert (changed.json()["pattern_type"], changed.json()["is_enabled"]) == ("regex", True)
    for name in ("list-a", "list-b", "list-c"):
        assert (await operator.delete(f"{RULES}/{name}")).status_code == 204
        assert (await operator.get(f"{RULES}/{name}")).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"pattern": ""}, {"pattern": "a" * 501}, {"pattern": "a\0b"}, {"pattern": "(", "pattern_type": "regex"},
        {"pattern": r"(a)\1", "pattern_type": "regex"}, {"pattern_type": "glob"}, {"threshold": 0},
        {"threshold": 1001}, {"window_seconds": 0}, {"window_seconds": 86401}, {"resolve_after_seconds": 59},
        {"minimum_level": "bad"}, {"severity": "huge"}, {"fleet": "nowhere-at-all"}, {"more": 1},
        {"device_uuid": "3f0d7f6e-0d33-4b1f-9f0c-3a1c5a2f9b10"}, {"name": "Upper"}, {"service": ""},
    ],
)  # fmt: skip
async def test_what_no_rule_can_be_is_refused(operator: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    answer = await operator.post(RULES, json={"name": "wrong", "pattern": "x"} | wrong)
    assert answer.status_code == 422, answer.text
    assert (await operator.get(f"{RULES}/wrong")).status_code == 404


async def test_a_refusal_of_a_pattern_says_why(operator: httpx.AsyncClient) -> None:
    body = {"name": "wrong", "pattern": "(?=a)", "pattern_type": "regex"}
    problem = (await operator.post(RULES, json=body)).json()
    assert problem["code"] == "log_alert_pattern_invalid"
    assert "invalid perl operator" in problem["detail"]


async def test_a_name_is_given_once(operator: httpx.AsyncClient) -> None:
    await make(operator, "once", is_enabled=False)
    again = await operator.post(RULES, json={"name": "once", "pattern": "x"})
    assert (again.status_code, again.json()["code"]) == (409, "log_alert_rule_name_taken")
    assert (await operator.get(f"{ALERTS}/{2**62}")).status_code == 404
