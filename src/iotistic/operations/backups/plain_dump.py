r"""Plain dumps made by hand (`pg_dump ... > backup.sql`, `... | gzip > backup.sql.gz`): recognised, judged, and fed to psql.

What goes wrong with them is well known, and each is named before anything is loaded: PowerShell 5 writes UTF-16, of which psql
restores nothing and says nothing; a failed dump through a pipe leaves a valid, empty archive; a full disk leaves half a file.
"""

import gzip
import re
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, cast

from iotistic.config import Endpoint
from iotistic.database.client_tools import environment, find_tool, run_tool
from iotistic.database.pool import connect
from iotistic.operations.backups.errors import SqlDumpRejected
from iotistic.operations.backups.restoration import refuse_existing
from iotistic.operations.backups.scratch import scratch_database, sweep_scratch
from iotistic.operations.backups.swap import rename_database

__all__ = ["PlainDump", "inspect_dump", "restore_plain"]

_APPLICATION = "iotistic-restore"
_GZIP = b"\x1f\x8b"
_ARCHIVE = b"PGDMP"
_CHUNK = 1 << 20
_TAIL = 4096
_COMPLETE = b"-- PostgreSQL database dump complete"
_SERVER = re.compile(rb"^-- Dumped from database version (\d+)", re.MULTILINE)
_RESTRICT = re.compile(rb"^\\restrict ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainDump:
    """A plain dump that is whole."""

    path: Path
    packed: bool
    """Whether it is gzip."""
    bytes: int
    """As text."""
    server_major: int | None
    """Of the server it is from; None where it does not say."""
    restricted: bool
    """Whether it has pg_dump's \\restrict pair, which only psql of August 2025 and newer understands."""


def inspect_dump(path: Path) -> PlainDump:
    """Reads the file to its end. Raises SqlDumpRejected saying what is wrong with it and how to make a good one."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
        packed = start.startswith(_GZIP)
        head, tail, size = _ends(path, packed=packed)
    except FileNotFoundError as error:
        raise SqlDumpRejected(f"There is no file {path}.") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SqlDumpRejected(
            f"{path.name} is a damaged or cut gzip file ({error}).",
            hint="Copy it again, or take another backup.",
        ) from error
    _judge(path.name, start, head, tail, size)
    version = _SERVER.search(head)
    return PlainDump(
        path=path,
        packed=packed,
        bytes=size,
        server_major=int(version[1]) if version else None,
        restricted=_RESTRICT.search(head) is not None,
    )


async def restore_plain(endpoint: Endpoint, dump: PlainDump, database: str) -> None:
    """Feeds the dump to psql, which stops at the first error, and calls the result `database` when there was none.

    The SQL of the file is run with the rights of `endpoint`: feed it only dumps of your own. Raises DatabaseExists,
    ClientToolMissing, ClientToolFailed.
    """
    connection = await connect(endpoint, "postgres", application_name=_APPLICATION, autocommit=True)
    try:
        await refuse_existing(connection, database)
        major = connection.info.server_version // 10_000
        tool = find_tool("psql", at_least=max(major, dump.server_major or major), endpoint=endpoint)
        await sweep_scratch(connection)
        async with scratch_database(connection) as scratch:
            with _unpacked(dump) as text:
                await run_tool(
                    tool,
                    ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={text}"],
                    environment(endpoint, scratch, application_name=_APPLICATION),
                )
            await rename_database(connection, scratch, database)
    finally:
        await connection.close()


@contextmanager
def _unpacked(dump: PlainDump) -> Generator[Path]:
    """A file with the text: the dump itself, or a private copy that goes away again."""
    if not dump.packed:
        yield dump.path
        return
    with NamedTemporaryFile(prefix="iotistic-", suffix=".sql") as copy:  # mode 0600
        with _opened(dump.path, packed=True) as source:
            while chunk := source.read(_CHUNK):
                copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


def _opened(path: Path, *, packed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if packed else path.open("rb")


def _ends(path: Path, *, packed: bool) -> tuple[bytes, bytes, int]:
    with _opened(path, packed=packed) as file:
        head = tail = file.read(_CHUNK)
        size = len(head)
        while chunk := file.read(_CHUNK):
            tail = tail[-_TAIL:] + chunk
            size += len(chunk)
    return head, tail[-_TAIL:], size


def _judge(name: str, start: bytes, head: bytes, tail: bytes, size: int) -> None:
    if not size:
        raise SqlDumpRejected(
            f"{name} is empty: the dump failed, and the pipe or redirection hid it.",
            hint="`iotistic backup create` fails when the dump fails.",
        )
    if head.startswith(_ARCHIVE):
        raise SqlDumpRejected(
            f"{name} is an archive of pg_dump -Fc, not plain SQL.",
            hint=f"`pg_restore --file=backup.sql {name}` makes plain SQL of it.",
        )
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head[:64]:
        raise SqlDumpRejected(
            f"{name} is UTF-16, as PowerShell's `>` writes it: psql would restore nothing of it and report success.",
            hint=f"Convert it: `iconv -f UTF-16 -t UTF-8 {name} > backup.sql`.",
        )
    try:
        head[: len(head) - 4].decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        if error.end < len(head) - 8:
            raise SqlDumpRejected(
                f"{name} is not UTF-8 (byte {error.start}).", hint="Make the dump with --encoding=UTF8."
            ) from error
    if _COMPLETE not in tail:
        raise SqlDumpRejected(
            f"{name} does not end as pg_dump ends a dump: it was cut, or is no dump.",
            hint="Take another backup; half of one looks whole until the missing table is needed.",
        )
