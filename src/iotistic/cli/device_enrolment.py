"""`iotistic devices allow-enrolment` and `enrolment-attempts`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from iotistic.cli.claim_keys import PROGRAM, lasting
from iotistic.cli.device_options import opened
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.devices import Device
from iotistic.security.enrolment import AttemptSeen, Permit
from iotistic.workflows import permit_enrolment

__all__ = ["allow_enrolment", "enrolment_attempts"]


def allow_enrolment(
    name: Annotated[str, typer.Argument(help="The device's name or uuid.")],
    *,
    lasts: Annotated[
        timedelta, typer.Option("--for", parser=lasting, metavar="TIME", help="For so long: 10min, 1h, 7d.")
    ] = "1h",  # type: ignore[assignment]  # Typer parses the default as if it were typed
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take such a permit back instead.")] = False,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Let a device that lost its key enrol again, once, with a claim key and its serial."""
    settings = settings_from(data_dir, url)
    device, permit = run_async(_permit(settings, name, None if withdraw else lasts))
    if as_json:
        print_json(None if permit is None else asdict(permit))
    elif permit is None:
        narrate(f"{device.name} may not enrol again without its key.")
    else:
        narrate(f"{device.name} may enrol again once, until {permit.expires_at:%Y-%m-%d %H:%M:%S} UTC.")
        if device.serial is None:
            narrate("It has no serial in the registry, so it cannot be recognised: it would come as another.")


def enrolment_attempts(
    *,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 50,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show who tried to enrol, newest first (with --json: one object a line)."""
    attempts = run_async(_attempts(settings_from(data_dir, url), limit))
    rows = [asdict(attempt) for attempt in attempts]
    if as_json:
        print_json_lines(rows)
    else:
        columns = ["attempted_at", "source", "outcome", "claim_key_id", "serial"]
        print_table(rows, columns, empty="Nobody has tried yet.")


async def _permit(settings: Settings, name: str, lasts: timedelta | None) -> tuple[Device, Permit | None]:
    async with opened(settings) as platform, platform.begin() as work:
        device = await get_named_device(work, name)
        if lasts is None:
            await work.enrolment.withdraw_permit(device.uuid)
            return device, None
        return device, await permit_enrolment(work.registrar, device.uuid, by=PROGRAM, lasts=lasts)


async def _attempts(settings: Settings, limit: int) -> Sequence[AttemptSeen]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.attempts.list_attempts(limit=limit)
