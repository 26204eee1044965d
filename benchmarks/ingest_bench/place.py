"""A platform as a user has it: PostgreSQL with our settings, durable; API processes; devices with keys."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import psutil

from ingest_bench.load import Order, Outcome
from iotistic.bootstrap.platform import open_platform
from iotistic.bootstrap.provisioning import make_partitions, provision, run_migrations
from iotistic.config import load_settings
from iotistic.data_folder import DataFolder
from iotistic.database.pool import Connection, connect
from iotistic.database.server import RunningServer, start, stop
from iotistic.secret import Secret

__all__ = ["DATABASE", "Cpu", "Place", "place"]

DATABASE = "iotistic"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cpu:
    """CPU seconds, by who took them."""

    postgres: float
    api: float
    machine: float

    def __sub__(self, other: "Cpu") -> "Cpu":
        return Cpu(
            postgres=self.postgres - other.postgres,
            api=self.api - other.api,
            machine=self.machine - other.machine,
        )


class Place:
    """The server, what runs on it, and how to measure it."""

    def __init__(self, folder: DataFolder, server: RunningServer, owner: Connection) -> None:
        self.folder = folder
        self.server = server
        self.owner = owner
        self.devices: list[tuple[str, str]] = []
        self._apis: list[Process] = []
        self.ports: list[int] = []

    async def direct(self) -> Connection:
        return await connect(self.server.endpoint, DATABASE, application_name="bench", autocommit=True)

    async def empty(self) -> None:
        await self.owner.execute("TRUNCATE device_metrics, device_metric_latest, metric_rollup_marks")
        await self.owner.execute("CHECKPOINT")

    async def start_apis(self, count: int) -> None:
        while len(self._apis) < count:
            process = await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-m",
                    "iotistic",
                    "serve",
                    "--data-dir",
                    str(self.folder.root),
                    "--port",
                    "0",
                ),
                env={**os.environ, "IOTISTIC_LOG_LEVEL": "warning"},
                stdout=PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            assert process.stdout is not None
            line = (await process.stdout.readline()).decode().strip()
            self._apis.append(process)
            self.ports.append(int(line.rpartition(":")[2]))
        async with httpx.AsyncClient(timeout=120) as client:
            for port in self.ports:
                while (await client.get(f"http://127.0.0.1:{port}/ready")).status_code != httpx.codes.OK:
                    await asyncio.sleep(0.2)

    async def enrol(self, count: int) -> None:
        settings = load_settings({"IOTISTIC_DATA_DIR": str(self.folder.root)}, dotenv=None)
        platform = await open_platform(settings, application_name="bench", with_ingest=False)
        try:
            async with platform.begin() as work:
                for number in range(count):
                    device = await work.devices.create_device(name=f"bench-{number}", kind="sensor")
                    issued = await work.security.issue_device_key(device.uuid, reason="bench")
                    self.devices.append((str(device.uuid), issued.text.reveal()))
        finally:
            await platform.close()

    async def viewer_key(self) -> str:
        """Of a person who may look."""
        settings = load_settings({"IOTISTIC_DATA_DIR": str(self.folder.root)}, dotenv=None)
        platform = await open_platform(settings, application_name="bench", with_ingest=False)
        try:
            async with platform.begin() as work:
                user = await work.security.create_user(
                    "viewer", Secret("a password of 26 characters"), "viewer"
                )
                issued = await work.security.issue_user_key(user.id, lasts=timedelta(hours=1), reason="bench")
                return issued.text.reveal()
        finally:
            await platform.close()

    async def stop_apis(self) -> None:
        for process in self._apis:
            process.terminate()
            await process.wait()

    def cpu(self) -> Cpu:
        postmaster = psutil.Process(self.server.pid)
        times = psutil.cpu_times()
        return Cpu(
            postgres=_seconds_of_ended(postmaster) + sum(map(_seconds, [postmaster, *postmaster.children()])),
            api=sum(_seconds(psutil.Process(process.pid)) for process in self._apis),
            machine=times.user + times.system + times.nice + times.irq + times.softirq,
        )

    def api_memory(self) -> int:
        """Octets that the first API process has in memory."""
        return int(psutil.Process(self._apis[0].pid).memory_info().rss)

    async def load(
        self, order: Order, *, first: Callable[[], Awaitable[None]] | None = None
    ) -> tuple[Outcome, Cpu]:
        """Sends the order from a process of its own; `first` is done when its requests are made."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ingest_bench.load",
            stdin=PIPE,
            stdout=PIPE,
            cwd=Path(__file__).parents[1],
            limit=1 << 26,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(asdict(order)).encode() + b"\n")
        await process.stdout.readline()
        if first is not None:
            await first()
        before = self.cpu()
        process.stdin.write(b"go\n")
        outcome = Outcome(**json.loads(await process.stdout.readline()))
        spent = self.cpu() - before
        await process.wait()
        return outcome, spent


def _say_nothing(_: str) -> None:
    pass


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # an autovacuum worker: the postmaster has its time by now
        return 0.0
    return float(times.user + times.system)


def _seconds_of_ended(postmaster: psutil.Process) -> float:
    times = postmaster.cpu_times()
    return float(times.children_user + times.children_system)


@asynccontextmanager
async def place() -> AsyncGenerator[Place]:
    """Everything but API processes and devices; gone afterwards."""
    root = Path(tempfile.mkdtemp(prefix="iotistic-bench-", dir="/tmp"))
    root.chmod(0o711)  # noqa: ASYNC240 - when root runs this, the server's account has to pass through
    folder = DataFolder(root)
    server = await start(folder)
    made: Place | None = None
    try:
        settings = load_settings({"IOTISTIC_DATA_DIR": str(root)}, dotenv=None)
        await provision(settings, _say_nothing)
        await run_migrations(settings, _say_nothing, warn=_say_nothing)
        await make_partitions(settings, _say_nothing)
        async with _administrator(server, DATABASE) as connection:
            made = Place(folder, server, connection)
            yield made
    finally:
        if made is not None:
            await made.stop_apis()
        await stop(folder, mode="immediate")
        shutil.rmtree(root, ignore_errors=True)


@asynccontextmanager
async def _administrator(server: RunningServer, database: str) -> AsyncGenerator[Connection]:
    connection = await connect(server.endpoint, database, application_name="bench", autocommit=True)
    try:
        yield connection
    finally:
        await connection.close()
