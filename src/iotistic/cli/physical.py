"""What `iotistic backup` and `iotistic restore` do with the whole server: base backups, the archived log, recovery."""

import os
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.cli.backup_folder import Folder, base_backups_of
from iotistic.cli.byte_progress import byte_progress
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, readable_bytes, run_async
from iotistic.config import Endpoint, Settings
from iotistic.data_folder import DataFolder
from iotistic.database.pool import connect
from iotistic.database.server import Account, choose_account
from iotistic.database.server.cluster import data_owner
from iotistic.operations import physical
from iotistic.operations.backups import Keep
from iotistic.operations.physical import (
    BaseBackup,
    BaseBackups,
    PgBackRest,
    Recovered,
    StanzaBackup,
    WalArchive,
)

__all__ = ["archive_wal", "archiving", "bases", "create_base", "prune_bases", "recover", "repository_of"]


class Switch(StrEnum):
    """What archiving is switched to."""

    on = "on"
    off = "off"


def create_base(settings: Settings, folder: Path | None, *, incremental: bool, as_json: bool) -> None:
    """Takes a base backup and tells about it."""
    repository = repository_of(settings)
    if repository is not None:
        _create_in(repository, incremental=incremental, as_json=as_json)
        return
    backups = base_backups_of(settings, folder)
    since = backups.get("latest") if incremental else None
    with byte_progress("copying what changed" if since else "copying the server") as observe:
        made = run_async(
            physical.create_base_backup(
                Endpoints(settings).superuser(), backups, since=since, observe=observe
            )
        )
    if as_json:
        print_json(_shown(made, backups))
        return
    kind = f"what changed since {made.parent}" if made.parent else "the whole server"
    narrate(f"{kind}: {readable_bytes(made.bytes)}, verified by pg_verifybackup.")
    if not any(backups.wal.glob("0*")):
        narrate("Only this moment can be recovered: `iotistic backup archiving on` keeps those that follow.")
    sys.stdout.write(f"{backups.root / made.id}\n")


def bases(folder: Folder = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List base backups of the server, newest first (with --json: one object a line)."""
    settings = settings_from(data_dir)
    backups, repository = base_backups_of(settings, folder), repository_of(settings)
    rows = [_shown(each, backups) for each in backups.list()]
    if repository is not None:
        kept = run_async(repository.state()).backups
        rows = [*(_of_stanza(each, repository) for each in reversed(kept)), *rows]
    for damaged in backups.unreadable():
        narrate(f"{damaged.why} It stays where it is: {backups.root / damaged.id}")
    if as_json:
        print_json_lines(rows)
        return
    for row in rows:
        row["size"] = readable_bytes(row["bytes"])
        row["holds"] = f"changes since {row['parent']}" if row["parent"] else "everything"
    print_table(
        rows,
        ["id", "holds", "size", "finished_at", "pinned"],
        empty=f"There is no base backup in {backups.root}. `iotistic backup create --physical` makes one.",
    )


def archiving(
    switch: Annotated[Switch, typer.Argument(help="on or off.")],
    folder: Folder = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Make the server keep every moment: it hands each finished piece of its log to the archive beside the backups."""
    settings = settings_from(data_dir, url)
    backups, endpoints = base_backups_of(settings, folder), Endpoints(settings)
    archive = WalArchive(folder=backups.wal)
    if switch is Switch.on:
        owner = data_owner(endpoints.folder) if endpoints.embedded else None
        archive.make(choose_account(settings.server_account, owner=owner, uid=os.geteuid()))
    done = run_async(_switch(endpoints.superuser(), archive, switch))
    narrate(
        f"Archiving into {archive.folder} is {switch}."
        if done
        else _restart(switch, embedded=endpoints.embedded)
    )
    if switch is Switch.on and not endpoints.embedded:
        narrate(
            f"The server's account has to be able to write to {archive.folder}, on the server's own machine."
        )
    if switch is Switch.on:
        narrate(
            f"{'Now' if done else 'Then'} take a base backup: `iotistic backup create --physical`. "
            "Every moment after it can be recovered."
        )


def archive_wal(
    segment: Annotated[Path, typer.Argument(metavar="PATH", help="What the server calls %p.")],
    folder: Folder = None,
    data_dir: DataDir = None,
) -> None:
    """Put one finished piece of the server's log into the archive: for an archive_command you write yourself.

    It counts once it is whole and on disk. The same one again is fine; another one of its name is refused.
    """
    WalArchive(folder=base_backups_of(settings_from(data_dir), folder).wal).add(segment)


def prune_bases(backups: BaseBackups, keep: Keep, *, act: bool, as_json: bool) -> None:
    """Lets base backups and archived log go, or tells what would."""
    pruned = physical.prune_bases(backups, keep=keep, act=act)
    rows = [
        {"id": each.backup.id, "keep": each.keep, "reason": each.reason, "bytes": each.backup.bytes}
        for each in pruned.verdicts
    ]
    if as_json:
        print_json_lines(rows)
        return
    print_table(rows, ["id", "keep", "reason"], empty=f"There is no base backup in {backups.root}.")
    done = "were removed" if act else "would go; --yes removes them"
    narrate(
        f"{sum(not row['keep'] for row in rows)} of {len(rows)} base backups, and {len(pruned.segments)} pieces of the log "
        f"({readable_bytes(pruned.segment_bytes)}), {done}."
    )


def recover(
    settings: Settings, folder: Path | None, name: str, to: datetime | None, target: Path, *, as_json: bool
) -> None:
    """Makes a stopped server in `target` as this one was at the moment."""
    repository = repository_of(settings)
    if repository is not None:
        there = DataFolder(target.expanduser().absolute())
        recovered = run_async(_recover_from(settings, repository, name, to, there))
        _tell_recovered(recovered, to, as_json=as_json)
        return
    backups = base_backups_of(settings, folder)
    recovered = run_async(
        physical.recover(
            backups,
            backups.get(name, before=to),
            DataFolder(target.expanduser().absolute()),
            to=to,
            secrets=_secrets(settings),
            account=settings.server_account,
            narrate=narrate,
        )
    )
    _tell_recovered(recovered, to, as_json=as_json)


def repository_of(settings: Settings) -> PgBackRest | None:
    """pgBackRest, where this installation is configured to use it."""
    if settings.backups.stanza is None:
        return None
    return PgBackRest(
        settings.backups.stanza, _account(settings), configuration=settings.backups.stanza_configuration
    )


def _account(settings: Settings) -> Account:
    """Of the server's files, for root; pgBackRest's repository is that account's, too."""
    owner = data_owner(DataFolder(settings.data_dir)) if settings.database is None else None
    return choose_account(settings.server_account, owner=owner, uid=os.geteuid())


def _create_in(repository: PgBackRest, *, incremental: bool, as_json: bool) -> None:
    made = run_async(repository.create(incremental=incremental))
    if as_json:
        print_json(_of_stanza(made, repository))
        return
    kind = f"what changed since {made.parent}" if made.parent else "the whole server"
    narrate(f"{kind}: {readable_bytes(made.bytes)} in pgBackRest's repository, verified by it.")
    sys.stdout.write(f"{made.label}\n")


def _of_stanza(backup: StanzaBackup, repository: PgBackRest) -> dict[str, Any]:
    return {
        "id": backup.label,
        "parent": backup.parent,
        "started_at": backup.started_at,
        "finished_at": backup.finished_at,
        "bytes": backup.bytes,
        "path": f"pgbackrest:{repository.stanza}",
    }


async def _recover_from(
    settings: Settings, repository: PgBackRest, name: str, to: datetime | None, target: DataFolder
) -> Recovered:
    return await physical.recover_stanza(
        repository,
        await repository.find(name, before=to),
        target,
        to=to,
        account=_account(settings),
        secrets=_secrets(settings),
        narrate=narrate,
    )


def _secrets(settings: Settings) -> Path | None:
    """Of the embedded server, whose passwords a recovered one has."""
    return DataFolder(settings.data_dir).secrets if settings.database is None else None


def _tell_recovered(recovered: Recovered, to: datetime | None, *, as_json: bool) -> None:
    if as_json:
        print_json(recovered)
        return
    if not recovered.is_ready:
        narrate(
            f"The files are in {recovered.folder / 'postgres'}, set to replay the log {_until(to)} at their first start. They are of a "
            "server of your own: look at port and paths in its postgresql.conf, start it with its own program (pg_ctl start -D), then "
            "ALTER SYSTEM RESET hot_standby, restore_command, recovery_target_time; it archives nothing until archive_mode is reset too."
        )
        sys.stdout.write(f"{recovered.folder}\n")
        return
    moment = f"as it was at {to:%Y-%m-%d %H:%M:%S} UTC" if to else "as far as the log goes"
    narrate(f"The server is there {moment}; `iotistic up --data-dir {recovered.folder}` starts it.")
    sys.stdout.write(f"{recovered.folder}\n")


def _until(to: datetime | None) -> str:
    return f"up to {to:%Y-%m-%d %H:%M:%S} UTC" if to else "as far as it goes"


async def _switch(endpoint: Endpoint, archive: WalArchive, switch: Switch) -> bool:
    connection = await connect(endpoint, "postgres", application_name="iotistic-archiving", autocommit=True)
    try:
        if switch is Switch.on:
            return await physical.keep_archiving(connection, archive)
        return await physical.stop_archiving(connection)
    finally:
        await connection.close()


def _restart(switch: Switch, *, embedded: bool) -> str:
    how = (
        "`iotistic down`, `iotistic up`"
        if embedded
        else "`docker restart`, `systemctl restart`, or your provider's"
    )
    return f"Archiving is {switch} after the server's next restart ({how})."


def _shown(backup: BaseBackup, backups: BaseBackups) -> dict[str, Any]:
    return {
        "id": backup.id,
        "parent": backup.parent,
        "started_at": backup.started_at,
        "finished_at": backup.finished_at,
        "server_version": backup.server_version,
        "bytes": backup.bytes,
        "pinned": backups.is_pinned(backup),
        "path": str(backups.root / backup.id),
    }
