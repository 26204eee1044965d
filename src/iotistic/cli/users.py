"""`iotistic users ...`."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from iotistic.bootstrap import open_platform
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.secret import Secret
from iotistic.security import User

__all__ = ["app"]

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="List accounts, and give one a new password."
)


@app.command("list")
def list_users(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """List accounts by name (with --json: one object a line)."""
    rows = [asdict(user) for user in run_async(_list(settings_from(data_dir, url)))]
    if as_json:
        print_json_lines(rows)
    else:
        print_table(rows, ["username", "role", "is_active"], empty="There is no account yet.")


@app.command("reset-password")
def reset_password(
    username: Annotated[str, typer.Argument(help="Whose password.")],
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Give an account a new random password, and end its sessions.

    The new password is printed once; the old one stops to work at once.
    """
    password = run_async(_reset(settings_from(data_dir, url), username))
    if as_json:
        print_json({"username": username, "password": password.reveal()})
        return
    narrate(f"The new password of {username}, shown this once:")
    sys.stdout.write(password.reveal() + "\n")


async def _list(settings: Settings) -> list[User]:
    platform = await open_platform(settings, application_name="iotistic-users", with_ingest=False)
    try:
        async with platform.begin(read_only=True) as work:
            return list(await work.security.list_users())
    finally:
        await platform.close()


async def _reset(settings: Settings, username: str) -> Secret:
    platform = await open_platform(settings, application_name="iotistic-users", with_ingest=False)
    try:
        async with platform.begin() as work:
            return await work.security.reset_password(username)
    finally:
        await platform.close()
