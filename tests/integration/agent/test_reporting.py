import asyncio
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from iotistic.agent.session import NotEnrolled, OtherServer
from iotistic.agent.spool import Entry, Spool
from iotistic.agent.state_folder import AgentRunning
from iotistic.errors import Denied, Unavailable
from tests.support.agents import agent_settings, opened_agent, running_agent, status_of
from tests.support.device_api import CLAIM_KEY, DeviceApi, until

KEY_FILES = {"identity.json", "enrolling.json"}


def kept_outside_identity(state_dir: Path) -> list[str]:
    """The text of every file of an agent but those that are for the key."""
    files = (path for path in state_dir.rglob("*") if path.is_file() and path.name not in KEY_FILES)
    return [path.read_text(errors="replace") for path in files]


async def test_a_new_host_enrols_and_reports_at_once(api: DeviceApi, tmp_path: Path) -> None:
    async with running_agent(agent_settings(tmp_path, api.url, logs="own")):
        await until(lambda: api.reports, within=10, what="first report")
        await until(lambda: api.lines and len(api.documents) == 2, what="lines and documents")
    enrolment = api.enrolments[0]
    assert enrolment["name"] == "test-host"
    assert enrolment["kind"] == "host"
    assert len(enrolment["serial"]) == 64
    assert enrolment["facts"].keys() == {"os", "arch", "python", "agent_version"}
    report = json.loads(next(iter(api.reports.values())))
    assert report["metrics"].keys() >= {"cpu_usage", "memory_usage", "load_1m", "agent_spool_dropped"}
    age = datetime.now(UTC) - datetime.fromisoformat(report["timestamp"])
    assert timedelta(0) <= age < timedelta(minutes=1)
    assert api.units["cpu_usage"] == "percent"
    assert {interface["name"] for interface in api.documents["interfaces"]["interfaces"]} >= {"lo"}
    assert api.documents["host"]["facts"]["hostname"]
    assert api.documents["host"]["top_processes"]
    assert any("agent_started" in message for message in api.messages())


async def test_the_key_is_private_and_serves_the_next_start(api: DeviceApi, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    async with running_agent(agent_settings(folder, api.url)):
        await until(lambda: api.reports)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")} == {0o600, 0o700}
    before = len(api.reports)
    async with running_agent(agent_settings(folder, api.url, claim_key=None)):
        await until(lambda: len(api.reports) > before)
    assert len(api.enrolments) == 1
    assert len({device for device, _ in api.reports}) == 1


async def test_reports_keep_the_interval_and_each_has_its_own_moment(api: DeviceApi, tmp_path: Path) -> None:
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(lambda: len(api.reports) >= 10)
    moments = sorted(datetime.fromisoformat(timestamp) for _, timestamp in api.reports)
    assert len(set(moments)) == len(moments)
    assert (moments[-1] - moments[0]).total_seconds() >= 0.02 * (len(moments) - 1) * 0.8


async def test_units_are_told_always_and_unchanged_interfaces_once(api: DeviceApi, tmp_path: Path) -> None:
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(lambda: len(api.on("/metrics")) >= 6)
    assert all("units" in request.json for request in api.on("/metrics"))
    assert len(api.on("/interfaces")) == 1


async def test_the_status_file_tells_how_it_goes(api: DeviceApi, tmp_path: Path) -> None:
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(
            lambda: (tmp_path / "status.json").exists() and status_of(tmp_path).sent.get("metrics", 0) >= 3
        )
        status = status_of(tmp_path)
        assert status.state == "enrolled"
        assert status.device_uuid == next(iter(api.devices.values()))
        assert status.last_success_at is not None
        assert (status.dropped, status.rejected) == (0, 0)
        assert status.receipts["accepted"] >= 3
    stopped = status_of(tmp_path)
    assert stopped.state == "stopped"
    assert stopped.queues["metrics"].delivered + stopped.queues["metrics"].pending >= stopped.sent["metrics"]


async def test_no_secret_is_ever_logged_or_left_in_a_readable_place(
    api: DeviceApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(0):
        async with running_agent(agent_settings(tmp_path, api.url, logs="own")):
            await until(lambda: api.reports and api.lines)
            api.keys.clear()
            await until(lambda: len(api.enrolments) == 2 and api.keys)
    secrets = {CLAIM_KEY, *(request.key for request in api.requests if request.key), *api.keys}
    assert len(secrets) >= 3
    texts = [caplog.text, *(str(vars(record)) for record in caplog.records), *api.messages()]
    texts += kept_outside_identity(tmp_path)
    assert not [secret for secret in secrets for text in texts if secret in text]


async def test_what_the_agent_said_last_is_kept_when_it_stops(api: DeviceApi, tmp_path: Path) -> None:
    settings = agent_settings(tmp_path, api.url, logs="own", interval=timedelta(hours=1))
    async with running_agent(settings):
        await asyncio.sleep(0)  # it has said that it starts, and not looked at anything yet
    assert status_of(tmp_path).queues["logs"].pending == 1
    assert status_of(tmp_path).queues["metrics"].pending == 0
    async with running_agent(settings):
        await until(lambda: api.lines)
    assert "agent_started" in api.messages()[0]


async def test_lines_written_while_the_agent_was_away_are_sent(api: DeviceApi, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("before the agent\n")
    settings = agent_settings(tmp_path / "state", api.url, logs=str(log))
    async with running_agent(settings):
        await until(lambda: api.reports)
        with log.open("a") as file:
            file.write("one\n")
        await until(lambda: api.lines)
    with log.open("a") as file:
        file.write("two\nthree\n")
    async with running_agent(settings):
        await until(lambda: len(api.lines) == 3)
    assert api.messages() == ["one", "two", "three"]


async def test_a_spool_left_full_drains_with_the_present_in_between(api: DeviceApi, tmp_path: Path) -> None:
    backlog = Spool.open(tmp_path / "spool" / "metrics", limit=8 << 20, tell=lambda *_, **__: None)
    old = [
        b'{"timestamp":"2026-11-22T00:00:%02d.%03dZ","metrics":{"cpu_usage":1.0}}' % divmod(n, 1000)
        for n in range(6000)
    ]
    backlog.append([Entry(record) for record in old])
    backlog.close()
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(lambda: sum(timestamp.startswith("2026-11-22") for _, timestamp in api.reports) == 6000)
    posts = [request.json["reports"] for request in api.on("/metrics")]
    assert max(len(reports) for reports in posts) == 500
    assert max(len(request.body) for request in api.on("/metrics")) < 300_000
    kinds = ["old" if reports[0]["timestamp"].startswith("2026-11-22") else "new" for reports in posts]
    first_new, last_old = kinds.index("new"), len(kinds) - 1 - kinds[::-1].index("old")
    assert first_new < 3
    assert sum(kind == "new" for kind in kinds[:last_old]) >= 3
    assert api.duplicates == 0


class TestOnce:
    async def test_one_report_and_documents_are_delivered(self, api: DeviceApi, tmp_path: Path) -> None:
        async with opened_agent(agent_settings(tmp_path, api.url)) as agent:
            await agent.run_once()
        assert len(api.reports) == 1
        assert "interfaces" in api.documents

    async def test_a_server_that_is_away_is_said_and_the_report_kept(
        self, api: DeviceApi, tmp_path: Path
    ) -> None:
        settings = agent_settings(tmp_path, api.url)
        async with opened_agent(settings) as agent:
            await agent.run_once()
        await api.stop()
        async with opened_agent(settings) as agent:
            with pytest.raises(Unavailable, match="did not take the report"):
                await agent.run_once()
        await api.start()
        async with opened_agent(settings) as agent:
            await agent.run_once()
        assert len(api.reports) == 3

    async def test_a_wrong_claim_key_is_said(self, api: DeviceApi, tmp_path: Path) -> None:
        async with opened_agent(agent_settings(tmp_path, api.url, claim_key="wrong")) as agent:
            with pytest.raises(Denied, match="claim key") as caught:
                await agent.run_once()
        assert "wrong" not in str(caught.value)


class TestStanding:
    async def test_without_any_key_it_says_what_to_do(self, api: DeviceApi, tmp_path: Path) -> None:
        with pytest.raises(NotEnrolled) as caught:
            async with opened_agent(agent_settings(tmp_path, api.url, claim_key=None)):
                pass
        assert "--claim-key-file" in (caught.value.hint or "")

    async def test_a_key_is_not_shown_to_another_server(self, api: DeviceApi, tmp_path: Path) -> None:
        async with opened_agent(agent_settings(tmp_path, api.url)) as agent:
            await agent.run_once()
        with pytest.raises(OtherServer) as caught:
            async with opened_agent(agent_settings(tmp_path, "https://elsewhere.example", claim_key=None)):
                pass
        assert api.url in caught.value.message

    async def test_a_server_on_this_host_may_change_its_port(self, api: DeviceApi, tmp_path: Path) -> None:
        async with opened_agent(agent_settings(tmp_path, api.url)) as agent:
            await agent.run_once()
        await api.stop()
        api.port = 0
        await api.start()
        async with opened_agent(agent_settings(tmp_path, api.url, claim_key=None)) as agent:
            await agent.run_once()
        assert len(api.reports) == 2

    async def test_two_agents_do_not_share_a_folder(self, api: DeviceApi, tmp_path: Path) -> None:
        settings = agent_settings(tmp_path, api.url)
        async with opened_agent(settings):
            with pytest.raises(AgentRunning, match="already works"):
                async with opened_agent(settings):
                    pass
