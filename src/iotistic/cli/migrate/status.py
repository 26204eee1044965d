"""`iotistic migrate status`."""

from typing import Annotated

import typer

from iotistic.cli.migrate.telling import PENDING, carry_out
from iotistic.cli.migrate.where import Database, Dir, Place, Schema, Service, Table, Which, places
from iotistic.cli.options import AsJson, DataDir, Url
from iotistic.cli.output import narrate, print_json, print_table
from iotistic.migrations import Status, inspect
from iotistic.migrations.fields import status_fields
from iotistic.migrations.history import command_line

__all__ = ["show_status"]

_DRIFT = 3
_COLUMNS = ("file", "state", "applied_at", "by", "ms")
Check = Annotated[
    bool,
    typer.Option("--check", help="Exit with 2 when files are pending, with 3 when files and history differ."),
]


def show_status(
    *,
    database: Which = Database.platform,
    check: Check = False,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show every file and whether it is applied. Writes nothing, not even the history's table."""
    chosen = places(
        database, folder=folder, service=service, schema=schema, table=table, url=url, data_dir=data_dir
    )
    found = carry_out(_inspect(chosen), as_json=as_json)
    if as_json:
        print_json({"histories": [status_fields(status) for status in found]})
    else:
        for status in found:
            _print(status)
    if check and any(status.comparison.drifted or status.comparison.late for status in found):
        raise typer.Exit(_DRIFT)
    if check and not all(status.at_head for status in found):
        raise typer.Exit(PENDING)


async def _inspect(chosen: tuple[Place, ...]) -> list[Status]:
    return [await inspect(place.endpoint, place.database, place.history) for place in chosen]


def _print(status: Status) -> None:
    print_table(_rows(status), _COLUMNS, empty=f"{status.service}: the folder is empty")
    counts = f"{len(status.applied)} applied, {len(status.pending)} pending"
    differ = f", {len(status.drift)} differ from the history" if status.drift else ""
    narrate(f"{status.service} ({status.database}): {counts}{differ}")
    if not status.at_head:
        narrate(f"Next: {command_line(status.service)}")


def _rows(status: Status) -> list[dict[str, object]]:
    found = status.comparison
    states: dict[str, str] = {file.filename: "edited after it was applied" for file in found.edited}
    states |= {file.filename: "applied; comments differ" for file in found.cosmetic}
    states |= {entry.filename: "applied; file is missing" for entry in found.missing}
    states |= {entry.filename: f"applied; now named {file.filename}" for entry, file in found.renamed}
    rows: list[tuple[tuple[bool, int, str], dict[str, object]]] = []
    for entry in found.applied:
        row: dict[str, object] = {
            "file": entry.filename,
            "state": states.get(entry.filename, entry.kind.value if entry.kind.value != "sql" else "applied"),
            "applied_at": entry.applied_at,
            "by": entry.applied_by,
            "ms": entry.took_ms,
        }
        rows.append(((entry.number is None, entry.number or 0, entry.filename), row))
    unfinished = {entry.filename: entry for entry in found.unfinished}
    applied = {entry.filename for entry in found.applied}
    for file in found.pending:
        half = unfinished.get(file.filename)
        state = "pending" if file.filename not in applied else "changed; runs again"
        if half is not None:
            state = f"{half.state.value} after statement {half.statements_done} of {half.statements_total}"
        elif file in found.late:
            state = "late: not applied"
        rows = [(order, row) for order, row in rows if row["file"] != file.filename]
        rows.append((file.order, {"file": file.filename, "state": state}))
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]
