"""PostgreSQL's client programs (pg_dump, pg_restore, psql): which of those on this machine to use, and running one.

Passwords travel in the environment, which only the same account can read; argv is public.
"""

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import final

from iotistic.config import Endpoint
from iotistic.database.server.binaries import list_binaries
from iotistic.errors import Unavailable

__all__ = [
    "ClientTool",
    "ClientToolFailed",
    "ClientToolMissing",
    "environment",
    "find_tool",
    "newest_tool",
    "run_tool",
]

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?")
_LINES_KEPT = 20
_ENCRYPTED = {"require", "verify-ca", "verify-full"}


class ClientToolMissing(Unavailable):
    """No program of this name and version is on the machine."""

    code = "client_tool_missing"


class ClientToolFailed(Unavailable):
    """A program of PostgreSQL's ended with an error; the message holds its last words."""

    code = "client_tool_failed"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTool:
    """One program, and the major version it belongs to."""

    path: Path
    major: int

    @property
    def has_zstd(self) -> bool:
        """Whether a pg_dump of this installation writes zstd: 16 and newer, where it was built with it."""
        first_with_it = 16
        return self.major >= first_with_it and "--with-zstd" in _configured(self.path.parent / "pg_config")

    @property
    def has_tls(self) -> bool:
        """Whether it can encrypt: those of the embedded server cannot. One that does not say how it was built is taken to."""
        built = _configured(self.path.parent / "pg_config")
        return not built or "--with-openssl" in built or "--with-ssl" in built


def find_tool(name: str, *, at_least: int, endpoint: Endpoint | None = None) -> ClientTool:
    """The oldest program of this name that knows a server of major `at_least`, and TLS where the way to `endpoint` asks for it.

    The oldest, because pg_dump writes what its own version and newer ones can read. Raises ClientToolMissing.
    """
    return min(_usable(name, at_least, endpoint), key=lambda tool: tool.major)


def newest_tool(name: str, endpoint: Endpoint) -> ClientTool:
    """The newest program of this name, of those that know TLS where the way to `endpoint` asks for it. Raises ClientToolMissing."""
    return max(_usable(name, 0, endpoint), key=lambda tool: tool.major)


def environment(endpoint: Endpoint, database: str, *, application_name: str) -> dict[str, str]:
    """What libpq programs read instead of options: where to connect, as whom, and how safely."""
    given: dict[str, object] = {
        "PGHOST": ",".join(host for host, _ in endpoint.hosts),
        "PGPORT": ",".join(str(port) for _, port in endpoint.hosts),
        "PGUSER": endpoint.user,
        "PGDATABASE": database,
        "PGPASSWORD": endpoint.password.reveal() if endpoint.password else None,
        "PGSSLMODE": endpoint.sslmode,
        "PGSSLROOTCERT": endpoint.sslrootcert,
        "PGSSLCERT": endpoint.sslcert,
        "PGSSLKEY": endpoint.sslkey,
        "PGAPPNAME": application_name,
        "PGCONNECT_TIMEOUT": 10,
    }
    return {name: str(value) for name, value in given.items() if value is not None}


async def run_tool(
    tool: ClientTool,
    arguments: Sequence[str],
    variables: dict[str, str],
    *,
    told: Callable[[str], None] | None = None,
    output: Path | None = None,
) -> None:
    """Runs one program to its end. `told` gets each line of its stderr; `output`, a new file of mode 0600, its stdout.

    Cancelled, the program and its children end at once. Raises ClientToolFailed with its last lines.
    """
    kept: list[str] = []
    target = (
        None
        if output is None
        else os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    )
    try:
        process = await asyncio.create_subprocess_exec(
            tool.path,
            *arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if target is None else target,
            stderr=subprocess.PIPE,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **variables},
            start_new_session=True,
        )
    finally:
        if target is not None:
            os.close(target)
    try:
        async for raw in _lines(process):
            kept = [*kept[1 - _LINES_KEPT :], raw]
            if told is not None:
                told(raw)
        status = await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if status:
        raise _failed(tool, status, kept)


async def _lines(process: asyncio.subprocess.Process) -> AsyncGenerator[str]:
    stream = process.stderr
    while stream is not None:
        try:
            line = await stream.readline()
        except ValueError:  # a line longer than the stream's buffer: the rest of it follows
            continue
        if not line:
            return
        yield line.decode(errors="replace").rstrip()


def _failed(tool: ClientTool, status: int, lines: Sequence[str]) -> ClientToolFailed:
    prefix = f"{tool.path.name}: "
    errors = [line for line in lines if "error" in line.lower()] or list(lines)
    words = "; ".join(line.removeprefix(prefix) for line in errors[-3:]) or "it said nothing"
    return ClientToolFailed(
        f"{tool.path.name} ended with status {status}: {words}", program=str(tool.path), status=status
    )


def _usable(name: str, at_least: int, endpoint: Endpoint | None) -> list[ClientTool]:
    encrypts = endpoint is not None and endpoint.sslmode in _ENCRYPTED
    usable = [tool for tool in _installed(name) if tool.major >= at_least and (tool.has_tls or not encrypts)]
    if usable:
        return usable
    wanted = f" of PostgreSQL {at_least} or newer" if at_least else ""
    package = f"postgresql-client-{at_least}" if at_least else "postgresql-client"
    raise ClientToolMissing(
        f"There is no {name}{wanted}{' that knows TLS' if encrypts else ''} on this machine.",
        hint=f"Install PostgreSQL's client package (Debian: {package}).",
        program=name,
    )


def _installed(name: str) -> list[ClientTool]:
    found = [
        ClientTool(path=binaries.program(name), major=binaries.major)
        for binaries in list_binaries()
        if binaries.program(name).exists()
    ]
    on_path = shutil.which(name)
    if on_path is not None and not any(tool.path == Path(on_path) for tool in found):
        major = _major_of(Path(on_path))
        if major is not None:
            found.append(ClientTool(path=Path(on_path), major=major))
    return found


@lru_cache(maxsize=32)
def _major_of(program: Path) -> int | None:
    match = _VERSION.search(_answer(program, "--version"))
    return int(match[1]) if match else None


@lru_cache(maxsize=32)
def _configured(program: Path) -> str:
    return _answer(program, "--configure")


def _answer(program: Path, question: str) -> str:
    try:
        answer = subprocess.run(  # noqa: S603 - a program we found, with a fixed argument
            [program, question], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout
