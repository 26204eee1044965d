"""Health, readiness, metrics, status and the description of the API."""

import re
import shutil
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from iotistic import __version__
from iotistic.bootstrap.platform import Finding, Platform
from iotistic.bootstrap.readiness import judge_disk, look_at_disk
from iotistic.database.errors import DatabaseUnavailable
from iotistic.http import create_platform_app
from tests.integration.http.conftest import EnrolledDevice


async def test_a_live_process_says_so_without_the_database() -> None:
    app = create_platform_app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        response = await client.get("/health")
        assert (response.status_code, response.json()) == (200, {"status": "ok", "version": __version__})
        assert (await client.head("/health")).status_code == 200
        assert (await client.get("/live")).json() == response.json()


async def test_before_the_platform_is_open_nobody_is_sent_here() -> None:
    app = create_platform_app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        response = await client.get("/ready")
    assert response.status_code == 503
    assert response.json()["ready"] is False
    assert response.json()["findings"][0]["check"] == "start"


async def ask(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, answer: Sequence[Finding] | Exception
) -> httpx.Response:
    async def readiness(_self: Platform) -> Sequence[Finding]:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(Platform, "readiness", readiness)
    app = create_platform_app(platform)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get("/ready")


GOOD = Finding(check="schema", ready=True, detail="at head")
BAD = Finding(check="partitions device_logs", ready=False, detail="0 days made ahead")


async def test_ready_when_everything_is(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    response = await ask(platform, monkeypatch, [GOOD])
    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "findings": [{"check": "schema", "ready": True, "detail": "at head"}],
    }


async def test_one_reason_against_is_enough_and_is_told(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = await ask(platform, monkeypatch, [GOOD, BAD])
    assert response.status_code == 503
    assert response.json()["findings"][1] == {
        "check": "partitions device_logs",
        "ready": False,
        "detail": "0 days made ahead",
    }


async def test_strangers_do_not_learn_where_the_database_is(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    away = DatabaseUnavailable("No connection at db.internal:5432 as iotistic_app")
    for answer in (away, [Finding(check="pool", ready=False, detail=str(away))]):
        response = await ask(platform, monkeypatch, answer)
        assert response.status_code == 503
        assert "internal" not in response.text
    assert "db.internal" in str([vars(record).get("reason") for record in caplog.records])


@pytest.mark.parametrize(("free", "ready"), [((256 << 20) - 1, False), (256 << 20, True)])
def test_without_room_for_what_is_acknowledged_nobody_is_sent_here(free: int, *, ready: bool) -> None:
    finding = judge_disk(free)
    assert (finding.check, finding.ready) == ("disk", ready)


async def test_the_disk_of_an_embedded_server_is_looked_at(tmp_path: Path) -> None:
    assert look_at_disk(tmp_path).ready is (shutil.disk_usage(tmp_path).free >= 256 << 20)


async def test_the_real_platform_is_looked_at(stranger: httpx.AsyncClient) -> None:
    response = await stranger.get("/ready")
    checks = {finding["check"]: finding["ready"] for finding in response.json()["findings"]}
    assert checks["pool"] is True
    assert any(name.startswith("partitions") for name in checks)
    assert response.status_code == (200 if all(checks.values()) else 503)


async def test_numbers_for_prometheus(viewer: httpx.AsyncClient, device: EnrolledDevice) -> None:
    await viewer.get(device.path)
    response = await viewer.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    page = response.text
    assert 'route="/api/v1/devices/{uuid}",method="GET",status="2xx"' in page
    assert str(device.uuid) not in page
    for line in page.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) \w+ .*|\w+(\{(\w+=\"[^\"]*\",?)+\})? [0-9.e+-]+", line), line
    assert {"iotistic_ingest_rows_total", "iotistic_pool_connections"} <= set(
        re.findall(r"^\w+", page, re.MULTILINE)
    )


async def test_the_status_tells_devices_rates_and_sizes(
    viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    assert device
    status = (await viewer.get("/api/v1/system/status")).json()
    assert status["devices"]["registered"] >= 1
    assert status["reports_per_second"] >= 0
    assert status["databases"][0]["bytes"] > 0
    assert "device_metrics" in {table["name"] for table in status["tables"]} or len(status["tables"]) == 10


async def test_a_browser_at_the_address_is_shown_the_way(stranger: httpx.AsyncClient) -> None:
    response = await stranger.get("/")
    assert (response.status_code, response.headers["location"]) == (307, "/docs")


class _References(HTMLParser):
    """What a page would load or lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in {"src", "href", "action"}]
        assert tag != "link"


async def test_the_page_of_the_api_loads_nothing_from_elsewhere(stranger: httpx.AsyncClient) -> None:
    response = await stranger.get("/docs")
    assert response.headers["content-type"].startswith("text/html")
    references = _References()
    references.feed(response.text)
    assert references.found == ["openapi.json"]
    assert "innerHTML" not in response.text


async def test_the_page_of_the_api_runs_its_own_script_and_no_other(stranger: httpx.AsyncClient) -> None:
    policy = (await stranger.get("/docs")).headers["content-security-policy"]
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]{44}';", policy)
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
