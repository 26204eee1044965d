"""The command as a user runs it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.support.agents import status_of
from tests.support.device_api import CLAIM_KEY, DeviceApi, Fault, until

Process = asyncio.subprocess.Process


@asynccontextmanager
async def command(*words: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "iotistic",
        "agent",
        *words,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def ended(process: Process, *, within: float = 30) -> tuple[int, str]:
    _, stderr = await asyncio.wait_for(process.communicate(), within)
    return process.returncode or 0, stderr.decode()


async def test_it_runs_until_told_to_stop_and_ends_at_once(api: DeviceApi, tmp_path: Path) -> None:
    key = tmp_path / "claim"
    key.write_text(CLAIM_KEY + "\n")
    state = tmp_path / "state"
    words = ["--server", api.url, "--state-dir", str(state), "--interval", "50ms", "--logs", "own"]
    async with command(*words, "--claim-key-file", str(key), "--name", "pump") as process:
        await until(lambda: len(api.reports) >= 3, within=30)
        async with command(*words) as second:
            assert (await ended(second))[0] == 3
        loop = asyncio.get_running_loop()
        told = loop.time()
        process.send_signal(signal.SIGTERM)
        code, stderr = await ended(process)
        assert loop.time() - told < 10  # half a second on an idle machine; nothing may be waited out
    assert code == 0
    assert api.enrolments[0]["name"] == "pump"
    assert "agent_started" in stderr
    assert "agent_stopped" in stderr
    assert CLAIM_KEY not in stderr
    assert not [request.key for request in api.requests if request.key and request.key in stderr]
    assert status_of(state).state == "stopped"


async def test_it_stops_while_the_server_hangs_and_keeps_what_it_has(api: DeviceApi, tmp_path: Path) -> None:
    api.faults.extend([Fault(hang=True)] * 10)
    words = ["--server", api.url, "--state-dir", str(tmp_path), "--interval", "50ms", "--logs", "none"]
    async with command(*words, environment={"IOTISTIC_CLAIM_KEY": CLAIM_KEY}) as process:
        await until(
            lambda: (
                (tmp_path / "status.json").exists() and status_of(tmp_path).queues["metrics"].pending >= 3
            ),
            within=30,
        )
        process.send_signal(signal.SIGINT)
        code, _ = await ended(process, within=20)
    assert code == 0
    kept = status_of(tmp_path).queues["metrics"].pending
    assert kept >= 3
    api.faults.clear()
    environment = {"IOTISTIC_CLAIM_KEY": CLAIM_KEY, "IOTISTIC_LOG_FORMAT": "json"}
    async with command(*words, "--once", environment=environment) as once:
        code, stderr = await ended(once)
    assert code == 0
    assert [json.loads(line)["event"] for line in stderr.splitlines()] == ["enrolled"]
    assert len(api.reports) == kept + 1


async def test_without_a_key_it_says_what_to_do(tmp_path: Path) -> None:
    async with command("--server", "http://127.0.0.1:9", "--state-dir", str(tmp_path)) as process:
        code, stderr = await ended(process)
    assert code == 1
    assert "--claim-key-file" in stderr
    assert "Traceback" not in stderr
