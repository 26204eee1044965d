"""The agent does its jobs, says how they ended, and loses none over restarts."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iotistic import __version__
from iotistic.agent.job_journal import JobJournal
from iotistic.agent.settings import AgentSettings
from tests.support.agents import agent_settings, opened_agent, running_agent
from tests.support.device_api import Fault, device_api, until

ECHO = {"action": "echo", "arguments": {"text": "hello"}}
RESTART: dict[str, Any] = {"action": "restart_agent", "arguments": {}}
LONG = {"action": "wait", "arguments": {"seconds": 3600}}


async def reports_of(
    tmp_path: Path, *steps: dict[str, Any], commands: Sequence[str] = (), number: int = 1
) -> list[Any]:
    """What the agent says of one job of these steps."""
    async with device_api() as api:
        api.jobs.add(7, *steps)
        settings = replace(agent_settings(tmp_path, api.url), commands=tuple(commands))
        async with running_agent(settings):
            await until(lambda: len(api.jobs.reports) == number, what="a report")
        return api.jobs.reports


async def test_it_does_what_it_can_and_says_so(tmp_path: Path) -> None:
    [report] = await reports_of(tmp_path, ECHO, {"action": "report_facts"})
    assert (report["job_id"], report["attempt"], report["outcome"]) == (7, 1, "succeeded")
    assert report["output"] == "hello"
    assert report["result"]["agent_version"] == __version__
    assert not (tmp_path / "job.json").exists()


async def test_it_says_at_which_step_it_is(tmp_path: Path) -> None:
    async with device_api() as api:
        api.jobs.add(7, ECHO, ECHO, ECHO)
        async with running_agent(agent_settings(tmp_path, api.url)):
            await until(lambda: api.jobs.reports)
        assert [one["step"] for one in api.jobs.progress] == [1, 2]


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ({"action": "reformat"}, "knows no action 'reformat'"),
        ({"action": "run_command", "arguments": {"argv": ["/bin/true"]}}, "--allow-command"),
        ({"action": "run_command", "arguments": {"argv": "true"}}, "`argv` is a list"),
        ({"action": "run_command", "arguments": {"argv": []}}, "`argv` is a list"),
        ({"action": "wait", "arguments": {"seconds": -1}}, "`seconds` is a number"),
        ({"action": "update_agent", "arguments": {"version": "99"}}, "--update-command"),
        ({"action": "update_agent"}, "`version`"),
    ],
)
async def test_what_it_does_not_do_it_rejects_before_it_begins_anything(
    tmp_path: Path, step: dict[str, Any], why: str
) -> None:
    [report] = await reports_of(tmp_path, ECHO, step)
    assert report["outcome"] == "rejected"
    assert why in report["reason"]
    assert report["output"] is None


async def test_a_program_that_is_allowed_runs_and_its_end_is_told(tmp_path: Path) -> None:
    def python(code: str) -> dict[str, Any]:
        return {"action": "run_command", "arguments": {"argv": [sys.executable, "-c", code]}}

    good = python("import sys; print('out'); print('err', file=sys.stderr)")
    [report] = await reports_of(tmp_path / "a", good, commands=[sys.executable])
    assert (report["outcome"], report["exit_code"]) == ("succeeded", 0)
    assert set(report["output"].split()) == {"out", "err"}
    bad = python("print('so far'); raise SystemExit(3)")
    [report] = await reports_of(tmp_path / "b", ECHO, bad, ECHO, commands=[sys.executable])
    assert (report["outcome"], report["exit_code"], report["step"]) == ("failed", 3, 1)
    assert report["output"] == "helloso far\n"


async def test_a_program_does_not_see_what_the_agent_knows(tmp_path: Path) -> None:
    code = "import os, json; print(json.dumps(sorted(os.environ)))"
    step = {"action": "run_command", "arguments": {"argv": [sys.executable, "-c", code]}}
    [report] = await reports_of(tmp_path, step, commands=[sys.executable])
    assert set(json.loads(report["output"])) <= {"LC_ALL", "PATH", "LC_CTYPE"}


async def test_a_step_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    [report] = await reports_of(tmp_path, LONG | {"timeout_seconds": 0.05})
    assert (report["outcome"], report["reason"]) == ("failed", "Step 1 took longer than 0.05 seconds.")


async def test_it_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    async with device_api() as api:
        api.jobs.add(7, LONG)
        async with running_agent(agent_settings(tmp_path, api.url)):
            await until(lambda: any("attempt=1" in one.path for one in api.jobs.requests))
            api.jobs.cancel(7)
            await until(lambda: api.jobs.reports)
        assert api.jobs.reports[0]["outcome"] == "cancelled"


async def test_an_attempt_that_ended_otherwise_is_let_go(tmp_path: Path) -> None:
    async with device_api() as api:
        api.jobs.add(7, LONG)
        async with running_agent(agent_settings(tmp_path, api.url)):
            await until(lambda: any("attempt=1" in one.path for one in api.jobs.requests))
            api.jobs.over.add(7)
            api.jobs._news.set()
            await until(lambda: not (tmp_path / "job.json").exists())
        assert api.jobs.reports == []


async def test_what_was_interrupted_is_reported_as_that(tmp_path: Path) -> None:
    async with device_api() as api:
        api.jobs.add(7, ECHO, LONG)
        settings = agent_settings(tmp_path, api.url)
        async with running_agent(settings):
            await until(lambda: any("attempt=1" in one.path for one in api.jobs.requests))
        assert api.jobs.reports == []
        async with running_agent(settings):
            await until(lambda: api.jobs.reports)
        [report] = api.jobs.reports
        assert (report["outcome"], report["step"]) == ("failed", 1)
        assert report["reason"] == "The agent ended in the middle of step 2 (wait)."


async def test_a_report_that_got_no_answer_is_sent_again_also_by_the_next_life(tmp_path: Path) -> None:
    async with device_api() as api:
        api.only_on = "/jobs/7/report"
        api.faults.extend([Fault(status=503), Fault(hang=True)])
        api.jobs.add(7, ECHO)
        settings = agent_settings(tmp_path, api.url)
        async with running_agent(settings):
            await until(lambda: len([one for one in api.jobs.requests if "/report" in one.path]) == 2)
        assert api.jobs.reports == []
        async with running_agent(settings):
            await until(lambda: api.jobs.reports)
        assert api.jobs.reports[0]["outcome"] == "succeeded"
        assert api.jobs.reports[0]["output"] == "hello"


async def test_a_restart_is_gone_through_and_the_rest_is_done_after_it(tmp_path: Path) -> None:
    async with device_api() as api:
        api.jobs.add(7, ECHO, RESTART, {"action": "report_facts"})
        settings = agent_settings(tmp_path, api.url)
        assert await lived(settings) is True
        assert api.jobs.reports == []
        async with running_agent(settings):
            await until(lambda: api.jobs.reports)
        [report] = api.jobs.reports
        assert (report["outcome"], report["output"], report["step"]) == ("succeeded", "hello", 2)


async def test_an_update_is_judged_by_the_version_after_it(tmp_path: Path) -> None:
    async with device_api() as api:
        api.jobs.add(7, {"action": "update_agent", "arguments": {"version": "99.0"}})
        settings = replace(agent_settings(tmp_path, api.url), update_command=("/bin/true", "{version}"))
        assert await lived(settings) is True
        async with running_agent(settings):
            await until(lambda: api.jobs.reports)
        assert api.jobs.reports[0]["outcome"] == "failed"
        assert "not 99.0" in api.jobs.reports[0]["reason"]


async def test_an_agent_that_is_there_already_updates_nothing_unless_forced(tmp_path: Path) -> None:
    there = {"action": "update_agent", "arguments": {"version": __version__}}
    [report] = await reports_of(tmp_path / "a", there)
    assert report["outcome"] == "succeeded"
    async with device_api() as api:
        api.jobs.add(8, {"action": "update_agent", "arguments": {"version": __version__, "force": True}})
        settings = replace(agent_settings(tmp_path / "b", api.url), update_command=("/bin/true",))
        assert await lived(settings) is True
        async with running_agent(settings):
            await until(lambda: api.jobs.reports)
        assert api.jobs.reports[0]["outcome"] == "succeeded"


async def test_an_output_without_end_is_cut_before_it_is_sent(tmp_path: Path) -> None:
    [report] = await reports_of(tmp_path, {"action": "echo", "arguments": {"text": "x" * 300_000 + "end"}})
    assert len(report["output"]) < 70_000
    assert "characters left out" in report["output"]
    assert report["output"].endswith("end")


async def test_a_journal_that_tells_nothing_is_no_obstacle(tmp_path: Path) -> None:
    tmp_path.joinpath("job.json").write_bytes(b"\0\0\0")
    [report] = await reports_of(tmp_path, ECHO)
    assert report["outcome"] == "succeeded"
    assert JobJournal(tmp_path / "job.json").find() is None


async def lived(settings: AgentSettings) -> bool:
    """One life of the agent, which ends by itself; whether it wants another."""
    async with asyncio.timeout(20), opened_agent(settings) as agent:
        return await agent.run(asyncio.Event())
