"""`iotistic up`."""

import asyncio
import fcntl
import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, final

import typer

from iotistic.agent.identity import host_serial
from iotistic.agent.state_folder import StateFolder
from iotistic.bootstrap.platform import Platform, Work, open_platform
from iotistic.cli.down import stop_everything
from iotistic.cli.options import DataDir, Url, settings_from
from iotistic.cli.output import narrate, run_async
from iotistic.cli.stack.live_line import LiveLine
from iotistic.cli.stack.startup import ApiAddress, Stack, wait_until_ready
from iotistic.cli.stack.state import ProcessMark, StackState, find_state, remove_state, write_state
from iotistic.cli.stack.supervisor import Supervisor
from iotistic.data_folder import DataFolder
from iotistic.errors import Conflict, IotisticError, Unavailable
from iotistic.secret import Secret

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_HEARTBEAT = 1.0
"""Seconds between looks at the database and redraws of the live line."""
_CLAIM_LASTS = timedelta(minutes=10)


class AlreadyUp(Conflict):
    """Another `iotistic up` runs in this folder."""

    code = "already_up"


@app.command()
def up(
    data_dir: DataDir = None,
    url: Url = None,
    agent: Annotated[
        bool, typer.Option("--agent/--no-agent", help="Report this computer as a device.")
    ] = True,
) -> None:
    """Start everything: PostgreSQL, API, and this computer as the first device.

    Runs until Ctrl-C, which stops it all; the data stays and the next start goes on with it.
    """
    settings = settings_from(data_dir, url)
    for warning in settings.warnings:
        narrate(f"warning: {warning}")
    stack = Stack(settings, narrate)
    stack.folder.root.mkdir(parents=True, exist_ok=True)
    with _only_one(stack.folder):
        run_async(_Run(stack, with_agent=agent).until_stopped())


@contextmanager
def _only_one(folder: DataFolder) -> Generator[None]:
    """Holds the folder's lock; the kernel frees it when this process dies, however it dies."""
    with (folder.root / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            state = find_state(folder.up_state)
            where = f" (pid {state.supervisor.pid}, API at {state.api_url})" if state else ""
            raise AlreadyUp(
                f"The platform in {folder.root} is already up{where}.",
                hint="See it with `iotistic status`, or stop it with `iotistic down`.",
            ) from error
        yield


@final
class _Run:
    """One life of the stack, from start to Ctrl-C."""

    def __init__(self, stack: Stack, *, with_agent: bool) -> None:
        self._stack = stack
        self._with_agent = with_agent
        self._stop = asyncio.Event()
        self._line: LiveLine | None = None
        self._supervisor = Supervisor(tell=self._tell, changed=self._write_state)
        self._api_url = ""

    async def until_stopped(self) -> None:
        """Starts, watches, and stops everything again, also when a step of the start fails."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # SIGHUP: the terminal was closed
            loop.add_signal_handler(number, self._stop.set)
        started = time.monotonic()
        platform: Platform | None = None
        try:
            await self._end_leftovers()
            await self._stack.start_server()
            address = await self._start_api()
            await self._stack.prepare_databases()
            platform = await open_platform(
                self._stack.settings, application_name="iotistic-up", with_ingest=False
            )
            await self._start_agent(platform, address)
            narrate(f"Up in {time.monotonic() - started:.1f} s. Ctrl-C stops everything; the data stays.")
            await self._watch(platform)
        finally:
            await self._shut_down(platform)

    async def _end_leftovers(self) -> None:
        """A killed `up` leaves its children running; they would hold the ports. The database may go on."""
        state = find_state(self._stack.folder.up_state)
        if state is not None and state.survivors():
            names = ", ".join(state.survivors())
            self._tell(f"An earlier `iotistic up` was killed and left {names} running; ending them first.")
            await stop_everything(self._stack.folder)

    async def _start_api(self) -> ApiAddress:
        """Before the databases are ready: it loads for a second and waits for them by itself."""
        address = self._stack.address()
        self._api_url = address.url
        await self._supervisor.start(self._stack.api(address))
        return address

    async def _start_agent(self, platform: Platform, address: ApiAddress) -> None:
        stack = self._stack
        password, claim = await self._first_secrets(platform)
        await wait_until_ready(address.url, limit=timedelta(seconds=60), log=stack.folder.log / "api.log")
        if self._with_agent:
            key = stack.keep_claim_key(claim) if claim else None
            await self._supervisor.start(stack.agent(address, key))
        self._introduce(address.url, password)

    async def _first_secrets(self, platform: Platform) -> tuple[Secret | None, Secret | None]:
        """The administrator's password if the account is new, and a claim key if this computer has no device key yet."""
        async with platform.begin() as work:
            password = await work.security.ensure_administrator()
            folder = StateFolder(self._stack.folder.agent)
            if not self._with_agent or folder.identity.exists():
                return password, None
            return password, await self._let_this_computer_in(work, folder)

    async def _let_this_computer_in(self, work: Work, folder: StateFolder) -> Secret:
        """A claim key for its serial alone. If its key was deleted while the registry still knows it, it may come again."""
        folder.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        serial = host_serial(folder)
        known = await work.devices.find_device_by_serial(serial)
        if known is not None:
            await work.enrolment.permit(known.uuid, by="iotistic up", lasts=_CLAIM_LASTS)
        claim = await work.enrolment.create_claim_key(
            max_uses=1,
            lasts=_CLAIM_LASTS,
            label="local agent",
            created_by="iotistic up",
            allowed_serials=[serial],
        )
        return claim.text

    def _introduce(self, api_url: str, password: Secret | None) -> None:
        narrate("")
        narrate(f"  API        {api_url}")
        narrate(f"  Docs       {api_url}/docs")
        narrate("  psql       iotistic db psql")
        narrate("  Status     iotistic status")
        narrate(f"  Data       {self._stack.folder.root}")
        if password is not None:
            narrate(f"  Login      admin / {password.reveal()}   (shown this once)")
        narrate("")

    async def _watch(self, platform: Platform) -> None:
        self._line = LiveLine(platform)
        while not self._stop.is_set():
            try:
                if await self._stack.revive_database():
                    self._tell("PostgreSQL had ended; it was started again and recovered.")
            except IotisticError as error:
                self._tell(f"PostgreSQL cannot be started: {error.message}")
            await self._line.refresh()
            try:
                await asyncio.wait_for(self._stop.wait(), _HEARTBEAT)
            except TimeoutError:
                continue

    async def _shut_down(self, platform: Platform | None) -> None:
        if self._line is not None:
            self._line.clear()
        narrate("Stopping ...")
        await self._supervisor.stop()
        if platform is not None:
            await platform.close()
        try:
            await self._stack.stop_database()
        except Unavailable as error:
            narrate(f"PostgreSQL did not stop: {error.message}")
        remove_state(self._stack.folder.up_state)
        narrate(f"Stopped. The data stays in {self._stack.folder.root}.")

    def _tell(self, text: str) -> None:
        if self._line is not None:
            self._line.clear()
        narrate(text)

    def _write_state(self) -> None:
        state = StackState(
            supervisor=ProcessMark.of(os.getpid()), services=self._supervisor.marks(), api_url=self._api_url
        )
        write_state(self._stack.folder.up_state, state)
