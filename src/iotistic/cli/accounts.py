"""`iotistic users disable|enable|change-password`: what is done to an account itself."""

import sys

import typer

from iotistic.bootstrap.platform import Platform
from iotistic.cli.device_options import opened
from iotistic.cli.options import DataDir, Url, settings_from
from iotistic.cli.output import narrate, run_async
from iotistic.config import Settings
from iotistic.secret import Secret
from iotistic.security import PasswordUnusable
from iotistic.security.logins import Credentials, LoggedIn, SecondFactorNeeded

__all__ = ["change_password", "disable", "enable"]


def disable(
    username: str = typer.Argument(help="The name of the account."),
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Switch an account off: neither login nor key nor session works, in any process, within a second. The last owner stays."""
    run_async(_switch(settings_from(data_dir, url), username, is_active=False))
    narrate(f"{username} is switched off.")


def enable(
    username: str = typer.Argument(help="The name of the account."),
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Switch an account on again. Its sessions are over; its keys work as before."""
    run_async(_switch(settings_from(data_dir, url), username, is_active=True))
    narrate(f"{username} is switched on.")


def change_password(
    username: str = typer.Argument(help="Whose password."),
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Change one's password: asks for the present one, for a code where there is a second factor, and for the new one.

    All three are read from standard input. Every session of the account ends.
    """
    ended = run_async(_change(settings_from(data_dir, url), username))
    narrate(f"The password is changed; {ended} sessions are over.")


async def _switch(settings: Settings, username: str, *, is_active: bool) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        await work.security.switch(username, is_active=is_active)


async def _change(settings: Settings, username: str) -> int:
    current = _asked("The present password")
    async with opened(settings) as platform:
        if await _needs_code(platform, username, current):
            await _needs_code(platform, username, current, _asked("A code"))
        new = _asked("The new password")
        if sys.stdin.isatty() and _asked("Again").reveal() != new.reveal():
            raise PasswordUnusable("The two are not the same.")
        async with platform.begin() as work:
            await work.security.change_password(username, current=current, new=new)
            return await work.sessions.end_all(username, reason="the password was changed")


async def _needs_code(
    platform: Platform, username: str, password: Secret, code: Secret | None = None
) -> bool:
    """Whether a code is missing; raises why the password, or the code, is not taken."""
    async with platform.begin() as work:
        outcome = await work.logins.prove(
            Credentials(username=username, password=password, code=code, address="127.0.0.1")
        )
    if isinstance(outcome, LoggedIn | SecondFactorNeeded):
        return isinstance(outcome, SecondFactorNeeded)
    raise outcome


def _asked(what: str) -> Secret:
    """Typed unseen on a terminal; else a line of standard input."""
    if sys.stdin.isatty():
        return Secret(typer.prompt(what, err=True, hide_input=True))
    return Secret(sys.stdin.readline().rstrip("\r\n"))
