"""`iotistic migrate mark-applied`, `unmark`, `baseline` and `repair`: the history, changed by hand."""

import sys
from typing import Annotated

import typer

from iotistic.cli.migrate.telling import carry_out, narrator
from iotistic.cli.migrate.where import Database, Dir, Schema, Service, Table, Which, places
from iotistic.cli.options import AsJson, DataDir, Url
from iotistic.cli.output import narrate, print_json
from iotistic.migrations import Marker
from iotistic.migrations.marks import MarkReport

__all__ = ["baseline", "mark_applied", "repair", "unmark"]

Words = Annotated[
    list[str], typer.Argument(metavar="N | A-B | FILE...", help="Numbers, ranges or filenames.")
]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; kept with the event.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def mark_applied(
    words: Words,
    *,
    database: Which = Database.platform,
    reason: Reason = None,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Record files as applied without running them."""
    marker = _marker(
        database=database,
        reason=reason,
        folder=folder,
        service=service,
        schema=schema,
        table=table,
        data_dir=data_dir,
        url=url,
    )
    _show(carry_out(marker.mark_applied(words), as_json=as_json), "marked as applied", as_json=as_json)


def unmark(
    words: Words,
    *,
    database: Which = Database.platform,
    reason: Reason = None,
    yes: Yes = False,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Forget that files were applied, so that the next run runs them again. What they did stays done."""
    marker = _marker(
        database=database,
        reason=reason,
        folder=folder,
        service=service,
        schema=schema,
        table=table,
        data_dir=data_dir,
        url=url,
    )
    narrate(
        f"Pending again: {', '.join(words)}; where newer files are applied, only a run with --out-of-order takes them. "
        "The schema they made is not undone."
    )
    if not yes:
        _confirm(f"Unmark them in database {marker.database}?")
    report = carry_out(marker.unmark(words), as_json=as_json)
    _show(report, "unmarked", as_json=as_json)
    if not report.changed:
        raise typer.Exit(1)


def baseline(
    number: Annotated[int, typer.Argument(metavar="N", help="The highest number that counts as applied.")],
    *,
    database: Which = Database.platform,
    reason: Reason = None,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Begin the history of a database that exists already: files up to N count as applied."""
    marker = _marker(
        database=database,
        reason=reason,
        folder=folder,
        service=service,
        schema=schema,
        table=table,
        data_dir=data_dir,
        url=url,
    )
    _show(carry_out(marker.baseline(number), as_json=as_json), "taken as applied", as_json=as_json)


def repair(
    *,
    accept: Annotated[
        list[str], typer.Option("--accept", metavar="FILE", help="A file to take as it is now.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the event.")],
    database: Which = Database.platform,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Take edited, renamed or deleted files as they are now for what was applied."""
    marker = _marker(
        database=database,
        reason=reason,
        folder=folder,
        service=service,
        schema=schema,
        table=table,
        data_dir=data_dir,
        url=url,
    )
    _show(carry_out(marker.repair(accept), as_json=as_json), "accepted as it is", as_json=as_json)


def _marker(
    *,
    database: Database,
    reason: str | None,
    folder: Dir,
    service: str | None,
    schema: str,
    table: str,
    data_dir: DataDir,
    url: str | None,
) -> Marker:
    if database is Database.all:
        raise typer.BadParameter("name one of them", param_hint="--database")
    [place] = places(
        database, folder=folder, service=service, schema=schema, table=table, url=url, data_dir=data_dir
    )
    return Marker(
        endpoint=place.endpoint,
        database=place.database,
        history=place.history,
        application="iotistic migrate",
        reason=reason,
        observe=narrator(quiet=False),
    )


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is there to ask; give it", param_hint="--yes")
    typer.confirm(question, abort=True, err=True)


def _show(report: MarkReport, done: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"action": report.action, "changed": list(report.changed), "skipped": report.skipped})
        return
    for filename in report.changed:
        narrate(f"{filename}: {done}")
    for filename, why in report.skipped.items():
        narrate(f"{filename}: {why}")
