"""`iotistic partitions ...`."""

import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from iotistic.bootstrap.archive import archivist_of
from iotistic.bootstrap.platform import Platform, open_platform
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_table, readable_bytes, run_async
from iotistic.cli.retention_classes import classes, retain
from iotistic.config import Settings
from iotistic.database.pool import Connection
from iotistic.errors import Invalid, Unavailable
from iotistic.operations.partitions import PartitionsHealth, PartitionsService, State
from iotistic.partitioning import (
    Adoption,
    Grain,
    Maintainer,
    MoveOut,
    Outcome,
    Period,
    Policy,
    Seal,
    Sealer,
    Step,
    Thin,
    Thinner,
    repairs,
)

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="See how long partitions last, make and retire them, mend them.",
)

STEPS_FAILED = 5
_ATTENTION = {State.FINE: 0, State.ATTENTION: 2, State.FAILING: 3}

Parent = Annotated[str, typer.Argument(help="The partitioned table.", metavar="PARENT")]
Table = Annotated[
    str | None,
    typer.Argument(
        help="A table to attach to it; without one, PARENT itself is taken over.", metavar="TABLE"
    ),
]
From = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], help="The first UTC day the table holds.", metavar="DATE"),
]
To = Annotated[
    datetime | None,
    typer.Option("--to", formats=["%Y-%m-%d"], help="The first UTC day it no longer holds.", metavar="DATE"),
]
GrainName = Annotated[Grain, typer.Option("--grain", help="How long its partitions are.")]
Keep = Annotated[
    int | None,
    typer.Option("--keep-days", min=1, help="How many days its partitions stay; for PARENT alone."),
]
Premake = Annotated[
    int | None,
    typer.Option("--premake", min=1, max=60, help="Partitions made ahead: 10 days or 3 of the others."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only print what would be done.")]


Work = Step | Thin | Seal


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a run did, and what it could not do: (step, error)."""

    done: Sequence[Work]
    failed: Sequence[tuple[str, str]]


class AdoptionUnclear(Invalid):
    """What is to be adopted is not said completely."""

    code = "partition_adoption_unclear"


@app.command()
def status(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> int:
    """Show how long the partitions of each table last, and what is wrong with them.

    Exits with 0 when all is well, 2 when somebody should look, 3 when rows find no place now or within a day.
    """
    health = run_async(_health(settings_from(data_dir, url)))
    if as_json:
        print_json(asdict(health))
    else:
        _render(health)
    return _ATTENTION[health.state]


@app.command()
def plan(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> int:
    """Print what `run` would do now; exits with 2 when that is something."""
    steps = run_async(_plan(settings_from(data_dir, url)))
    _print_steps(steps, as_json=as_json, nothing="There is nothing to do.")
    return 2 if steps else 0


@app.command()
def run(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> int:
    """Make the partitions that are missing, retire those that are old, seal those that are over, as the housekeeper does.

    Stops nobody's inserts, and is safe beside the housekeeper. Exits with 5 when a step failed; the next run takes it again.
    """
    return _tell(run_async(_run(settings_from(data_dir, url))), as_json=as_json)


@app.command()
def repair(
    dry_run: DryRun = False, data_dir: DataDir = None, url: Url = None, as_json: AsJson = False
) -> int:
    """Mend what a run leaves to a person.

    Ends interrupted detaches, attaches tables that were left unattached and fit, closes gaps, and moves the rows of a
    DEFAULT partition to partitions of their own (rows of times that are not kept to PARENT_strays).
    """
    settings = settings_from(data_dir, url)
    if dry_run:
        _print_steps(run_async(_plan_repair(settings)), as_json=as_json, nothing="There is nothing to mend.")
        return 0
    return _tell(run_async(_repair(settings)), as_json=as_json)


@app.command()
def adopt(
    parent: Parent,
    table: Table = None,
    *,
    since: From = None,
    until: To = None,
    grain: GrainName = Grain.DAY,
    keep_days: Keep = None,
    premake: Premake = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Take over a table as a partition, or a partitioned table (with --keep-days) as one that is kept by policy.

    Nothing is changed when columns, indexes, checks, bounds or rows do not fit: every reason is told.
    """
    settings = settings_from(data_dir, url)
    if table is None:
        if keep_days is None:
            raise AdoptionUnclear("--keep-days is missing.", hint="Say how many days its partitions stay.")
        ahead = premake or (10 if grain is Grain.DAY else 3)
        policy = Policy(parent=parent, grain=grain, premake=ahead, back=2, keep=timedelta(days=keep_days))
        run_async(_adopt_parent(settings, policy))
        narrate(
            f"{parent} is kept for {keep_days} days from now on. `iotistic partitions plan` shows what that means."
        )
        return
    if (since is None) != (until is None):
        raise AdoptionUnclear("--from and --to go together.")
    period = Period(since.replace(tzinfo=UTC), until.replace(tzinfo=UTC)) if since and until else None
    attached = run_async(_adopt_leaf(settings, parent, table, period))
    narrate(f"{table} is the partition of {parent} for {attached}.")


app.command()(classes)
app.command()(retain)


def _render(health: PartitionsHealth) -> None:
    rows: list[dict[str, Any]] = [
        {
            "table": one.parent,
            "grain": one.grain,
            "keeps": f"{one.keep_days} d",
            "runway": f"{one.runway_days} d",
            "inserts_fail_at": one.inserts_fail_at or "now",
            "leaves": one.leaves,
            "size": readable_bytes(one.bytes),
            "a_day": readable_bytes(one.bytes_per_day),
            "set_aside": one.quarantined_rows,
            "state": one.state.value,
        }
        for one in health.parents
    ]
    columns = [
        "table",
        "grain",
        "keeps",
        "runway",
        "inserts_fail_at",
        "leaves",
        "size",
        "a_day",
        "set_aside",
        "state",
    ]
    print_table(rows, columns, empty="No table has a partition policy.")
    for one in health.parents:
        for problem in one.problems:
            sys.stdout.write(f"{one.parent}: {problem}\n")


def _print_steps(steps: Sequence[Work], *, as_json: bool, nothing: str) -> None:
    if as_json:
        print_json({"steps": [_step(step) for step in steps]})
    elif not steps:
        narrate(nothing)
    else:
        sys.stdout.writelines(f"{step.parent}: {step}\n" for step in steps)


def _tell(outcome: Done, *, as_json: bool) -> int:
    if as_json:
        failed = [{"text": step, "error": error} for step, error in outcome.failed]
        print_json({"done": [_step(step) for step in outcome.done], "failed": failed})
    else:
        sys.stdout.writelines(f"{step.parent}: {step}\n" for step in outcome.done)
        for text, error in outcome.failed:
            narrate(f"error: {text}: {error}")
        if not outcome.done and not outcome.failed:
            narrate("There was nothing to do.")
    return STEPS_FAILED if outcome.failed else 0


def _step(step: Work) -> dict[str, str]:
    return {"act": type(step).__name__.lower(), "parent": step.parent, "leaf": step.leaf, "text": str(step)}


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncGenerator[Platform]:
    platform = await open_platform(settings, application_name="iotistic-partitions", with_ingest=False)
    try:
        yield platform
    finally:
        await platform.close()


@asynccontextmanager
async def _owner(settings: Settings) -> AsyncGenerator[Connection]:
    async with _opened(settings) as platform:
        connection = await platform.owner_connection("partitions")
        try:
            yield connection
        finally:
            await connection.close()


async def _health(settings: Settings) -> PartitionsHealth:
    async with _opened(settings) as platform, platform.begin(read_only=True) as work:
        return await PartitionsService(work.connection).health(platform.clock())


async def _plan(settings: Settings) -> list[Work]:
    async with _opened(settings) as platform, platform.begin(read_only=True) as work:
        steps: list[Work] = [*await Maintainer(work.connection).plan()]
        steps += await Thinner(work.connection).plan()
        steps += await Sealer(work.connection).plan()
        return steps


async def _plan_repair(settings: Settings) -> list[Step]:
    async with _opened(settings) as platform, platform.begin(read_only=True) as work:
        return await Maintainer(work.connection).plan(repairs)


async def _run(settings: Settings) -> Done:
    """In the order of urgency: what a lock keeps from being done leaves what was done before it done."""
    async with _owner(settings) as connection:
        keeper = archivist_of(settings)
        outcome = await Maintainer(connection, keeper=keeper).run()
        done: list[Work] = [*outcome.done]
        failed = [(str(one.step), str(one.error)) for one in outcome.failed]
        failed += [
            (str(one), "put off: a dump, a restore or a migration is under way") for one in outcome.put_off
        ]
        for name, act in (
            ("thin out", Thinner(connection, keeper=keeper).run),
            ("seal", Sealer(connection).run),
        ):
            try:
                done += await act()
            except Unavailable as error:
                failed.append((name, str(error)))
        return Done(done=done, failed=failed)


async def _repair(settings: Settings) -> Done:
    async with _owner(settings) as connection:
        outcome = await Maintainer(connection).run(repairs)
        if not outcome.failed and any(isinstance(step, MoveOut) for step in outcome.done):
            again = await Maintainer(connection).run(repairs)  # gaps show once the DEFAULT partition is gone
            outcome = Outcome(done=outcome.done + again.done, failed=again.failed)
        failed = [(str(one.step), str(one.error)) for one in outcome.failed]
        return Done(done=outcome.done, failed=failed)


async def _adopt_parent(settings: Settings, policy: Policy) -> None:
    async with _owner(settings) as connection:
        await Adoption(connection).adopt_parent(policy)


async def _adopt_leaf(settings: Settings, parent: str, table: str, period: Period | None) -> Period:
    async with _owner(settings) as connection:
        return await Adoption(connection).adopt_leaf(parent, table, period)
