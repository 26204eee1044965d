"""kill -9 of an agent at any moment, under load, against a server that fails as well."""

import asyncio
import os
import shutil
import signal
from pathlib import Path
from random import Random

import msgspec

from iotistic.agent.spool import Spool
from tests.support.agents import start_agent_process
from tests.support.device_api import DeviceApi, Fault, until

KILLS = 10
BREAKS = [Fault(commit=True, close=True), Fault(close=True), Fault(status=503, headers={"Retry-After": "0"})]


def left_in_spool(state_dir: Path, lane: str, scratch: Path) -> list[bytes]:
    """Every record that an agent killed just now had spooled and not yet seen acknowledged."""
    shutil.rmtree(scratch, ignore_errors=True)
    if not (state_dir / "spool" / lane).exists():
        return []
    shutil.copytree(state_dir / "spool" / lane, scratch)
    spool = Spool.open(scratch, limit=1 << 30, tell=lambda *_, **__: None)
    found: list[bytes] = []
    while batch := spool.next_batch(most_bytes=1 << 20, most_records=10_000):
        found += batch.payloads
        spool.acknowledge(batch)
    return found


def timestamp_of(record: bytes) -> str:
    return str(msgspec.json.decode(record)["timestamp"])


class Writer:
    """A program that logs numbered lines without pause."""

    def __init__(self, path: Path) -> None:
        self.written = 0
        self._path = path
        self._is_told_to_stop = False
        self._task = asyncio.create_task(self._write())

    async def _write(self) -> None:
        with self._path.open("ab", buffering=0) as file:
            while not self._is_told_to_stop:
                # Lines are cut by the moment, as a logger's buffer cuts them.
                text = b"".join(b"line %d\n" % number for number in range(self.written, self.written + 40))
                file.write(text[:-5])
                await asyncio.sleep(0.01)
                file.write(text[-5:])
                self.written += 40
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Ends with a whole line."""
        self._is_told_to_stop = True
        await self._task


async def killed_under_load(api: DeviceApi, state: Path, log: Path, random: Random) -> None:
    """One life of an agent, from start to kill -9 at a random moment of its work."""
    process = start_agent_process(state, api.url, str(log))
    try:
        requests, lines = len(api.requests), len(api.lines) + random.randrange(1, 400)
        await until(lambda: len(api.requests) > requests + 3, within=30, what="a working agent")
        api.faults.extend(random.choices(BREAKS, k=3))
        await until(lambda: len(api.lines) > lines, within=30, what="lines")
    finally:
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()


async def test_nothing_spooled_is_lost_and_nothing_is_sent_in_two_versions(
    api: DeviceApi, tmp_path: Path
) -> None:
    random = Random(20261123)
    state, log = tmp_path / "state", tmp_path / "app.log"
    log.write_text("")
    started = start_agent_process(state, api.url, str(log))
    await until(
        lambda: api.reports, within=30, what="the first agent"
    )  # it knows now where in the file to begin
    os.kill(started.pid or 0, signal.SIGKILL)
    started.join()

    writer = Writer(log)
    spooled: set[str] = set()
    for _ in range(KILLS):
        await killed_under_load(api, state, log, random)
        spooled.update(
            timestamp_of(record) for record in left_in_spool(state, "metrics", tmp_path / "scratch")
        )
    await writer.stop()
    api.faults.clear()

    process = start_agent_process(state, api.url, str(log))
    await until(lambda: len(api.lines) >= writer.written, within=30, what="all lines")
    await until(lambda: spooled <= {timestamp for _, timestamp in api.reports}, within=30, what="all reports")
    os.kill(process.pid or 0, signal.SIGTERM)
    await asyncio.to_thread(process.join, 30)
    assert process.exitcode == 0
    assert api.messages() == [f"line {number}" for number in range(writer.written)]
    sequences = sorted(sequence for _, _, sequence in api.lines)
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
    assert api.conflicts == []
    assert len(api.devices) == 1
