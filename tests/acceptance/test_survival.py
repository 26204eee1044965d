"""What the platform is for: whatever is killed, whenever, nothing acknowledged is missing and nothing is stored twice.

`IOTISTIC_SOAK_KILLS` says how often each of API, PostgreSQL and agent is killed: 2 in the suite, 10 for the full promise.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from uuid import UUID

import httpx
import psutil

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.cli.stack.state import find_state
from iotistic.data_folder import DataFolder
from iotistic.database.pool import connect
from iotistic.database.server import find_running
from tests.support.stack import RunningStack

KILLS = int(os.environ.get("IOTISTIC_SOAK_KILLS", "2"))
DEVICES = 4


def victim(folder: DataFolder, name: str) -> psutil.Process | None:
    """The process to kill, if it lives at this moment."""
    if name == "postgres":
        running = find_running(folder)
        return psutil.Process(running.pid) if running else None
    state = find_state(folder.up_state)
    return state.survivors().get(name) if state else None


async def kill(folder: DataFolder, name: str) -> None:
    async with asyncio.timeout(60):
        while (process := victim(folder, name)) is None:
            await asyncio.sleep(0.02)
    process.send_signal(signal.SIGKILL)


class Sender:
    """A device that sends a numbered report at a time, the same one until it is acknowledged."""

    def __init__(self, uuid: UUID, key: str, folder: DataFolder) -> None:
        self.uuid = uuid
        self.acknowledged: list[int] = []
        self._folder = folder
        self._headers = {"Authorization": f"Bearer {key}"}

    async def run(self, stop: asyncio.Event, start: int) -> None:
        moment = start
        async with httpx.AsyncClient(timeout=5) as client:
            while not stop.is_set():
                if await self._send(client, moment):
                    self.acknowledged.append(moment)
                    moment += 1

    async def _send(self, client: httpx.AsyncClient, moment: int) -> bool:
        state = find_state(self._folder.up_state)
        body = {"reports": [{"timestamp": moment, "metrics": {"number": moment % 1000}}]}
        try:
            answer = await client.post(
                f"{state.api_url if state else ''}/api/v1/devices/{self.uuid}/metrics",
                json=body,
                headers=self._headers,
            )
        except (httpx.TransportError, httpx.UnsupportedProtocol):
            await asyncio.sleep(0.02)
            return False
        if answer.status_code == 200:
            receipt = answer.json()
            assert receipt["accepted"] + receipt["duplicate"] == 1, receipt
            return True
        assert answer.status_code in {429, 503}, answer.text
        await asyncio.sleep(0.05)
        return False


async def stored(stack: RunningStack, uuid: UUID) -> Counter[int]:
    """How often each numbered report is in the table."""
    endpoint = Endpoints(stack.settings).of("readonly")
    connection = await connect(endpoint, "iotistic", application_name="test")
    cursor = await connection.execute(
        "SELECT (extract(epoch FROM timestamp) * 1000)::bigint FROM device_metrics WHERE device_uuid = %s",
        (uuid,),
    )
    found = Counter(row[0] for row in await cursor.fetchall())
    await connection.close()
    return found


async def test_nothing_acknowledged_is_lost_or_doubled_whatever_is_killed() -> None:
    chance = random.Random(20261123)
    async with RunningStack.open() as stack:
        folder = stack.folder
        senders = [Sender(uuid, key, folder) for uuid, key in await stack.enrol(DEVICES)]
        stop = asyncio.Event()
        start = await stack.now_in_milliseconds()
        running = [asyncio.create_task(sender.run(stop, start)) for sender in senders]
        order = ["api", "postgres", "agent"] * KILLS
        chance.shuffle(order)
        for name in order:
            reached = [len(sender.acknowledged) for sender in senders]
            await kill(folder, name)
            # Back under load before the next blow: every device gets something acknowledged after this one.
            async with asyncio.timeout(90):
                while any(
                    len(s.acknowledged) < before + 3 for s, before in zip(senders, reached, strict=True)
                ):
                    for task in running:
                        if task.done():
                            task.result()
                    await asyncio.sleep(0.02)
        stop.set()
        await asyncio.gather(*running)
        for sender in senders:
            found = await stored(stack, sender.uuid)
            assert set(sender.acknowledged) <= set(found)
            assert found.most_common(1)[0][1] == 1
        device = await stack.agent_device()
        async with asyncio.timeout(60):  # it may have been killed before its first report each time
            while not (agent := await stored(stack, device)):
                await asyncio.sleep(0.1)
        assert agent.most_common(1)[0][1] == 1


async def test_a_killed_supervisor_leaves_nothing_that_blocks_the_next_start() -> None:
    async with RunningStack.open() as stack:
        before = find_state(stack.folder.up_state)
        assert before is not None
        stack.process.kill()
        await stack.process.wait()
        assert before.survivors()
        await stack.start()
        after = find_state(stack.folder.up_state)
        assert after is not None
        assert after.supervisor != before.supervisor
        assert before.survivors() == {}
