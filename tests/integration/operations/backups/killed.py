"""A process that backs up or restores, and kills itself with SIGKILL at a stage that the test names.

Stages are the interpreter's own audit events (a folder made, a program started, a file opened, a rename) and what a restore tells;
nothing of ours is replaced. `python -m tests.integration.operations.backups.killed` reads its order from standard input.
"""

import asyncio
import json
import os
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from iotistic.config import Endpoint
from iotistic.operations.backups import BackupOrder, BackupStore, Restoration, create_backup, drill
from iotistic.secret import Secret

__all__ = ["Order", "start"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to do, and when to die."""

    act: str
    """create, restore, drill."""
    folder: str
    database: str
    event: str
    """An audit event, or `told` for what is narrated; empty: never."""
    needle: str
    """What the event's arguments, or what is told, contain then."""
    host: str
    port: int
    user: str
    password: str
    temporary: str = ""
    """Where it makes its temporary folders; empty: where everybody does."""

    def die(self, event: str, what: object) -> None:
        if self.event and event == self.event and self.needle in str(what):
            os.kill(os.getpid(), signal.SIGKILL)


async def start(order: Order) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ, **({"TMPDIR": order.temporary} if order.temporary else {})},
        cwd=Path(__file__).parents[4],
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(order)).encode())
    process.stdin.close()
    return process


async def _act(order: Order) -> None:
    endpoint = Endpoint(hosts=((order.host, order.port),), user=order.user, password=Secret(order.password))
    store = BackupStore(Path(order.folder))
    if order.act == "create":
        await create_backup(endpoint, store, BackupOrder(database=order.database))
        return
    manifest = store.get("latest", order.database)
    if order.act == "drill":
        await drill(store, manifest, narrate=lambda text: order.die("told", text))
        return
    restoration = Restoration(endpoint, store, manifest, narrate=lambda text: order.die("told", text))
    await restoration.replace(order.database)


if __name__ == "__main__":
    given = Order(**json.load(sys.stdin))
    sys.addaudithook(given.die)
    asyncio.run(_act(given))
