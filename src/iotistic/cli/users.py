"""`iotistic users ...`."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Annotated, TypeVar, cast

import typer

from iotistic.bootstrap.platform import Work, open_platform
from iotistic.cli import accounts, second_factors
from iotistic.cli.device_options import opened
from iotistic.cli.duration import parse_shift
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.clock import system_clock
from iotistic.config import Settings
from iotistic.secret import Secret
from iotistic.security import Role, User, readable_password
from iotistic.security.bindings import Binding
from iotistic.security.sessions import Session

__all__ = ["app"]

T = TypeVar("T")

_BINDING = ["id", "username", "role", "on", "expires_at", "granted_by", "granted_at"]

Username = Annotated[str, typer.Argument(help="The name of the account.")]

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Make and list accounts, and say who may do what."
)
app.add_typer(second_factors.app, name="totp")
app.command("change-password")(accounts.change_password)
app.command("disable")(accounts.disable)
app.command("enable")(accounts.enable)


@app.command("list")
def list_users(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """List accounts by name (with --json: one object a line)."""
    rows = [asdict(user) for user in run_async(_list(settings_from(data_dir, url)))]
    if as_json:
        print_json_lines(rows)
    else:
        print_table(rows, ["username", "kind", "role", "is_active"], empty="There is no account yet.")


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


@app.command()
def create(
    username: Username,
    *,
    role: Annotated[str | None, typer.Option("--role", help="Its role on everything; none without.")] = None,
    service: Annotated[
        bool, typer.Option("--service", help="For a program: without a password, for keys only.")
    ] = False,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make an account with a random password, which is printed once; or, with --service, one that comes with keys only."""
    if service:
        _make_service(settings_from(data_dir, url), username, role, as_json=as_json)
        return
    password = readable_password()

    async def make(work: Work) -> User:
        return await work.security.create_user(username, password, cast("Role | None", role))

    run_async(_within(settings_from(data_dir, url), make))
    if as_json:
        print_json({"username": username, "password": password.reveal()})
        return
    narrate(f"The password of {username}, shown this once:")
    sys.stdout.write(password.reveal() + "\n")


@app.command()
def grant(
    username: Username,
    role: Annotated[str, typer.Argument(help="owner, admin, manager, operator or viewer.")],
    *,
    fleet: Annotated[str | None, typer.Option("--fleet", help="Only on this fleet.")] = None,
    device: Annotated[
        str | None, typer.Option("--device", metavar="NAME|UUID", help="Only on this device.")
    ] = None,
    lasts: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="Until so long from now: 8h, 30d.")
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Give somebody a role: on everything, or on a fleet or device. It holds at once; given again, it ends as said now."""
    expires_at = None if lasts is None else system_clock() + parse_shift(lasts)

    async def give(work: Work) -> Binding:
        uuid = None if device is None else (await get_named_device(work, device)).uuid
        return await work.bindings.grant(username, role, fleet=fleet, device_uuid=uuid, expires_at=expires_at)

    _show(run_async(_within(settings_from(data_dir, url), give)), as_json=as_json)


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(help="The number that `iotistic users bindings` shows.")],
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Take a role back. Whoever is logged in loses it within a second; the last owner stays."""

    async def take(work: Work) -> Binding:
        return await work.bindings.revoke(number)

    _show(run_async(_within(settings_from(data_dir, url), take)), as_json=as_json)


@app.command()
def bindings(
    username: Annotated[str | None, typer.Argument(help="Only of this person.")] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List who has which role, and on what (with --json: one object a line)."""

    async def look(work: Work) -> Sequence[Binding]:
        if username is not None:
            await work.security.require_account(username)
        return await work.bindings.list_bindings(username, limit=1000)

    rows = [asdict(binding) for binding in run_async(_within(settings_from(data_dir, url), look))]
    if as_json:
        print_json_lines(rows)
    else:
        for row in rows:
            row["on"] = row["fleet"] or row["device_uuid"] or "everything"
        print_table(rows, _BINDING, empty=f"{username or 'Nobody'} has {'no' if username else 'a'} role.")


@app.command()
def sessions(username: Username, data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """List where somebody is logged in (with --json: one object a line)."""

    async def look(work: Work) -> Sequence[Session]:
        await work.security.require_account(username)
        return await work.sessions.list_sessions(username)

    rows = [asdict(session) for session in run_async(_within(settings_from(data_dir, url), look))]
    if as_json:
        print_json_lines(rows)
    else:
        columns = ["id", "created_at", "refreshed_at", "expires_at", "address", "user_agent", "factors"]
        for row in rows:
            row["factors"] = " and ".join(row["factors"])
        print_table(rows, columns, empty=f"{username} is logged in nowhere.")


@app.command("log-out")
def log_out(
    username: Username,
    session: Annotated[str | None, typer.Option("--session", metavar="ID", help="Only this session.")] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Log somebody out everywhere, or of one session: its tokens open nothing any more. Keys stay; see `iotistic keys revoke`."""

    async def end(work: Work) -> int:
        await work.security.require_account(username)
        if session is None:
            return await work.sessions.end_all(username, reason="ended on the command line")
        await work.sessions.end(session, username=username, reason="ended on the command line")
        return 1

    ended = run_async(_within(settings_from(data_dir, url), end))
    if as_json:
        print_json({"username": username, "ended": ended})
    else:
        narrate(f"{ended} sessions of {username} are over.")


def _make_service(settings: Settings, username: str, role: str | None, *, as_json: bool) -> None:
    async def make(work: Work) -> User:
        return await work.security.create_service(username, cast("Role | None", role))

    made = run_async(_within(settings, make))
    if as_json:
        print_json(asdict(made))
    else:
        narrate(
            f"Give the service {username} a key: iotistic keys issue --user {username} --scope PERMISSION"
        )


def _show(binding: Binding, *, as_json: bool) -> None:
    row = asdict(binding)
    if as_json:
        print_json(row)
    else:
        print_table([{**row, "on": row["fleet"] or row["device_uuid"] or "everything"}], _BINDING, empty="")


async def _within(settings: Settings, act: Callable[[Work], Awaitable[T]]) -> T:
    async with opened(settings) as platform, platform.begin() as work:
        return await act(work)


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
