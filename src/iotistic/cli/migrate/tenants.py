"""`iotistic migrate tenants run|status|resume`: one history for many databases."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from iotistic.cli.migrate.fleet_view import fleet_fields, live_view, show_report
from iotistic.cli.migrate.repeating import repeated_options
from iotistic.cli.migrate.telling import carry_out
from iotistic.cli.migrate.tenant_creating import create
from iotistic.cli.migrate.where import Database, Dir, Place, Schema, Service, Table, Which, places
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import print_json
from iotistic.migrations.report import RunLimits
from iotistic.migrations.tenants import (
    ControlPlace,
    Fleet,
    FleetReport,
    Pace,
    Record,
    RunMissing,
    Source,
    SourceKind,
    last_run,
    read_control,
    read_journal,
    read_source,
)
from iotistic.migrations.tenants.model import TenantsInvalid

__all__ = ["tenants"]

SOME_FAILED = 7

tenants = typer.Typer(
    no_args_is_help=True, help="Migrate many databases: a canary first, then several at a time."
)

tenants.command("create")(create)

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
        "--control",
        metavar="DATABASE",
        help="The database --query runs on, which keeps runs too; the billing database without it.",
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
    context: typer.Context,
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
    control_place = _control(place, control, data_dir, url, needed=control is not None or query is not None)
    with live_view(quiet=as_json) as observe:
        fleet = Fleet(
            history=place.history,
            journals=_folder(journals, data_dir),
            control=control_place if folder is None or control_place.needed else None,
            pace=pace,
            limits=RunLimits(lock_timeout=timedelta(seconds=lock_timeout)),
            application="iotistic migrate",
            observe=observe,
        )
        report = carry_out(_run(fleet, source, place, control_place), as_json=as_json)
    _finish(report, context, as_json=as_json)


@tenants.command("resume")
def resume(
    context: typer.Context,
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
    control_place = _control(place, control, data_dir, url, needed=control is not None)
    with live_view(quiet=as_json) as observe:
        fleet = Fleet(
            history=place.history,
            journals=_folder(journals, data_dir),
            control=control_place if folder is None or control_place.needed else None,
            pace=Pace(workers=workers, most_failures=most_failures),
            limits=RunLimits(lock_timeout=timedelta(seconds=lock_timeout)),
            application="iotistic migrate",
            observe=observe,
        )
        report = carry_out(_resume(fleet, run, listed, place, control_place), as_json=as_json)
    _finish(report, context, as_json=as_json)


@tenants.command("status")
def status(
    context: typer.Context,
    run: Run = None,
    *,
    control: Control = None,
    journals: Journals = None,
    database: Which = Database.platform,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show how a run went, or how far it got, by this machine's journal or by the control database. Exit 7 when some are not done."""
    record = None if control else _on_this_machine(_folder(journals, data_dir), run, needed=bool(journals))
    if record is None:
        place = _place(
            database,
            folder=None,
            service=None,
            schema="public",
            table="schema_migrations",
            url=url,
            data_dir=data_dir,
        )
        control_place = _control(place, control, data_dir, url, needed=True)
        record = carry_out(read_control(control_place, run), as_json=as_json)
    header = record.header
    _finish(
        FleetReport(
            run=header.run, service=header.service, started_at=header.started_at, results=record.all_results()
        ),
        context,
        as_json=as_json,
    )


def _on_this_machine(folder: Path, run: str | None, *, needed: bool) -> Record | None:
    try:
        return read_journal(folder, run or last_run(folder))
    except RunMissing:
        if needed:
            raise
        return None


async def _run(fleet: Fleet, source: Source, place: Place, control: ControlPlace) -> FleetReport:
    found = await read_source(source, base=place.endpoint, control=(control.endpoint, control.database))
    return await fleet.run(found, source=source)


async def _resume(
    fleet: Fleet, run: str | None, listed: Path | None, place: Place, control: ControlPlace
) -> FleetReport:
    chosen = run or await _newest(fleet)
    source = _source(listed, None, None) if listed else (await fleet.record(chosen)).header.source
    if source is None:
        raise TenantsInvalid(
            "The run was started by a program, not from a list.", hint="Give the list with --list."
        )
    found = await read_source(source, base=place.endpoint, control=(control.endpoint, control.database))
    return await fleet.resume(chosen, found)


async def _newest(fleet: Fleet) -> str:
    """The newest run that this machine knows, or else the control database."""
    try:
        return last_run(fleet.journals)
    except RunMissing:
        if fleet.control is None:
            raise
        return (await read_control(fleet.control, None)).header.run


def _finish(report: FleetReport, context: typer.Context, *, as_json: bool) -> None:
    again = " ".join(["iotistic migrate tenants resume", report.run, *repeated_options(context, resume)])
    if as_json:
        print_json(fleet_fields(report))
    else:
        show_report(report, again)
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


def _control(
    place: Place, named: str | None, data_dir: Path | None, url: str | None, *, needed: bool
) -> ControlPlace:
    database = named or settings_from(data_dir, url).names.billing
    return ControlPlace(endpoint=place.endpoint, database=database, needed=needed)


def _folder(journals: Path | None, data_dir: Path | None) -> Path:
    return journals or settings_from(data_dir).data_dir / "migrations" / "runs"
