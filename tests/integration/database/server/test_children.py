"""A server that this process started is its child: once ended, it must not stay in the process table."""

import asyncio
import os
import signal

import psutil

from iotistic.database.server import stop
from tests.support.server import start_test_server, stop_test_server


async def test_a_server_that_somebody_else_killed_is_collected_when_it_is_stopped() -> None:
    running = await start_test_server()
    try:
        os.kill(running.pid, signal.SIGKILL)
        async with asyncio.timeout(60):
            while psutil.Process(running.pid).status() != psutil.STATUS_ZOMBIE:
                await asyncio.sleep(0.02)
        assert await stop(running.folder) is None
        assert not psutil.pid_exists(running.pid)
    finally:
        await stop_test_server(running)
