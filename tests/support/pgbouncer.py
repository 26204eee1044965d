"""The real PgBouncer, where the machine has one: Debian's package `pgbouncer`."""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from iotistic.config import Endpoint

__all__ = ["PROGRAM", "bounced"]

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
"""Where it is; None when there is none."""

_CONFIGURATION = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = {mode}
{ignored}
"""


@asynccontextmanager
async def bounced(endpoint: Endpoint, *, mode: str, swallows_options: bool) -> AsyncIterator[Endpoint]:
    """A PgBouncer before the server of `endpoint`; `swallows_options` drops what clients set at their start, else it is refused."""
    if PROGRAM is None:
        raise FileNotFoundError("pgbouncer")
    folder = Path(tempfile.mkdtemp(prefix="iotistic-pgbouncer-"))
    (host, port), own = endpoint.hosts[0], _free_port()
    password = endpoint.password.reveal() if endpoint.password else ""
    ignored = "ignore_startup_parameters = options,extra_float_digits" if swallows_options else ""
    (folder / "users").write_text(f'"{endpoint.user}" "{password}"\n')
    (folder / "ini").write_text(
        _CONFIGURATION.format(host=host, port=port, own=own, folder=folder, mode=mode, ignored=ignored)
    )
    account = None
    if os.geteuid() == 0:  # it refuses to run as root
        account = "nobody"
        for path in (folder, folder / "users", folder / "ini"):
            shutil.chown(path, account)
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        str(folder / "ini"),
        user=account,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _listening(own)
        yield replace(endpoint, hosts=(("127.0.0.1", own),))
    finally:
        process.kill()
        await process.wait()
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def _listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return
