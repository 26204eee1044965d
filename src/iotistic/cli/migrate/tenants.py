"""`iotistic migrate tenants run|status|resume`: one history for many databases."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from iotistic.cli.migrate.fleet_view import fleet_fields, live_view, show_report
from iotistic.cli.migrate.telling import carry_out, fail
from iotistic.cli.migrate.where import Database, Dir, Place, Schema, Service, Table, Which, places
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import print_json
from iotistic.config import Endpoint
from iotistic.errors import IotisticError
from iotistic.migrations.report import RunLimits
from iotistic.migrations.tenants import (
    Fleet,
    FleetReport,
    Pace,
    Source,
    SourceKind,
    last_run,
    read_journal,
    read_source,
)
from iotistic.migrations.tenants.model import ProgressObserver, TenantsInvalid

__all__ = ["tenants"]

SOME_FAILED = 7

tenants = typer.Typer(
    no_args_is_help=True, help="Migrate many databases: a canary first, then several at a time."
)

Listed = Annotated[
    Path | None,
    typer.Option("--list", metavar="FILE", help="A file of lines: NAME, NAME DATABASE or NAME URL."),
]
Query = Annotated[
    str | None,
    typer.Option(
        "--query", metavar="SQL", help="A query for the same columns, run read-only on the control database."
    ),
]
CommandLine = Annotated[
    str | None, typer.Option("--command", metavar="COMMAND", help="A program that prints the same lines.")
]
Control = Annotated[
    str | None,
    typer.Option(
        "--control", metavar="DATABASE", help="The database --query runs on; the billing database without it."
    ),
]
Workers = Annotated[int, typer.Option("--workers", min=1, help="How many databases at a time.")]
Canary = Annotated[
    str,
    typer.Option(
        "--canary", metavar="N | NAME,NAME", help="Who goes first, alone; a failure there ends the run."
    ),
]
MostFailures = Annotated[
    int, typer.Option("--max-failures", min=1, help="After so many failures nobody else is begun.")
]
Journals = Annotated[
    Path | None,
    typer.Option(
        "--journals", metavar="FOLDER", help="Where runs are written down; the data folder without it."
    ),
]
LockTimeout = Annotated[
    float,
    typer.Option(
        "--lock-timeout", metavar="SECONDS", min=0.001, help="How long a statement waits for a lock."
    ),
]
Run = Annotated[str | None, typer.Argument(metavar="RUN", help="Its id; the last one without it.")]


@tenants.command("run")
def start(
    *,
    listed: Listed = None,
    query: Query = None,
    command: CommandLine = None,
    control: Control = None,
    workers: Workers = 8,
    canary: Canary = "1",
    most_failures: MostFailures = 3,
    lock_timeout: LockTimeout = 3,
    journals: Journals = None,
    database: Which = Database.platform,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Bring every database of a list to the newest schema. Exit 7 when some did not get there."""
    source = _source(listed, query, command)
    place = _place(
        database, folder=folder, service=service, schema=schema, table=table, url=url, data_dir=data_dir
    )
    pace = Pace(workers=workers, canary=_canary(canary), most_failures=most_failures)
    with live_view(quiet=as_json) as observe:
        fleet = _fleet(
            place, _folder(journals, data_dir), pace=pace, lock_timeout=lock_timeout, observe=observe
        )
        report = carry_out(
            _run(fleet, source, place, _control(place, control, data_dir, url)), as_json=as_json
        )
    _finish(report, as_json=as_json)


@tenants.command("resume")
def resume(
    run: Run = None,
    *,
    control: Control = None,
    workers: Workers = 8,
    most_failures: MostFailures = 3,
    lock_timeout: LockTimeout = 3,
    journals: Journals = None,
    listed: Listed = None,
    database: Which = Database.platform,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a run: with those that failed, were interrupted or not reached, and nobody else."""
    place = _place(
        database, folder=folder, service=service, schema=schema, table=table, url=url, data_dir=data_dir
    )
    with live_view(quiet=as_json) as observe:
        pace = Pace(workers=workers, most_failures=most_failures)
        fleet = _fleet(
            place, _folder(journals, data_dir), pace=pace, lock_timeout=lock_timeout, observe=observe
        )
        work = _resume(fleet, run, listed, place, _control(place, control, data_dir, url))
        report = carry_out(work, as_json=as_json)
    _finish(report, as_json=as_json)


@tenants.command("status")
def status(
    run: Run = None, *, journals: Journals = None, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Show how a run went, or how far it got. Needs no database. Exit 7 when some are not done."""
    where = _folder(journals, data_dir)
    try:
        record = read_journal(where, run or last_run(where))
    except IotisticError as error:
        fail(error, as_json=as_json)
    header = record.header
    _finish(
        FleetReport(
            run=header.run, service=header.service, started_at=header.started_at, results=record.all_results()
        ),
        as_json=as_json,
    )


async def _run(fleet: Fleet, source: Source, place: Place, control: tuple[Endpoint, str]) -> FleetReport:
    found = await read_source(source, base=place.endpoint, control=control)
    return await fleet.run(found, source=source)


async def _resume(
    fleet: Fleet, run: str | None, listed: Path | None, place: Place, control: tuple[Endpoint, str]
) -> FleetReport:
    chosen = run or last_run(fleet.journals)
    source = _source(listed, None, None) if listed else read_journal(fleet.journals, chosen).header.source
    if source is None:
        raise TenantsInvalid(
            "The run was started by a program, not from a list.", hint="Give the list with --list."
        )
    return await fleet.resume(chosen, await read_source(source, base=place.endpoint, control=control))


def _fleet(
    place: Place, journals: Path, *, pace: Pace, lock_timeout: float, observe: ProgressObserver
) -> Fleet:
    return Fleet(
        history=place.history,
        journals=journals,
        pace=pace,
        limits=RunLimits(lock_timeout=timedelta(seconds=lock_timeout)),
        application="iotistic migrate",
        observe=observe,
    )


def _finish(report: FleetReport, *, as_json: bool) -> None:
    if as_json:
        print_json(fleet_fields(report))
    else:
        show_report(report)
    if not report.complete:
        raise typer.Exit(SOME_FAILED)


def _source(listed: Path | None, query: str | None, command: str | None) -> Source:
    given = [
        Source(kind=kind, text=text)
        for kind, text in (
            (SourceKind.FILE, str(listed.expanduser().absolute()) if listed else None),
            (SourceKind.QUERY, query),
            (SourceKind.COMMAND, command),
        )
        if text
    ]
    if len(given) != 1:
        raise typer.BadParameter("give one of --list, --query and --command", param_hint="--list")
    return given[0]


def _canary(text: str) -> int | tuple[str, ...]:
    return int(text) if text.isdigit() else tuple(name.strip() for name in text.split(",") if name.strip())


def _place(
    database: Database,
    *,
    folder: Path | None,
    service: str | None,
    schema: str,
    table: str,
    url: str | None,
    data_dir: Path | None,
) -> Place:
    if database is Database.all:
        raise typer.BadParameter("name one of them", param_hint="--database")
    [place] = places(
        database, folder=folder, service=service, schema=schema, table=table, url=url, data_dir=data_dir
    )
    return place


def _control(place: Place, named: str | None, data_dir: Path | None, url: str | None) -> tuple[Endpoint, str]:
    return place.endpoint, named or settings_from(data_dir, url).names.billing


def _folder(journals: Path | None, data_dir: Path | None) -> Path:
    return journals or settings_from(data_dir).data_dir / "migrations" / "runs"
