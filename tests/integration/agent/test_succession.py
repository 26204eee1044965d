"""The agent's next key: fetched when the server says that the present one retires, also by one that slept through it."""

import json
import logging
from pathlib import Path

import pytest

from tests.support.agents import agent_settings, opened_agent, running_agent, status_of
from tests.support.device_api import DeviceApi, Fault, until


def stored_key(state_dir: Path) -> str:
    return str(json.loads((state_dir / "identity.json").read_text())["api_key"])


async def enrolled(api: DeviceApi, state_dir: Path) -> str:
    """Its key."""
    async with running_agent(agent_settings(state_dir, api.url)):
        await until(lambda: api.reports)
    return stored_key(state_dir)


async def test_a_key_that_retires_is_followed_by_the_next_without_a_report_lost(
    api: DeviceApi, tmp_path: Path
) -> None:
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(lambda: api.reports)
        first = stored_key(tmp_path)
        api.retiring = dict(api.keys)
        await until(lambda: first not in api.keys)
        before = len(api.reports)
        await until(lambda: len(api.reports) > before + 3)
    assert stored_key(tmp_path) in api.keys
    assert len(api.enrolments) == 1
    assert (status_of(tmp_path).dropped, status_of(tmp_path).rejected, api.conflicts) == (0, 0, [])


@pytest.mark.parametrize(
    "fault",
    [Fault(status=200, commit=True, close=True), Fault(status=503), Fault(status=200, body=b"<html>")],
)
async def test_an_answer_that_is_lost_is_asked_for_again(
    api: DeviceApi, tmp_path: Path, fault: Fault
) -> None:
    first = await enrolled(api, tmp_path)
    api.only_on, api.retiring = "/successor", dict(api.keys)
    api.faults.append(fault)
    async with running_agent(agent_settings(tmp_path, api.url)):
        await until(lambda: first not in api.keys, within=60)
    assert len(api.on("/successor")) == 2
    assert [stored_key(tmp_path)] == [*api.keys]


async def test_an_agent_that_slept_through_it_fetches_its_next_key_and_needs_no_claim_key(
    api: DeviceApi, tmp_path: Path
) -> None:
    first = await enrolled(api, tmp_path)
    api.retiring, api.keys = dict(api.keys), {}
    before = len(api.reports)
    async with running_agent(agent_settings(tmp_path, api.url, claim_key=None)):
        await until(lambda: len(api.reports) > before + 3)
    assert stored_key(tmp_path) != first
    assert len(api.enrolments) == 1


async def test_an_agent_that_reports_once_fetches_its_next_key_for_the_next_time(
    api: DeviceApi, tmp_path: Path
) -> None:
    first = await enrolled(api, tmp_path)
    api.retiring = dict(api.keys)
    for _ in range(2):
        async with opened_agent(agent_settings(tmp_path, api.url, claim_key=None)) as agent:
            await agent.run_once()
    assert [*api.keys] == [stored_key(tmp_path)] != [first]


async def test_no_key_is_told_in_the_log(
    api: DeviceApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = await enrolled(api, tmp_path)
    api.retiring = dict(api.keys)
    with caplog.at_level(logging.DEBUG):
        async with running_agent(agent_settings(tmp_path, api.url)):
            await until(lambda: first not in api.keys)
    said = "".join(str(vars(record)) for record in caplog.records if record.name.startswith("iotistic"))
    assert "next_key_fetched" in said
    assert first not in said
    assert stored_key(tmp_path) not in said
