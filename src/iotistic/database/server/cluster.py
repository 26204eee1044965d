"""The data folder of a server (PGDATA): whose it is, and how a new one comes into being whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from iotistic.data_folder import DataFolder
from iotistic.database.server.account import Account
from iotistic.database.server.binaries import Binaries
from iotistic.database.server.command import run_as
from iotistic.database.server.errors import ClusterForeign, ServerStartFailed
from iotistic.database.server.folders import disk_full, filing
from iotistic.database.server.machine import disk_free
from iotistic.database.server.settings_file import NAME as SETTINGS_NAME
from iotistic.database.server.settings_file import REPLACED, render_settings, with_include, write_settings
from iotistic.database.server.tuning import MB
from iotistic.secret import Secret

__all__ = ["SUPERUSER", "create_cluster", "data_owner", "existing_major", "sweep_drafts"]

SUPERUSER = "postgres"

_DRAFT_PREFIX = ".postgres-"
_NEEDED = 128 * MB
"""A new cluster is 40 MB of files and 16 MB of WAL on 18; the first start writes the next WAL segments."""

_FULL = 16 * MB
"""The largest file of a new cluster, a WAL segment: with less room left, want of room is why it failed."""

_BUILTIN_LOCALE_SINCE = 17


def data_owner(folder: DataFolder) -> int | None:
    """The uid that owns the data, None when there is no cluster yet."""
    try:
        return (folder.postgres / "PG_VERSION").stat().st_uid
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        pass  # somebody's private folder: its owner is what we may see
    try:
        return folder.postgres.stat().st_uid
    except PermissionError:
        return None  # not even that: making or locking our own folder will say what is wrong


def existing_major(data: Path) -> int | None:
    """The major version of the data, None when there is none yet. Raises ClusterForeign for anything that is not ours."""
    with filing(data):
        try:
            entries = {each.name for each in data.iterdir()}
        except FileNotFoundError:
            if data.is_symlink():
                raise _foreign(
                    data, "is a link that leads nowhere", "Remove the link or make what it names."
                ) from None
            return None
        except NotADirectoryError:
            raise _foreign(data, "is not a folder", "Move it away, or take another --data-dir.") from None
    if not entries:
        return None
    if "PG_VERSION" not in entries:
        raise _foreign(
            data, "is not empty and holds no PostgreSQL data", "Move it away, or take another --data-dir."
        )
    if SETTINGS_NAME not in entries:
        hint = f"Take another --data-dir. If it is Iotistic's after all, put an empty file {SETTINGS_NAME} into it."
        raise _foreign(data, "holds a PostgreSQL cluster that Iotistic did not make", hint)
    text = (data / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    if not text.isdecimal():
        raise _foreign(
            data, f"holds data of version {text!r}, older than any supported", "Take another --data-dir."
        )
    return int(text)


async def create_cluster(
    folder: DataFolder,
    binaries: Binaries,
    account: Account,
    *,
    durable: bool,
    on_event: Callable[[str], None],
) -> None:
    """Make an empty cluster with `initdb` under another name and rename it: killed at any moment, nothing half-made counts.

    Raises DiskFull, FolderNotWritable, ServerStartFailed.
    """
    data = folder.postgres
    if data.is_symlink() or data.is_mount():
        hint = "Put the whole data folder on that file system: a new cluster comes into being by renaming a folder."
        raise _foreign(data, "is a link or a mount point", hint)
    if disk_free(folder.root) < _NEEDED:
        raise disk_full(folder.root, _NEEDED, doing="create the database cluster")
    on_event(f"Creating the database cluster in {data}.")
    with filing(folder.root):
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT_PREFIX, dir=folder.root))
    try:
        with filing(folder.root):
            made, password_file = _prepare_draft(draft, folder.secret(SUPERUSER), account)
        answer = await run_as(account, _initdb(binaries, made, password_file, durable=durable))
        if answer.status != 0:
            raise _initdb_failed(folder, answer.output)
        with filing(folder.root):
            _finish(made, account)
            made.rename(data)
            _sync_folder(folder.root)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def sweep_drafts(folder: DataFolder) -> None:
    """Remove what a killed creation left behind. Only under the lock, when no creation is under way."""
    for draft in folder.root.glob(f"{_DRAFT_PREFIX}*"):
        # An initdb whose parent was killed may still be writing there: what cannot be removed now goes at the next start.
        shutil.rmtree(draft, ignore_errors=True)


def _initdb(binaries: Binaries, data: Path, password_file: Path, *, durable: bool) -> list[str]:
    command = [
        str(binaries.program("initdb")),
        f"--pgdata={data}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--encoding=UTF8",
        "--data-checksums",
        "--auth-local=scram-sha-256",
        "--auth-host=scram-sha-256",
        "--no-instructions",
        "--no-clean",  # we remove what it leaves, after seeing whether the disk was full
        *_locale(binaries.major),
    ]
    return command if durable else [*command, "--no-sync"]


def _locale(major: int) -> list[str]:
    """Text sorts by code point on every version, so no update of the C library can silently break an index.

    From 17 on the built-in C.UTF-8 also knows upper and lower case beyond ASCII without asking the C library. Before, only a
    locale of the system could do that and not every system has one (macOS), so there it is plain C: ASCII letters fold.
    """
    if major >= _BUILTIN_LOCALE_SINCE:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C"]


def _prepare_draft(draft: Path, password: Secret, account: Account) -> tuple[Path, Path]:
    """The empty folder for the data and the file with the password, which goes as soon as the data is made."""
    draft.chmod(0o711)
    data, password_file = draft / "data", draft / "password"
    data.mkdir(mode=0o700)
    account.adopt(data)
    descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(password.reveal() + "\n")
    account.adopt(password_file)
    return data, password_file


def _finish(data: Path, account: Account) -> None:
    """Make the new cluster known as ours: our include in postgresql.conf, and iotistic.conf itself."""
    original = (data / "postgresql.conf").read_text(encoding="utf-8")
    text = with_include(original, REPLACED)
    write_settings(data, text, account, name="postgresql.conf")
    write_settings(data, render_settings({}), account)
    _sync_folder(data)


def _sync_folder(path: Path) -> None:
    """A rename survives a power cut once its folder is on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _initdb_failed(folder: DataFolder, output: str) -> Exception:
    if disk_free(folder.root) < _FULL:
        return disk_full(folder.root, _NEEDED, doing="create the database cluster")
    last = "\n".join(output.strip().splitlines()[-10:])
    return ServerStartFailed(
        f"initdb could not create the database cluster in {folder.postgres}:\n{last}",
        hint="The lines above are PostgreSQL's own; nothing was left behind, so the next start tries again.",
    )


def _foreign(data: Path, what: str, hint: str) -> ClusterForeign:
    return ClusterForeign(f"{data} {what}; it is left as it is.", hint=hint, path=str(data))
