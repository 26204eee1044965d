"""`iotistic maintenance ...`: care of tables by hand."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

import typer

from iotistic.bootstrap.archive import archivist_of
from iotistic.cli.db import Database, Which, database_name
from iotistic.cli.db.looking import show_sizes
from iotistic.cli.db.which import endpoint_of
from iotistic.cli.maintenance_progress import progress_view, told
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, run_async
from iotistic.config import Settings
from iotistic.database.pool import Connection, connect
from iotistic.operations.maintenance import (
    BrokenIndex,
    Caretaker,
    Done,
    Table,
    Task,
    plan_analyze,
    plan_cleanup,
    plan_reindex,
    plan_vacuum,
)
from iotistic.partitioning import Drop, Finalise, Maintainer, Outcome, Retire, Situation, Step
from iotistic.partitioning import plan as due

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Vacuum, analyse and reindex tables, see their sizes, and clean up.",
    epilog="Exit codes: 0 done, 1 wrong use, 5 some of it failed or was skipped by the server with a warning, 6 no connection.",
)

SOME_FAILED = 5
Planner = Callable[[Sequence[Table], Sequence[BrokenIndex]], tuple[Task, ...]]
Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TABLE...", help="Tables; a partitioned one brings its partitions. All when left out."
    ),
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, max=32, help="How many tables at a time.")]
LockTimeout = Annotated[
    float,
    typer.Option(
        "--lock-timeout", metavar="SECONDS", min=0.001, help="How long a statement waits for a lock."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


@app.command()
def vacuum(
    names: Names = None,
    *,
    analyze: Annotated[
        bool, typer.Option(help="Gather statistics too, of partitioned tables as well.")
    ] = True,
    freeze: Annotated[
        bool, typer.Option("--freeze", help="Mark all rows as old: long, and rarely needed.")
    ] = False,
    jobs: Jobs = 2,
    lock_timeout: LockTimeout = 60,
    dry_run: DryRun = False,
    database: Which = Database.platform,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make the room of dead rows usable again, and gather statistics. Keeps nobody from reading or writing."""
    care = _Care(settings_from(data_dir, url), database, lock_timeout)
    care.do(
        lambda tables, _: plan_vacuum(tables, names or (), analyze=analyze, freeze=freeze),
        jobs=jobs,
        dry_run=dry_run,
        as_json=as_json,
    )


@app.command("analyze")
def analyze_tables(
    names: Names = None,
    *,
    jobs: Jobs = 2,
    lock_timeout: LockTimeout = 60,
    dry_run: DryRun = False,
    database: Which = Database.platform,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Gather statistics for the planner, of partitioned tables too: autovacuum never does those."""
    care = _Care(settings_from(data_dir, url), database, lock_timeout)
    care.do(lambda tables, _: plan_analyze(tables, names or ()), jobs=jobs, dry_run=dry_run, as_json=as_json)


@app.command()
def reindex(
    names: Names = None,
    *,
    jobs: Jobs = 1,
    lock_timeout: LockTimeout = 60,
    dry_run: DryRun = False,
    database: Which = Database.platform,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild indexes beside their users (CONCURRENTLY), repair INVALID ones, and drop what broken rebuilds left."""
    care = _Care(settings_from(data_dir, url), database, lock_timeout)
    care.do(
        lambda tables, broken: plan_reindex(tables, broken, names or ()),
        jobs=jobs,
        dry_run=dry_run,
        as_json=as_json,
    )


app.command("size")(show_sizes)


@app.command()
def cleanup(
    *,
    lock_timeout: LockTimeout = 60,
    dry_run: DryRun = False,
    database: Which = Database.platform,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Drop partitions that are older than their policy keeps, and what broken index builds left."""
    settings = settings_from(data_dir, url)
    retired = run_async(_retire(settings, dry_run=dry_run)) if database is Database.platform else Outcome()
    care = _Care(settings, database, lock_timeout)
    care.do(lambda _, broken: plan_cleanup(broken), jobs=1, dry_run=dry_run, as_json=as_json, retired=retired)


class _Care:
    """One command's work on one database."""

    def __init__(self, settings: Settings, database: Database, lock_timeout: float) -> None:
        self._settings = settings
        self._database = database
        self._lock_timeout = lock_timeout

    def do(
        self,
        planner: Planner,
        *,
        jobs: int,
        dry_run: bool,
        as_json: bool,
        retired: Outcome | None = None,
    ) -> None:
        """Plans, carries it out with a progress view, tells, and exits 5 when some of it failed."""
        past = retired or Outcome()
        tasks = run_async(self._plan(planner))
        if dry_run:
            _tell_plan([*map(str, past.done), *map(str, tasks)], as_json=as_json)
            return
        with progress_view(quiet=as_json) as observe:
            done = run_async(Caretaker(self._open).run(tasks, jobs=jobs, observe=observe)) if tasks else ()
        failures = [f"{one.step}: {one.error}" for one in past.failed]
        failures += [
            f"{step}: put off, a dump, a restore or a migration is under way" for step in past.put_off
        ]
        _tell(done, [str(step) for step in past.done], failures, as_json=as_json)
        if failures or not all(one.well for one in done):
            raise typer.Exit(SOME_FAILED)

    async def _plan(self, planner: Planner) -> tuple[Task, ...]:
        return planner(*await Caretaker(self._open).look())

    async def _open(self) -> Connection:
        return await connect(
            endpoint_of(self._settings, "owner"),
            database_name(self._settings, self._database),
            application_name="iotistic-maintenance",
            autocommit=True,
            session_settings={
                "lock_timeout": str(round(self._lock_timeout * 1000)),
                "statement_timeout": "0",
            },
        )


async def _retire(settings: Settings, *, dry_run: bool) -> Outcome:
    """What is past its time goes; nothing is made."""
    connection = await connect(
        endpoint_of(settings, "owner"),
        settings.names.platform,
        application_name="iotistic-maintenance",
        autocommit=True,
    )
    try:
        maintainer = Maintainer(connection, keeper=archivist_of(settings))
        if dry_run:
            return Outcome(done=tuple(await maintainer.plan(_past)))
        return await maintainer.run(_past)
    finally:
        await connection.close()


def _past(situation: Situation, now: datetime) -> list[Step]:
    return [step for step in due(situation, now) if isinstance(step, Finalise | Retire | Drop)]


def _tell_plan(steps: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"plan": list(steps)})
    for step in () if as_json else steps:
        sys.stdout.write(f"{step}\n")
    if not steps and not as_json:
        narrate("There is nothing to do.")


def _tell(done: Sequence[Done], steps: Sequence[str], failures: Sequence[str], *, as_json: bool) -> None:
    bad = [one for one in done if not one.well]
    if as_json:
        print_json(
            {
                "tasks": [_fields(one) for one in done],
                "partitions": list(steps),
                "partition_failures": list(failures),
                "failed": len(bad) + len(failures),
            }
        )
        return
    for line in (*steps, *failures, *(told(one) for one in bad)):
        sys.stdout.write(f"{line}\n")
    count = len(done) + len(steps)
    narrate(
        f"{count - len(bad)} done, {len(bad) + len(failures)} failed."
        if count or failures
        else "Nothing to do."
    )


def _fields(one: Done) -> dict[str, object]:
    return {
        "act": one.task.act.value,
        "name": one.task.name,
        "ok": one.well,
        "seconds": round(one.took.total_seconds(), 3),
        "warnings": list(one.warnings),
        "error": one.error,
    }
