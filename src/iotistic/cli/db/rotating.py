"""`iotistic db rotate-password`: new passwords for database roles while everything goes on."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from iotistic.bootstrap.endpoints import role_of
from iotistic.bootstrap.password_rotation import GRACE, Rotation, finish_rotation, rotate_password
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, run_async

__all__ = ["rotate"]

NOT_GONE = 3


def rotate(
    purpose: Annotated[
        str,
        typer.Argument(
            metavar="ROLE", help="app, ingest, owner, ... as `iotistic db roles list` names them."
        ),
    ],
    *,
    finish: Annotated[
        bool, typer.Option("--finish", help="Only take the old password, after a rotation that could not.")
    ] = False,
    grace: Annotated[
        float,
        typer.Option("--grace", metavar="SECONDS", min=0, help="How long the old password works at least."),
    ] = GRACE.total_seconds(),
    wait: Annotated[
        float,
        typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for sessions that are busy."),
    ] = 300.0,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Give a database role a new password while everything goes on. It is made here, kept in the data folder, and shown to nobody.

    The role's other login takes over, and the old one loses its password when nobody works as it any more. Exit code: 0 done, 3
    somebody still works as the old one: it keeps its password, and --finish takes it later.
    """
    settings, role = settings_from(data_dir, url), role_of(purpose)
    limit = timedelta(seconds=wait)
    work = (
        finish_rotation(settings, role, wait=limit)
        if finish
        else rotate_password(settings, role, wait=limit, grace=timedelta(seconds=grace), narrate=narrate)
    )
    done = run_async(work)
    _show(done, as_json=as_json)
    if done.left:
        raise typer.Exit(NOT_GONE)


def _show(done: Rotation, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "role": done.role.name,
                "login": done.new,
                "retired": None if done.left else done.old,
                "left": [asdict(session) for session in done.left],
            }
        )
        return
    if not done.left:
        narrate(f"{done.role.name} signs in as {done.new}; {done.old} has no password any more.")
        return
    for session in done.left:
        narrate(
            f"process {session.pid}, {session.application or 'no name'} from {session.address or 'a socket'}"
        )
    narrate(
        f"{len(done.left)} sessions still work as {done.old}. `iotistic db rotate-password {done.role.purpose} --finish` "
        "goes on when they have ended."
    )
