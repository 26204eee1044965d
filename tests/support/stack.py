"""A whole platform as `iotistic up` runs it, for tests that look at it from outside."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from iotistic.bootstrap.platform import Platform, open_platform
from iotistic.cli.stack.state import find_state
from iotistic.config import Settings, load_settings
from iotistic.data_folder import DataFolder
from tests.support.enrolment import enrol_device
from tests.support.server import throw_away, throw_away_folder

__all__ = ["RunningStack"]

_LIMIT = 90.0


class RunningStack:
    """`iotistic up` in a throw-away folder, on free ports."""

    process: Process

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self.settings: Settings = load_settings({"IOTISTIC_DATA_DIR": str(folder.root)}, dotenv=None)
        self.narration = folder.root / "narration.txt"

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncGenerator["RunningStack"]:
        stack = cls(throw_away_folder())
        try:
            await stack.start()
            yield stack
        finally:
            await stack.stop()
            await throw_away(stack.folder)

    async def start(self) -> None:
        """Runs `up` and waits until it says so."""
        passed_on = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.narration.open("wb") as narration:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "iotistic",
                "up",
                "--data-dir",
                str(self.folder.root),
                env={**passed_on, "IOTISTIC_API_PORT": "0"},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=narration,
                stderr=narration,
            )
        async with asyncio.timeout(_LIMIT):
            while "Up in" not in self.narration.read_text():
                assert self.process.returncode is None, self.narration.read_text()
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """As Ctrl-C does."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
            async with asyncio.timeout(_LIMIT):
                await self.process.wait()

    @property
    def api_url(self) -> str:
        state = find_state(self.folder.up_state)
        assert state is not None
        return state.api_url

    @asynccontextmanager
    async def platform(self) -> AsyncGenerator[Platform]:
        """The platform's services, beside the API."""
        platform = await open_platform(self.settings, application_name="test", with_ingest=False)
        try:
            yield platform
        finally:
            await platform.close()

    async def enrol(self, count: int) -> list[tuple[UUID, str]]:
        """So many devices with their keys."""
        async with self.platform() as platform, platform.begin() as work:
            claim = await work.enrolment.create_claim_key(
                max_uses=count, lasts=timedelta(minutes=5), label="test", created_by="test"
            )
            enrolled = [
                await enrol_device(work.registrar, claim_key=claim.text, name=f"sender {number}")
                for number in range(count)
            ]
            return [(one.device_uuid, one.api_key.reveal()) for one in enrolled]

    async def agent_device(self) -> UUID:
        """The device this computer is, once it has enrolled: an agent that was killed meanwhile begins again."""
        async with self.platform() as platform, asyncio.timeout(_LIMIT):
            while True:
                async with platform.begin(read_only=True) as work:
                    devices = await work.devices.list_devices()
                for device in devices:
                    if device.kind == "host":
                        return device.uuid
                await asyncio.sleep(0.1)

    async def now_in_milliseconds(self) -> int:
        """The database's clock."""
        async with self.platform() as platform, platform.begin(read_only=True) as work:
            cursor = await work.connection.execute("SELECT (extract(epoch FROM now()) * 1000)::bigint")
            row = await cursor.fetchone()
            assert row is not None
            return int(row[0])
