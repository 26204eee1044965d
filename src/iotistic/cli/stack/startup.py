"""The steps from nothing to a running stack, in order; each says what it did."""

import asyncio
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import final
from urllib.error import URLError
from urllib.request import urlopen

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.bootstrap.provisioning import make_partitions, provision, run_migrations
from iotistic.cli.stack.supervisor import Service
from iotistic.config import Settings
from iotistic.data_folder import DataFolder
from iotistic.database import server
from iotistic.errors import Unavailable
from iotistic.secret import Secret

__all__ = ["ApiAddress", "ServiceNotReady", "Stack", "free_port", "wait_until_ready"]

Narrate = Callable[[str], None]


class ServiceNotReady(Unavailable):
    """The API did not get ready in time."""

    code = "service_not_ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAddress:
    """Where the API listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        shown = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - recognised, not bound
        return f"http://{shown}:{self.port}"


@final
class Stack:
    """What `iotistic up` starts for one data folder."""

    def __init__(self, settings: Settings, narrate: Narrate) -> None:
        self.settings = settings
        self.folder = DataFolder(settings.data_dir)
        self.narrate = narrate

    async def start_server(self) -> None:
        """The embedded server, unless another is configured."""
        if Endpoints(self.settings).embedded:
            await self._start_server()

    async def prepare_databases(self) -> None:
        """Roles, databases, migrations, and the partitions of the days ahead."""
        await provision(self.settings, self.narrate)
        await run_migrations(self.settings, self.narrate, warn=self.narrate)
        await make_partitions(self.settings, self.narrate)

    async def revive_database(self) -> bool:
        """Starts the embedded server again if it died; answers whether it had to."""
        if not Endpoints(self.settings).embedded or server.find_running(self.folder) is not None:
            return False
        await self._start_server()
        return True

    async def stop_database(self) -> None:
        """Stops the embedded server; a configured one is not ours to stop."""
        if Endpoints(self.settings).embedded:
            await server.stop(self.folder)

    def api(self, address: ApiAddress) -> Service:
        return Service(
            name="api",
            command=self._command("serve", "--host", address.host, "--port", str(address.port)),
            log=self.folder.log / "api.log",
        )

    def agent(self, address: ApiAddress, claim_key: Path | None) -> Service:
        """The local agent: a client like any other, with its own folder and key."""
        claim = ["--claim-key-file", str(claim_key)] if claim_key is not None else []
        return Service(
            name="agent",
            command=[
                sys.executable,
                "-m",
                "iotistic",
                "agent",
                "--server",
                address.url,
                "--state-dir",
                str(self.folder.agent),
                *claim,
            ],
            log=self.folder.log / "agent.log",
        )

    def keep_claim_key(self, key: Secret) -> Path:
        """Leaves a claim key where only the agent's user can read it."""
        self.folder.agent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder.agent / "claim.key"
        path.touch(mode=0o600)
        path.write_text(key.reveal() + "\n", encoding="utf-8")
        return path

    def address(self) -> ApiAddress:
        """The configured port, or a free one when somebody else has it."""
        host, wanted = self.settings.api.host, self.settings.api.port
        port = free_port(host, wanted)
        if wanted and port != wanted:
            self.narrate(
                f"Port {wanted} is taken; the API listens on {port}. Set IOTISTIC_API_PORT to choose another."
            )
        return ApiAddress(host=host, port=port)

    async def _start_server(self) -> None:
        await server.start(
            self.folder,
            port=self.settings.server_port,
            account=self.settings.server_account,
            on_event=self.narrate,
        )

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "iotistic", *words, "--data-dir", str(self.folder.root)]


def free_port(host: str, wanted: int) -> int:
    """`wanted` if nobody listens there, else any free port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (wanted, 0):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As the server will: a port in TIME_WAIT after a restart is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServiceNotReady(
        f"No TCP port can be opened on {host}.", hint="Set IOTISTIC_API_HOST to an address of this computer."
    )


async def wait_until_ready(url: str, *, limit: timedelta, log: Path) -> None:
    """Polls `/ready` until it says yes. Raises ServiceNotReady with the end of the log after `limit`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit.total_seconds()
    while not await asyncio.to_thread(_is_ready, url):
        if loop.time() > deadline:
            raise ServiceNotReady(
                f"The API at {url} is not ready after {limit.total_seconds():.0f} s. The end of its log:\n{_tail(log)}",
                hint=f"The whole log is {log}.",
            )
        await asyncio.sleep(0.1)


def _is_ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/ready", timeout=2) as answer:  # noqa: S310 - our own http address
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except (URLError, OSError):
        return False


def _tail(log: Path, lines: int = 15) -> str:
    try:
        return "\n".join(
            f"  {line}" for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
        )
    except OSError:
        return "  (there is no log)"
