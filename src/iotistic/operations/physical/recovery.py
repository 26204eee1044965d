"""Going back to a moment: a base backup into a folder of its own, and the archived log replayed up to then.

The server the backup is of is not touched. Every backup of the chain is verified before any is combined: pg_combinebackup takes a
flipped byte of an increment into its result, and pg_verifybackup then calls that result good.
"""

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from psycopg import sql

from iotistic.data_folder import DataFolder
from iotistic.database.client_tools import find_tool, run_tool
from iotistic.database.errors import DatabaseUnavailable, translated
from iotistic.database.pool import Connection, connect
from iotistic.database.server import Account, RunningServer, choose_account, find_running, start, stop
from iotistic.database.server.errors import ServerStartFailed
from iotistic.database.server.settings_file import NAME as SETTINGS_NAME
from iotistic.operations.physical.base_backups import BaseBackup, BaseBackups
from iotistic.operations.physical.creation import verify_base_backup
from iotistic.operations.physical.errors import RecoveryFailed, TargetInUse
from iotistic.operations.physical.pgbackrest import PgBackRest, StanzaBackup
from iotistic.operations.physical.wal_archive import WalArchive

__all__ = ["Recovered", "recover", "recover_stanza"]

Narrate = Callable[[str], None]

_APPLICATION = "iotistic-recovery"
_PAUSE = 0.1
_OURS = ("restore_command", "recovery_target_time", "recovery_target_action", "hot_standby")
"""What is taken back once the moment is reached. archive_mode stays off: two servers must not write into one archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A server as it was."""

    folder: Path
    """Its data folder; `iotistic up --data-dir` starts it."""
    backup: str
    """The base backup it began from."""
    moment: datetime | None
    """Everything committed before is there, nothing after; None: to the end of the log."""
    is_ready: bool = True
    """Whether it is there already. Of a server that is not ours the files are: its own program replays the log at its next start."""


async def recover(
    backups: BaseBackups,
    backup: BaseBackup,
    target: DataFolder,
    *,
    to: datetime | None,
    secrets: Path | None = None,
    account: str | None = None,
    narrate: Narrate = lambda _: None,
) -> Recovered:
    """Makes a stopped server in `target`, which must be empty, as the server was at the moment `to`.

    `secrets` are those of the server the backup is of, which know its passwords; `account` is whom it runs as, for root. Raises TargetInUse, ChainBroken, BaseBackupDamaged,
    RecoveryFailed, ClientToolMissing, ClientToolFailed; the folder then is as it was.
    """
    links = backups.chain(backup)
    for link in links:
        narrate(f"verifying {link.id}")
        backups.require_same_manifest(link)
        await verify_base_backup(backups.data_of(link), link)
    _require_empty(target.root)
    try:
        narrate(f"putting {len(links)} base backup{'s' if len(links) > 1 else ''} into {target.postgres}")
        await _lay_out(backups, links, target)
        await asyncio.to_thread(_prepare, target, WalArchive(folder=backups.wal), to, secrets)
        _give(target.postgres, choose_account(account, owner=None, uid=os.geteuid()))
        # A server of one's own has its own settings, paths and access rules: to start it without them would be a guess.
        is_ours = (target.postgres / SETTINGS_NAME).exists()
        if is_ours:
            narrate("replaying the log")
            await _replay(target, to, account)
    except BaseException:
        await stop(target, mode="immediate")
        await asyncio.to_thread(_remove, target)
        raise
    return Recovered(folder=target.root, backup=backup.id, moment=to, is_ready=is_ours)


async def recover_stanza(
    repository: PgBackRest,
    backup: StanzaBackup,
    target: DataFolder,
    *,
    to: datetime | None,
    account: Account,
    secrets: Path | None = None,
    narrate: Narrate = lambda _: None,
) -> Recovered:
    """The same from a backup that pgBackRest keeps, with the log of its archive. Raises TargetInUse, RecoveryFailed, PgBackRestFailed."""
    _require_empty(target.root)
    try:
        narrate(f"putting {backup.label} into {target.postgres}")
        target.root.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        target.postgres.mkdir(mode=0o700)
        account.adopt(target.postgres)
        await repository.lay_out(backup, target.postgres, to=to)
        await asyncio.to_thread(
            _set, target, {"hot_standby": "off"}
        )  # as with ours: nobody in before it is there
        await asyncio.to_thread(_take_along, secrets, target)
        narrate("replaying the log")
        await _replay(target, to, account.name)
    except BaseException:
        await stop(target, mode="immediate")
        await asyncio.to_thread(_remove, target)
        raise
    return Recovered(folder=target.root, backup=backup.label, moment=to)


async def _lay_out(backups: BaseBackups, links: Sequence[BaseBackup], target: DataFolder) -> None:
    target.root.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    if len(links) == 1:
        await asyncio.to_thread(shutil.copytree, backups.data_of(links[0]), target.postgres, symlinks=True)
        return
    tool = find_tool("pg_combinebackup", at_least=links[-1].server_version // 10_000)
    folders = [str(backups.data_of(link)) for link in links]
    await run_tool(tool, [*folders, f"--output={target.postgres}"], {})


def _prepare(target: DataFolder, archive: WalArchive, to: datetime | None, secrets: Path | None) -> None:
    """What PostgreSQL reads at its start."""
    settings = {
        "restore_command": archive.restore_command,
        "recovery_target_action": "promote",
        "hot_standby": "off",  # it lets nobody in before it is where it should be
        "archive_mode": "off",
    }
    if to is not None:
        settings["recovery_target_time"] = to.astimezone(UTC).isoformat()
    _set(target, settings)
    (target.postgres / "recovery.signal").touch(mode=0o600)
    _take_along(secrets, target)


def _set(target: DataFolder, settings: dict[str, str]) -> None:
    with (target.postgres / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        file.writelines(f"{name} = '{_escaped(value)}'\n" for name, value in settings.items())


def _take_along(secrets: Path | None, target: DataFolder) -> None:
    if secrets is not None and secrets.is_dir():
        shutil.copytree(secrets, target.secrets)


def _give(folder: Path, account: Account) -> None:
    folder.chmod(0o700)
    for path in [folder, *folder.rglob("*")]:
        account.adopt(path)


async def _replay(target: DataFolder, to: datetime | None, account: str | None) -> None:
    try:
        running = await start(target, account=account)
        connection = await _let_in(target, running)
    except ServerStartFailed as failed:
        moment = "the end of the log" if to is None else f"{to:%Y-%m-%d %H:%M:%S} UTC"
        words = await asyncio.to_thread(_last_words, target.log) or failed.message
        raise RecoveryFailed(
            f"PostgreSQL did not reach {moment}: {words}.",
            hint="A moment after the last archived segment cannot be reached: name an earlier one, or `end`.",
        ) from failed
    try:
        with translated():
            for name in _OURS:
                await connection.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(name)))
            await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    await stop(target, mode="fast")


async def _let_in(target: DataFolder, running: RunningServer) -> Connection:
    """The first connection the server takes: it lets nobody in before it is where it should be. Raises ServerStartFailed."""
    while find_running(target) is not None:
        try:
            return await connect(running.endpoint, "postgres", application_name=_APPLICATION, autocommit=True)
        except DatabaseUnavailable:
            await asyncio.sleep(_PAUSE)
    raise ServerStartFailed("it ended without a word")


def _last_words(log: Path) -> str | None:
    """Why it ended, of a log of dozens of lines."""
    lines = [line for path in log.rglob("*.log") for line in path.read_text(errors="replace").splitlines()]
    fatal = [line.partition("FATAL:  ")[2] for line in lines if "FATAL:  " in line]
    return next(
        (words for words in reversed(fatal) if "not accepting" not in words), "it ended without a word"
    )


def _require_empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise TargetInUse(
            f"The folder {folder} is not empty; a recovery writes into none that is in use.",
            hint="Name one that does not exist yet.",
        )


def _remove(target: DataFolder) -> None:
    for part in target.parts:
        shutil.rmtree(part, ignore_errors=True)
    (target.root / "server.lock").unlink(missing_ok=True)


def _escaped(value: str) -> str:
    return value.replace("'", "''")
