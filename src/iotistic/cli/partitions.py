"""`iotistic partitions ...`."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from iotistic.bootstrap.archive import archivist_of
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_table, readable_bytes, run_async
from iotistic.cli.partition_adoption import adopt
from iotistic.cli.partition_session import opened, owner_session
from iotistic.cli.retention_classes import classes, retain
from iotistic.config import Settings
from iotistic.errors import Unavailable
from iotistic.operations.partitions import PartitionsHealth, PartitionsService, State
from iotistic.partitioning import (
    Maintainer,
    MoveOut,
    Outcome,
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

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only print what would be done.")]


Work = Step | Thin | Seal


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a run did, and what it could not do: (step, error)."""

    done: Sequence[Work]
    failed: Sequence[tuple[str, str]]


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


app.command()(adopt)
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


async def _health(settings: Settings) -> PartitionsHealth:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await PartitionsService(work.connection).health(platform.clock())


async def _plan(settings: Settings) -> list[Work]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        steps: list[Work] = [*await Maintainer(work.connection).plan()]
        steps += await Thinner(work.connection).plan()
        steps += await Sealer(work.connection).plan()
        return steps


async def _plan_repair(settings: Settings) -> list[Step]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await Maintainer(work.connection).plan(repairs)


async def _run(settings: Settings) -> Done:
    """In the order of urgency: what a lock keeps from being done leaves what was done before it done."""
    async with owner_session(settings) as connection:
        keeper = archivist_of(settings)
        outcome = await Maintainer(connection, keeper=keeper).run()
        done: list[Work] = [*outcome.done]
        failed = _failures(outcome)
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
    async with owner_session(settings) as connection:
        outcome = await Maintainer(connection).run(repairs)
        if not outcome.failed and any(isinstance(step, MoveOut) for step in outcome.done):
            again = await Maintainer(connection).run(repairs)  # gaps show once the DEFAULT partition is gone
            outcome = Outcome(
                done=outcome.done + again.done, failed=again.failed, put_off=outcome.put_off + again.put_off
            )
        return Done(done=outcome.done, failed=_failures(outcome))


def _failures(outcome: Outcome) -> list[tuple[str, str]]:
    """What failed, and what the operations lock kept from being done: both are still to do."""
    failed = [(str(one.step), str(one.error)) for one in outcome.failed]
    waiting = "put off: a dump, a restore or a migration is under way"
    return [*failed, *((str(step), waiting) for step in outcome.put_off)]
