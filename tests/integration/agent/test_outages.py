import asyncio
import errno
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from iotistic.agent.spool import Spool
from tests.support.agents import agent_settings, running_agent, status_of
from tests.support.device_api import DeviceApi, Fault, until


def nothing_lost(api: DeviceApi, state_dir: Path) -> None:
    """Whatever was ever spooled is at the server or still in the spool, and nothing came in two versions."""
    status = status_of(state_dir)
    assert status.dropped == 0
    assert status.rejected == 0
    assert status.sent.get("metrics", 0) <= len(api.reports) + api.duplicates
    assert api.conflicts == []


async def test_an_outage_is_made_up_for(api: DeviceApi, tmp_path: Path) -> None:
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(lambda: api.reports)
        await api.stop()
        await until(lambda: status_of(tmp_path).queues["metrics"].pending >= 8)
        assert status_of(tmp_path).queues["metrics"].trouble is not None
        before = len(api.reports)
        await api.start()
        await until(
            lambda: len(api.reports) >= before + 8 and not status_of(tmp_path).queues["metrics"].trouble
        )
    nothing_lost(api, tmp_path)
    assert api.duplicates == 0


async def test_a_server_that_is_not_there_yet_is_waited_for(api: DeviceApi, tmp_path: Path) -> None:
    await api.stop()
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(
            lambda: (tmp_path / "status.json").exists() and status_of(tmp_path).queues["metrics"].pending >= 5
        )
        assert status_of(tmp_path).state == "enrolling"
        await api.start()
        await until(lambda: len(api.reports) >= 5)
    nothing_lost(api, tmp_path)


@pytest.mark.parametrize(
    ("fault", "repeats"),
    [
        (Fault(status=503, headers={"Retry-After": "0"}), False),
        (Fault(status=500), False),
        (Fault(status=429), False),
        (Fault(status=502, body=b"<html>Bad Gateway</html>"), False),
        (Fault(status=200, body=b"<html>Log in to the hotel</html>"), False),
        (Fault(status=200, body=b"{}"), False),
        (Fault(status=200, body=b"x" * (2 << 20)), False),
        (Fault(close=True), False),
        (Fault(commit=True, close=True), True),
        (Fault(hang=True), False),
        (Fault(commit=True, hang=True), True),
    ],
    ids=[
        "503",
        "500",
        "429",
        "502",
        "portal",
        "no-receipt",
        "endless",
        "cut",
        "cut-after-commit",
        "hang",
        "hang-after-commit",
    ],
)
async def test_a_fault_costs_nothing_and_repeats_are_byte_for_byte(
    api: DeviceApi, tmp_path: Path, fault: Fault, *, repeats: bool
) -> None:
    api.only_on = "/metrics"
    api.faults.extend([fault, fault])
    async with running_agent(agent_settings(tmp_path, api.url, patience=timedelta(milliseconds=150))):
        await until(
            lambda: (
                not api.faults and len(api.reports) >= 3 and not status_of(tmp_path).queues["metrics"].trouble
            )
        )
    nothing_lost(api, tmp_path)
    assert (api.duplicates > 0) is repeats


@pytest.mark.parametrize(("server", "warned"), [("http://api.invalid", True), ("https://api.invalid", False)])
async def test_a_key_in_clear_text_on_the_network_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, server: str, *, warned: bool
) -> None:
    async with running_agent(agent_settings(tmp_path, server)):
        await asyncio.sleep(0)  # it has said how it starts
    assert ("server_without_tls" in [record.getMessage() for record in caplog.records]) is warned


async def test_retry_after_is_obeyed(api: DeviceApi, tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    api.only_on = "/metrics"
    api.faults.append(Fault(status=503, headers={"Retry-After": "1"}))
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(lambda: not api.faults)
        refused = loop.time()
        await until(lambda: api.reports)
        assert loop.time() - refused >= 0.95
    assert len(api.on("/metrics")[1].json["reports"]) >= 5


async def test_a_body_too_large_is_sent_in_parts_and_later_ones_are_smaller(
    api: DeviceApi, tmp_path: Path
) -> None:
    api.largest_body = 2500
    await api.stop()
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(
            lambda: (
                (tmp_path / "status.json").exists() and status_of(tmp_path).queues["metrics"].pending >= 40
            )
        )
        await api.start()
        await until(lambda: len(api.reports) >= 8 and status_of(tmp_path).queues["metrics"].pending < 5)
    nothing_lost(api, tmp_path)
    assert api.duplicates == 0


async def test_one_bad_report_is_put_aside_and_the_others_arrive(api: DeviceApi, tmp_path: Path) -> None:
    bad: set[str] = set()

    def is_bad(record: dict[str, str]) -> bool:
        if not bad:
            bad.add(record["timestamp"])
        return record["timestamp"] in bad

    await api.stop()
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(
            lambda: (
                (tmp_path / "status.json").exists() and status_of(tmp_path).queues["metrics"].pending >= 20
            )
        )
        api.is_bad = is_bad
        await api.start()
        await until(lambda: len(api.reports) >= 8)
    lines = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text().splitlines()]
    assert [line["record"]["timestamp"] for line in lines] == list(bad)
    assert (lines[0]["status"], lines[0]["reason"]) == (422, "invalid: as asked")
    assert status_of(tmp_path).rejected == 1
    assert not bad & {timestamp for _, timestamp in api.reports}


async def test_what_a_receipt_rejects_is_put_aside(api: DeviceApi, tmp_path: Path) -> None:
    rejected: list[str] = []

    def is_rejected(record: dict[str, str]) -> bool:
        if len(rejected) < 2:
            rejected.append(record["timestamp"])
            return True
        return False

    api.is_rejected = is_rejected
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(lambda: len(api.reports) >= 5)
    lines = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text().splitlines()]
    assert [line["record"]["timestamp"] for line in lines] == rejected
    assert lines[0]["reason"] == "nonsense: not understood"


@pytest.mark.parametrize("status", [403, 301])
async def test_a_server_that_will_not_have_it_is_left_alone_for_a_while(
    api: DeviceApi, tmp_path: Path, status: int
) -> None:
    api.only_on = "/logs"
    api.faults.extend([Fault(status=status, code="denied")] * 100)
    async with running_agent(agent_settings(tmp_path, api.url, logs="own")):
        await until(lambda: len(api.reports) >= 5)  # the other queue goes on
        assert status_of(tmp_path).queues["logs"].trouble == f"{status} denied: as asked"
    assert len(api.on("/logs")) == 1


async def test_a_refused_key_is_renewed_with_the_claim_key(api: DeviceApi, tmp_path: Path) -> None:
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(lambda: api.reports)
        first = set(api.keys)
        api.keys.clear()
        before = len(api.reports)
        await until(lambda: len(api.reports) > before + 3)
    assert len(api.enrolments) == 2
    assert len(api.devices) == 1
    assert not first & set(api.keys)
    stored = json.loads((tmp_path / "identity.json").read_text())
    assert stored["api_key"] in api.keys
    nothing_lost(api, tmp_path)


async def test_a_refused_key_without_a_claim_key_is_said_once_and_everything_kept(
    api: DeviceApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(lambda: api.reports)
    keys = dict(api.keys)
    api.keys.clear()
    before = len(api.reports)
    async with running_agent(agent_settings(tmp_path, api.url, claim_key=None)):
        await until(lambda: status_of(tmp_path).state == "key_refused")
        await until(lambda: status_of(tmp_path).queues["metrics"].pending >= 5)
        said = [record for record in caplog.records if record.getMessage() == "device_key_refused"]
        assert len(said) == 1
        assert "--claim-key-file" in vars(said[0])["hint"]
        api.keys = keys
        await until(lambda: len(api.reports) >= before + 5 and status_of(tmp_path).state == "enrolled")
    nothing_lost(api, tmp_path)


async def test_a_claim_key_put_right_later_is_found(api: DeviceApi, tmp_path: Path) -> None:
    claims = api.claim_keys
    api.claim_keys = set()
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(lambda: len(api.on("/enrol")) >= 3)
        api.claim_keys = claims
        await until(lambda: len(api.reports) >= 3)


async def test_what_was_dropped_is_told_as_a_metric(api: DeviceApi, tmp_path: Path) -> None:
    spool = Spool.open(tmp_path / "spool" / "metrics", limit=256 * 1024, tell=lambda *_, **__: None)
    spool.count_dropped(12)
    spool.close()
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(lambda: api.reports)
    assert {json.loads(report)["metrics"]["agent_spool_dropped"] for report in api.reports.values()} == {12}
    assert status_of(tmp_path).dropped == 12


async def test_a_disk_that_takes_nothing_is_outlived_and_counted(
    api: DeviceApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    log = tmp_path / "app.log"
    log.write_text("")
    async with running_agent(agent_settings(tmp_path / "state", api.url, logs=str(log))):
        await until(lambda: api.reports)
        with monkeypatch.context() as full:
            full.setattr("os.pwrite", no_space)
            log.write_text("held until there is room\n")
            await until(lambda: status_of(tmp_path / "state").dropped >= 3)
        await until(lambda: api.lines)
        before = len(api.reports)
        await until(lambda: len(api.reports) > before + 3)
    assert api.messages() == ["held until there is room"]
    assert json.loads(list(api.reports.values())[-1])["metrics"]["agent_spool_dropped"] >= 3


async def test_a_host_that_crashes_before_it_learns_that_it_is_in_goes_on_where_it_was(
    api: DeviceApi, tmp_path: Path
) -> None:
    api.only_on = "/enrol/proof"
    api.faults.extend([Fault(commit=True, close=True)] * 100)  # proved, and the answer is lost
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(lambda: api.devices)
    assert not (tmp_path / "identity.json").exists()
    api.faults.clear()
    api.claim_keys.clear()
    async with running_agent(agent_settings(tmp_path, api.url, claim_key=None)):
        await until(lambda: api.reports)
    assert len(api.enrolments) == 1
    assert not (tmp_path / "enrolling.json").exists()


async def test_a_host_whose_claim_is_no_longer_open_claims_anew(api: DeviceApi, tmp_path: Path) -> None:
    api.only_on = "/enrol/proof"
    api.faults.append(Fault(status=401, code="proof_refused"))
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(lambda: api.reports)
    assert len(api.enrolments) == 2
    assert len(api.devices) == 1
