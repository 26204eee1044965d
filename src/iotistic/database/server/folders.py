"""The folders the server needs beside its data: made when missing, never loosened when present."""

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from iotistic.data_folder import DataFolder
from iotistic.database.server.account import Account, require_reachable
from iotistic.database.server.errors import AccountUnusable, ClusterForeign, DiskFull, FolderNotWritable
from iotistic.database.server.machine import disk_free
from iotistic.database.server.tuning import MB, describe_bytes

__all__ = ["disk_full", "filing", "log_folder", "prepare_root", "prepare_run_and_log", "socket_folder"]

_SOCKET_PATH_LIMIT = 103
"""Bytes of a Unix socket's path: 107 on Linux, 103 on macOS."""

_LONGEST_SOCKET_NAME = len("/.s.PGSQL.65535")

_FULL = {errno.ENOSPC, errno.EDQUOT}
_REASONS = {
    errno.EACCES: "this user may not write there",
    errno.EPERM: "this user may not do that there",
    errno.EROFS: "it is on a read-only file system",
}


def log_folder(folder: DataFolder) -> Path:
    """The server's own part of the log folder: only there may its account write."""
    return folder.log / "postgres"


def prepare_root(folder: DataFolder, account: Account) -> None:
    """Make the data folder when it is missing, and see that the account can live in it.

    Made by root it lets others pass through but not look (0711): the server's account must reach its data. Made by a user it
    is private. Raises FolderUnreachable, AccountUnusable, FolderNotWritable, DiskFull.
    """
    require_reachable(folder.root, account)
    with filing(folder.root):
        if not folder.root.exists():
            folder.root.parent.mkdir(parents=True, exist_ok=True)
            folder.root.mkdir(exist_ok=True)
            folder.root.chmod(0o700 if account.is_current else 0o711)  # whatever the umask is
        if not folder.root.is_dir():
            raise ClusterForeign(f"{folder.root} is not a folder.", hint="Name another with --data-dir.")
        owner = folder.root.stat().st_uid
    if not account.is_current and owner not in {os.geteuid(), account.uid}:
        raise AccountUnusable(
            f"The data folder {folder.root} belongs to uid {owner}, neither to root nor to {account.name}.",
            hint="Run the command as its owner, name that owner in IOTISTIC_SERVER_ACCOUNT, or take another --data-dir.",
            owner=owner,
        )
    require_reachable(
        folder.root, account
    )  # again: a narrow umask may have closed the folders just made above it


def prepare_run_and_log(folder: DataFolder, account: Account) -> None:
    """Make the folder of the log and of the socket."""
    with filing(folder.root):
        if not folder.log.exists():
            folder.log.mkdir()
            folder.log.chmod(0o700 if account.is_current else 0o711)
        require_reachable(folder.log, account)
        _own(log_folder(folder), account, 0o700)
        _own(folder.run, account, 0o755)  # connecting needs a password; finding the socket does not


def socket_folder(folder: DataFolder, account: Account) -> Path:
    """The folder of the Unix socket: `run`, or a short private one where the path would exceed the system's limit."""
    run = folder.run.absolute()
    if len(os.fsencode(run)) + _LONGEST_SOCKET_NAME <= _SOCKET_PATH_LIMIT:
        return run
    name = hashlib.sha256(os.fsencode(run)).hexdigest()[:12]
    # /tmp by name: TMPDIR may be as long as what is to be avoided.
    short = Path("/tmp") / f"iotistic-{account.uid}-{name}"  # noqa: S108 - made exclusively or checked below
    with filing(short):
        try:
            short.mkdir(mode=0o700)
            account.adopt(short)
        except FileExistsError:
            status = short.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != account.uid:
                short = Path(tempfile.mkdtemp(prefix="iotistic-", dir="/tmp"))
                account.adopt(short)
    return short


def disk_full(folder: Path, needed: int, *, doing: str) -> DiskFull:
    """The error for a file system without room, with what is free and what is needed in bytes."""
    free = disk_free(_existing(folder))
    return DiskFull(
        f"No room on the file system of {folder} to {doing}: {describe_bytes(free)} free, {describe_bytes(needed)} needed.",
        hint="Free some space there, or take a data folder on another file system with --data-dir.",
        free=free,
        needed=needed,
    )


@contextmanager
def filing(path: Path) -> Generator[None]:
    """What the system refuses about files inside becomes DiskFull or FolderNotWritable, naming the file."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise disk_full(path, 64 * MB, doing="write the server's files") from error
        reason = _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
        raise FolderNotWritable(
            f"{error.filename or path}: {reason}.",
            hint="Run the command as the owner of the data folder, or take another with --data-dir.",
            path=str(error.filename or path),
        ) from error


def _own(path: Path, account: Account, mode: int) -> None:
    """A new folder becomes the account's; an old one must be its already, and no link."""
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode) and status.st_uid == account.uid:
            return
        try:
            path.rmdir()  # an empty folder of somebody else holds nothing of theirs
        except OSError as error:
            raise ClusterForeign(
                f"{path} is no folder of {account.name}, as whom the server runs, and not empty.",
                hint=f"Move it away, or give it to {account.name} (chown -R).",
                path=str(path),
            ) from error
        path.mkdir(mode=mode)
    # By descriptor: in a folder of the account's, the name could be made to lead elsewhere meanwhile.
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchmod(descriptor, mode)
        if not account.is_current:
            os.fchown(descriptor, account.uid, account.gid)
    finally:
        os.close(descriptor)


def _existing(path: Path) -> Path:
    return next(each for each in [path, *path.absolute().parents] if each.exists())
