"""The archived log: every segment the server finished, kept where the server's own disk cannot take it away.

PostgreSQL hands each finished segment to a command and keeps it until that answers 0. What is said here holds for both forms of the
command: a segment counts once it is whole and on disk; the same one twice is fine; another one of the same name is refused, for
two servers that write into one archive destroy it for both.
"""

import filecmp
import os
import shlex
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import final

from psycopg import sql

from iotistic.database.errors import translated
from iotistic.database.pool import Connection
from iotistic.database.server import Account, require_reachable
from iotistic.operations.physical.errors import ArchivedDifferently, SegmentUnarchived
from iotistic.operations.physical.summaries import FIRST_WITH_SUMMARIES

__all__ = ["WalArchive", "keep_archiving", "stop_archiving"]

_SWITCH_AFTER = timedelta(minutes=5)
"""A quiet server hands over a segment at least this often: what a lost disk may cost. Each is 16 MB, however little is in it."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalArchive:
    """One folder of segments, of one server."""

    folder: Path

    def make(self, account: Account) -> None:
        """The folder, written by the account the server runs as. Raises FolderUnreachable where that account cannot get to it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        account.adopt(self.folder)
        require_reachable(self.folder, account)

    @property
    def command(self) -> str:
        """What `archive_command` runs: nothing but the shell, since the server's account need not reach our interpreter."""
        part, whole, folder = f"{self._quoted}/.%f.part", f"{self._quoted}/%f", self._quoted
        return (
            f"if test -e {whole}; then cmp -s %p {whole}; "
            f"else cp %p {part} && sync {part} && mv {part} {whole} && sync {folder}; fi"
        )

    @property
    def restore_command(self) -> str:
        """What `restore_command` runs. A segment that is not there ends recovery, or begins another timeline."""
        return f"cp {self._quoted}/%f %p"

    def add(self, segment: Path) -> bool:
        """Archives one segment; False if it was there already. Raises ArchivedDifferently, SegmentUnarchived."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return self._add(segment)
        except OSError as error:
            raise SegmentUnarchived(
                f"{segment} was not archived into {self.folder}: {error.strerror or error}.",
                hint="The server keeps the segment and tries again; see to it before its disk is full.",
            ) from error

    def _add(self, segment: Path) -> bool:
        target, draft = self.folder / segment.name, self.folder / f".{segment.name}.part"
        if target.exists():
            if filecmp.cmp(segment, target, shallow=False):
                return False
            raise ArchivedDifferently(
                f"The archive {self.folder} has another {segment.name} already.",
                hint="Two servers write into one archive, or a recovered one goes on with the old one's: give each a folder.",
            )
        shutil.copyfile(segment, draft)
        _sync(draft)
        # A link, which never replaces: of two that archive at once, the second one sees the first one's.
        os.link(draft, target)
        draft.unlink()
        _sync(self.folder)
        return True

    @property
    def _quoted(self) -> str:
        return shlex.quote(str(self.folder)).replace("%", "%%")


async def keep_archiving(connection: Connection, archive: WalArchive) -> bool:
    """Makes the server of an administrator's autocommit connection archive; False: only after its next restart."""
    await _set(connection, "archive_mode", "on")
    await _set(connection, "archive_command", archive.command)
    await _set(connection, "archive_timeout", f"{_SWITCH_AFTER // timedelta(seconds=1)}s")
    if connection.info.server_version // 10_000 >= FIRST_WITH_SUMMARIES:
        await _set(connection, "summarize_wal", "on")
    return await _reload(connection, "archive_mode", "on")


async def stop_archiving(connection: Connection) -> bool:
    """The contrary; False: only after its next restart. Until then finished segments are thrown away, not kept for ever."""
    await _set(connection, "archive_mode", "off")
    await _set(connection, "archive_command", "true")
    if connection.info.server_version // 10_000 >= FIRST_WITH_SUMMARIES:
        await _set(connection, "summarize_wal", "off")
    return await _reload(connection, "archive_mode", "off")


async def _set(connection: Connection, name: str, value: str) -> None:
    with translated():
        await connection.execute(
            sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
        )


async def _reload(connection: Connection, name: str, value: str) -> bool:
    with translated():
        await connection.execute("SELECT pg_reload_conf()")
        cursor = await connection.execute("SELECT current_setting(%s)", (name,))
        row = await cursor.fetchone()
    return row is not None and row[0] == value


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
