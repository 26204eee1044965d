"""`iotistic devices claim-keys ...`: what lets new devices in."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.config.kinds import DURATION
from iotistic.config.problems import Rejected
from iotistic.errors import Invalid
from iotistic.security import IssuedKey
from iotistic.security.enrolment import ClaimKey

__all__ = ["PROGRAM", "app", "lasting"]

PROGRAM = "the command line"
"""Who made a key or permit that was made here."""

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Make, list and revoke claim keys.")


_LONGEST = timedelta(days=366)


class SerialsUnreadable(Invalid):
    """The file of serials cannot be read."""

    code = "serials_unreadable"


def lasting(text: str) -> timedelta:
    """10min, 12h, 30d as a duration, up to a year."""
    try:
        value = DURATION.parse(text)
    except Rejected as error:
        raise typer.BadParameter(f"{error.reason} {error.suggestion}") from error
    if not timedelta(seconds=1) <= value <= _LONGEST:
        raise typer.BadParameter("Give a time from 1s to 366d.")
    return value


@app.command("create")
def create(
    *,
    uses: Annotated[int, typer.Option("--uses", min=1, help="How many devices it lets in.")] = 1,
    lasts: Annotated[
        timedelta,
        typer.Option("--for", parser=lasting, metavar="TIME", help="How long it is good: 10min, 24h, 30d."),
    ] = "24h",  # type: ignore[assignment]  # Typer parses the default as if it were typed
    label: Annotated[str, typer.Option("--label", help="What it is for.")] = "made on the command line",
    serial: Annotated[
        list[str] | None, typer.Option("--serial", help="Only this serial; may be repeated.")
    ] = None,
    serials: Annotated[
        Path | None, typer.Option("--serials", metavar="FILE", help="Only these serials, one a line.")
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make a claim key and print it, this once."""
    allowed = [*(serial or []), *_serials(serials)]
    restricted = serial is not None or serials is not None
    issued = run_async(
        _create(settings_from(data_dir, url), uses, lasts, label, allowed if restricted else None)
    )
    if as_json:
        print_json({"key_id": issued.key_id, "key": issued.text.reveal()})
    else:
        narrate("Shown this once; `iotistic agent --claim-key-file FILE` enrols with it:")
        typer.echo(issued.text.reveal())


@app.command("list")
def list_claim_keys(
    *,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 100,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List claim keys, newest first (with --json: one object a line)."""
    keys = run_async(_list(settings_from(data_dir, url), limit))
    if as_json:
        print_json_lines(asdict(key) for key in keys)
    else:
        columns = ["key_id", "label", "uses", "serials", "created_by", "expires_at", "revoked_at"]
        print_table([_row(key) for key in keys], columns, empty="There is no claim key.")


@app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="The public part of the key, as `list` shows it.")],
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Take a claim key back: it lets nobody in any more."""
    revoked = run_async(_revoke(settings_from(data_dir, url), key_id))
    if as_json:
        print_json(asdict(revoked))
    else:
        narrate(f"The claim key {key_id} lets nobody in any more; whoever it let in stays.")


def _serials(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SerialsUnreadable(
            f"The file {path} cannot be read.", hint="It holds one serial a line."
        ) from error
    return [line.strip() for line in lines if line.strip()]


def _row(key: ClaimKey) -> dict[str, Any]:
    serials = "any" if key.allowed_serials is None else f"{len(key.allowed_serials)} named"
    return {**asdict(key), "uses": f"{key.uses} of {key.max_uses}", "serials": serials}


async def _create(
    settings: Settings, uses: int, lasts: timedelta, label: str, allowed: Sequence[str] | None
) -> IssuedKey:
    async with opened(settings) as platform, platform.begin() as work:
        return await work.enrolment.create_claim_key(
            max_uses=uses, lasts=lasts, label=label, created_by=PROGRAM, allowed_serials=allowed
        )


async def _list(settings: Settings, limit: int) -> Sequence[ClaimKey]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.enrolment.list_claim_keys(limit=limit)


async def _revoke(settings: Settings, key_id: str) -> ClaimKey:
    async with opened(settings) as platform, platform.begin() as work:
        return await work.enrolment.revoke_claim_key(key_id)
