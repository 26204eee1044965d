"""`iotistic partitions adopt`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from iotistic.cli.options import DataDir, Url, settings_from
from iotistic.cli.output import narrate, run_async
from iotistic.cli.partition_session import owner_session
from iotistic.config import Settings
from iotistic.errors import Invalid
from iotistic.partitioning import Adoption, Grain, Period, Policy

__all__ = ["adopt"]

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


class AdoptionUnclear(Invalid):
    """What is to be adopted is not said completely."""

    code = "partition_adoption_unclear"


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


async def _adopt_parent(settings: Settings, policy: Policy) -> None:
    async with owner_session(settings) as connection:
        await Adoption(connection).adopt_parent(policy)


async def _adopt_leaf(settings: Settings, parent: str, table: str, period: Period | None) -> Period:
    async with owner_session(settings) as connection:
        return await Adoption(connection).adopt_leaf(parent, table, period)
