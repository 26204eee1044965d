"""`iotistic users totp`: codes of an authenticator app besides the password."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from iotistic.bootstrap.platform import Platform
from iotistic.cli.device_options import opened
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_table, run_async
from iotistic.config import Settings
from iotistic.secret import Secret
from iotistic.security.second_factor import AppEnrolment, SecondFactor, SecondFactorMissing

__all__ = ["app"]

_USERNAME = Annotated[str, typer.Argument(help="The name of the account.")]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Second factors: codes of an authenticator app, and recovery codes.",
)


@app.callback()
def totp() -> None:
    """Second factors: codes of an authenticator app, and recovery codes."""


@app.command()
def status(username: _USERNAME, data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """Show whether somebody has a second factor, since when, and how many recovery codes are left."""
    found = run_async(_look(settings_from(data_dir, url), username))
    if as_json:
        print_json(asdict(found))
    else:
        print_table([asdict(found)], ["username", "since", "is_pending", "recovery_codes_left"], empty="")


@app.command()
def enrol(username: _USERNAME, data_dir: DataDir = None, url: Url = None) -> None:
    """Set up an authenticator app: prints what to put into it, asks for its first code, and prints ten recovery codes, once.

    The code is read from standard input. Every session of the account ends.
    """
    run_async(_enrol(settings_from(data_dir, url), username))


@app.command("new-codes")
def renew_codes(username: _USERNAME, data_dir: DataDir = None, url: Url = None) -> None:
    """Print ten other recovery codes, once; those of before are good no more."""
    _print_codes(run_async(_renew(settings_from(data_dir, url), username)))


@app.command()
def reset(username: _USERNAME, data_dir: DataDir = None, url: Url = None) -> None:
    """Take a lost second factor away: the password alone lets in again. Every session of the account ends."""
    ended = run_async(_reset(settings_from(data_dir, url), username))
    narrate(f"{username} has no second factor any more; {ended} sessions are over.")


def _print_codes(codes: Sequence[Secret]) -> None:
    narrate("Recovery codes, each good once, shown this once. Keep them where the telephone is not:")
    for code in codes:
        sys.stdout.write(code.reveal() + "\n")


def _print_enrolment(begun: AppEnrolment) -> None:
    narrate("Put this into the app, as a link or by hand (SHA-1, six digits, 30 seconds):")
    sys.stdout.write(f"{begun.uri.reveal()}\n{begun.seed.reveal()}\n")
    sys.stdout.flush()


async def _look(settings: Settings, username: str) -> SecondFactor:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.second_factors.get(username)


async def _enrol(settings: Settings, username: str) -> None:
    async with opened(settings) as platform:
        user_id = await _account(platform, username)
        async with platform.begin() as work:
            begun = await work.second_factors.begin(user_id, username)
        _print_enrolment(begun)
        code = Secret(typer.prompt("The code it shows", err=True, hide_input=False))
        async with platform.begin() as work:
            outcome = await work.second_factors.confirm(user_id, code)
            if isinstance(outcome, Sequence):
                await work.sessions.end_all(username, reason="a second factor was set up")
        if not isinstance(outcome, Sequence):
            raise outcome
    _print_codes(outcome)


async def _renew(settings: Settings, username: str) -> Sequence[Secret]:
    async with opened(settings) as platform:
        user_id = await _account(platform, username)
        async with platform.begin() as work:
            if (await work.second_factors.get(username)).since is None:
                raise SecondFactorMissing(f"{username!r} has no second factor.")
            return await work.second_factors.renew_recovery_codes(user_id)


async def _reset(settings: Settings, username: str) -> int:
    async with opened(settings) as platform, platform.begin() as work:
        await work.second_factors.get(username)
        await work.second_factors.remove(username)
        return await work.sessions.end_all(username, reason="the second factor was reset")


async def _account(platform: Platform, username: str) -> int:
    """Its number. Raises UserNotFound, for a service too."""
    async with platform.begin(read_only=True) as work:
        await work.second_factors.get(username)
        return (await work.security.list_account_ids([username]))[username]
