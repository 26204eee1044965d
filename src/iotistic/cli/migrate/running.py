"""`iotistic migrate run` and its dry run."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer

from iotistic.cli.migrate.making import make_missing
from iotistic.cli.migrate.telling import carry_out, narrator
from iotistic.cli.migrate.where import Database, Dir, Place, Schema, Service, Table, Which, places
from iotistic.cli.options import AsJson, DataDir, Url
from iotistic.cli.output import narrate, print_json
from iotistic.migrations import Report, RunLimits, RunOptions, apply, preview
from iotistic.migrations.errors import ServerUnreachable
from iotistic.migrations.fields import plan_fields, report_fields
from iotistic.migrations.plan import Plan

__all__ = ["dry_run", "run"]

Target = Annotated[int | None, typer.Option("--target", metavar="N", help="Stop after this number.")]
OutOfOrder = Annotated[
    bool, typer.Option("--out-of-order", help="Run files below the highest applied number too.")
]
AllowMissing = Annotated[bool, typer.Option("--allow-missing", help="Go on although applied files are gone.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would run; write nothing, take no lock.")]
LockWait = Annotated[
    float, typer.Option("--lock-wait", metavar="SECONDS", min=0, help="How long to wait for another runner.")
]
LockTimeout = Annotated[
    float,
    typer.Option(
        "--lock-timeout", metavar="SECONDS", min=0.001, help="How long a statement waits for a lock."
    ),
]


class Lint(StrEnum):
    """What to do about what lint finds in pending files."""

    off = "off"
    warn = "warn"
    refuse = "refuse"


LintChoice = Annotated[
    Lint, typer.Option("--lint", help="Tell dangers in pending files, refuse them, or do not look.")
]
Role = Annotated[
    str | None, typer.Option("--role", help="SET ROLE before each file: the owner of what it makes.")
]


def run(
    *,
    database: Which = Database.platform,
    target: Target = None,
    dry_run: DryRun = False,
    out_of_order: OutOfOrder = False,
    allow_missing: AllowMissing = False,
    lock_wait: LockWait = 300,
    lock_timeout: LockTimeout = 3,
    lint: LintChoice = Lint.warn,
    role: Role = None,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Apply what is pending (this is also what `iotistic migrate` alone does); a database of ours that is missing is made first."""
    options = RunOptions(
        target=target, out_of_order=out_of_order, allow_missing=allow_missing, lint=lint.value
    )
    limits = RunLimits(lock_wait=timedelta(seconds=lock_wait), lock_timeout=timedelta(seconds=lock_timeout))
    chosen = places(
        database, folder=folder, service=service, schema=schema, table=table, url=url, data_dir=data_dir
    )
    if dry_run:
        _show_plans(chosen, carry_out(_preview(chosen, options), as_json=as_json), as_json=as_json)
    else:
        reports = carry_out(_apply(chosen, options, limits, role, quiet=as_json), as_json=as_json)
        _show_reports(reports, as_json=as_json)


def dry_run(
    *,
    database: Which = Database.platform,
    target: Target = None,
    out_of_order: OutOfOrder = False,
    allow_missing: AllowMissing = False,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what would run: reads in a read-only transaction, writes nothing, takes no lock."""
    options = RunOptions(target=target, out_of_order=out_of_order, allow_missing=allow_missing)
    chosen = places(
        database, folder=folder, service=service, schema=schema, table=table, url=url, data_dir=data_dir
    )
    _show_plans(chosen, carry_out(_preview(chosen, options), as_json=as_json), as_json=as_json)


async def _apply(
    chosen: tuple[Place, ...], options: RunOptions, limits: RunLimits, role: str | None, *, quiet: bool
) -> list[Report]:
    return [await _apply_one(place, options, limits, role, quiet=quiet) for place in chosen]


async def _apply_one(
    place: Place, options: RunOptions, limits: RunLimits, role: str | None, *, quiet: bool
) -> Report:
    async def act() -> Report:
        return await apply(
            place.endpoint,
            place.database,
            place.history,
            application="iotistic migrate",
            options=options,
            limits=limits,
            role=role,
            observe=narrator(quiet=quiet),
        )

    try:
        return await act()
    except ServerUnreachable:
        if not await make_missing(place):
            raise
        if not quiet:
            narrate(f"made database {place.database}")
    return await act()


async def _preview(chosen: tuple[Place, ...], options: RunOptions) -> list[Plan]:
    return [await preview(place.endpoint, place.database, place.history, options=options) for place in chosen]


def _show_reports(reports: list[Report], *, as_json: bool) -> None:
    if as_json:
        print_json({"runs": [report_fields(report) for report in reports]})
        return
    for report in reports:
        done = f"{len(report.applied)} applied" if report.applied else "nothing to do"
        left = f", {len(report.pending)} left beyond the target" if report.pending else ""
        narrate(f"{report.service}: {done}{left} ({report.database}, {report.took.total_seconds():.2f} s)")


def _show_plans(chosen: tuple[Place, ...], plans: list[Plan], *, as_json: bool) -> None:
    if as_json:
        pairs = zip(chosen, plans, strict=True)
        print_json(
            {"plans": [plan_fields(place.history.service, place.database, plan) for place, plan in pairs]}
        )
        return
    for place, plan in zip(chosen, plans, strict=True):
        narrate(f"{place.history.service}: {len(plan.steps) or 'nothing'} to run in {place.database}")
        for step in plan.steps:
            script = step.script
            kind = "" if script.directives.transaction else ", no transaction"
            start = f", from statement {step.start + 1}" if step.start else ""
            typer.echo(f"{script.file.filename}  ({len(script.statements)} statements{kind}{start})")
        for notice in plan.notices:
            narrate(notice)
