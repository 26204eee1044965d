"""`iotistic telemetry quarantine ...`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from iotistic.bootstrap.platform import Platform
from iotistic.cli.device_options import opened
from iotistic.cli.duration import parse_shift
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.errors import Invalid
from iotistic.telemetry.quarantine import QuarantinedRow, QuarantineFilter, Replayed, Shift

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="See, replay or drop reports and log lines that were set aside.",
)

Device = Annotated[
    str | None, typer.Option("--device", metavar="DEVICE", help="Only of this device: its name or uuid.")
]
Reason = Annotated[
    str | None, typer.Option("--reason", metavar="CODE", help="Only for this reason, such as clock_not_set.")
]
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
Since = Annotated[
    datetime | None,
    typer.Option("--from", formats=_FORMATS, help="Only received from then on (UTC).", metavar="TIME"),
]
Until = Annotated[
    datetime | None,
    typer.Option("--to", formats=_FORMATS, help="Only received before then (UTC).", metavar="TIME"),
]


class ShiftUnclear(Invalid):
    """A replay without a new time."""

    code = "shift_unclear"


@app.command("list")
def list_rows(
    *,
    device: Device = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 100,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List what was set aside, oldest first (with --json: one object a line, with what was sent).

    Below stand the commands that store it after all, once each.
    """
    found, names = run_async(_list(settings_from(data_dir, url), device, (reason, since, until), limit))
    if as_json:
        print_json_lines({**asdict(row), "replay": row.replay} for row in found)
    else:
        rows = [{**asdict(row), "device": names.get(row.device_uuid, row.device_uuid)} for row in found]
        print_table(
            rows,
            ["received_at", "device", "stream", "reason", "device_time"],
            empty="Nothing is set aside.",
        )
        for command in dict.fromkeys(row.replay for row in found):
            narrate(command)


@app.command()
def replay(
    *,
    shift: Annotated[
        str | None,
        typer.Option("--shift", metavar="DURATION", help="Add this to the device's times: 90m, -2h, 3d, 0s."),
    ] = None,
    on_receipt: Annotated[
        bool,
        typer.Option(
            "--on-receipt",
            help="Date the newest report of each body by its receipt; the others keep their distance.",
        ),
    ] = False,
    device: Device = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Store what was set aside with another time.

    Each body moves in one transaction, so this can be stopped and run again; what still has no place stays.
    """
    if shift is not None and on_receipt:
        raise ShiftUnclear("--shift and --on-receipt are two new times.", hint="Say one of them.")
    if shift is None and not on_receipt:
        raise ShiftUnclear(
            "A replay needs a new time.",
            hint="Say --shift DURATION or --on-receipt; --shift 0s keeps it, for what has a place now.",
        )
    by = None if shift is None else parse_shift(shift)
    done = run_async(_replay(settings_from(data_dir, url), device, (reason, since, until), by))
    if as_json:
        print_json(asdict(done))
    else:
        narrate(
            f"{done.stored} stored, {done.duplicate} were stored already, {done.left} still have no place"
        )


@app.command()
def drop(
    *,
    device: Device = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would go.")] = False,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Forget what was set aside, for good."""
    rows, dropped = run_async(_drop(settings_from(data_dir, url), device, (reason, since, until), yes=yes))
    if as_json:
        print_json({"meant": rows, "dropped": dropped})
        return
    print_table(rows, ["reason", "rows", "devices"], empty="Nothing is set aside.")
    if rows:
        narrate(f"{dropped} rows dropped" if yes else "Nothing was dropped: say --yes.")


_Rest = tuple[str | None, datetime | None, datetime | None]


async def _filter(platform: Platform, device: str | None, rest: _Rest) -> QuarantineFilter:
    reason, since, until = rest
    uuid = None
    if device is not None:
        async with platform.begin(read_only=True) as work:
            uuid = (await get_named_device(work, device)).uuid
    return QuarantineFilter(device_uuid=uuid, reason=reason, since=_utc(since), until=_utc(until))


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


async def _list(
    settings: Settings, device: str | None, rest: _Rest, limit: int
) -> tuple[Sequence[QuarantinedRow], dict[UUID, str]]:
    async with opened(settings) as platform:
        which = await _filter(platform, device, rest)
        async with platform.begin(read_only=True) as work:
            rows = await work.quarantine.list_rows(which, limit=limit)
            return rows, await work.devices.list_names({row.device_uuid for row in rows})


async def _replay(settings: Settings, device: str | None, rest: _Rest, shift: Shift) -> Replayed:
    async with opened(settings) as platform:
        which = await _filter(platform, device, rest)
        replay = platform.replay()
        try:
            return await replay.run(which, shift, lambda done: narrate(f"{done.stored} stored ..."))
        finally:
            await replay.close()


async def _drop(
    settings: Settings, device: str | None, rest: _Rest, *, yes: bool
) -> tuple[list[dict[str, Any]], int]:
    async with opened(settings) as platform:
        which = await _filter(platform, device, rest)
        async with platform.begin(read_only=True) as work:
            rows = [asdict(row) for row in await work.quarantine.count(which)]
        dropped = 0
        while yes:
            async with platform.begin() as work:
                count = await work.quarantine.drop_batch(which)
            if not count:
                break
            dropped += count
        return rows, dropped
