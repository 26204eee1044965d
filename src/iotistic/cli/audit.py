"""`iotistic audit ...`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from iotistic.audit import AuditEntry, AuditFilter
from iotistic.cli.device_options import opened
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.security import Anchor, ChainReport, parse_anchor

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Show who changed what.")

_COLUMNS = ["id", "occurred_at", "actor", "action", "resource", "resource_id", "change"]
_WIDEST = 60


@app.callback()
def _group() -> None:
    """Show who changed what."""


@app.command("list")
def list_entries(
    *,
    device: Annotated[
        str | None, typer.Option("--device", metavar="NAME|UUID", help="Only what is about this device.")
    ] = None,
    actor: Annotated[
        str | None, typer.Option("--actor", help="Only what this user, device or program did.")
    ] = None,
    action: Annotated[
        str | None, typer.Option("--action", help="Only this: created, changed, deleted, ...")
    ] = None,
    resource: Annotated[
        str | None, typer.Option("--resource", help="Only this table: devices, api_keys, fleets, ...")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="With --resource: only the row of this key.")
    ] = None,
    request: Annotated[str | None, typer.Option("--request", help="Only what this request did.")] = None,
    since: Annotated[datetime | None, typer.Option("--since", help="From this moment (UTC) on.")] = None,
    before: Annotated[
        int | None, typer.Option("--before", metavar="ID", help="Only entries older than this one.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="The most entries.")] = 50,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List changes, newest first (with --json: one object a line, with what was before and after)."""
    which = AuditFilter(
        actor=actor,
        action=action,
        resource=resource,
        resource_id=key,
        request_id=request,
        start=None if since is None else since.replace(tzinfo=since.tzinfo or UTC),
    )
    entries = run_async(_list(settings_from(data_dir, url), which, device, before, limit))
    rows = [asdict(entry) for entry in entries]
    if as_json:
        print_json_lines(rows)
        return
    for row, entry in zip(rows, entries, strict=True):
        row["change"] = _change(entry)
    print_table(rows, _COLUMNS, empty="Nothing that fits was changed.")
    if len(rows) == limit:
        narrate(f"There may be more: --before {rows[-1]['id']} goes on.")


@app.command()
def verify(
    anchor: Annotated[
        str | None,
        typer.Option(
            "--anchor", metavar="N:HASH", help="Where the history ended once, as this command printed it."
        ),
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Read the history of keys from its beginning, and tell a row that was altered, taken out or moved.

    Prints where it ends, to be kept where nobody of the database can write: given as --anchor later, it proves that nobody wrote
    the whole history anew. Exits with 1 when something is wrong.
    """
    kept = None if anchor is None else parse_anchor(anchor)
    report = run_async(_verify(settings_from(data_dir, url), kept))
    if as_json:
        print_json({"head": str(report.head), "broken": list(report.broken)})
    else:
        for line in report.broken:
            narrate(line)
        if not report.broken:
            narrate(
                "The history of keys is whole. It ends here; keep this where nobody of the database can write:"
            )
        sys.stdout.write(f"{report.head}\n")
    if report.broken:
        raise typer.Exit(1)


async def _verify(settings: Settings, anchor: Anchor | None) -> ChainReport:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.key_history.verify(anchor)


def _change(entry: AuditEntry) -> str:
    """In one line: what is there now, or what is gone."""
    text = json.dumps(entry.after if entry.after is not None else entry.before, ensure_ascii=False)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


async def _list(
    settings: Settings, which: AuditFilter, device: str | None, before: int | None, limit: int
) -> Sequence[AuditEntry]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        uuid = None if device is None else (await get_named_device(work, device)).uuid
        return await work.audit.list_entries(replace(which, device_uuid=uuid), before_id=before, limit=limit)
