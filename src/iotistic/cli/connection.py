"""`iotistic doctor connection`."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Annotated

import typer

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.bootstrap.schemas import pending_migrations
from iotistic.cli.db import Database, Which, database_name
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import print_json, run_async
from iotistic.config import Endpoint, Settings, environment, surroundings
from iotistic.database.pool import connect
from iotistic.errors import IotisticError
from iotistic.operations.reach import InsideView, Problem, Step, Walk

__all__ = ["walk_to_database"]

_GOOD, _BAD, _PLAIN = "\033[32m", "\033[1;31m", "\033[0m"
_ANY_DATABASE = "postgres"
"""Where an administrator gets in when the database in question is closed."""


def walk_to_database(
    dsn: Annotated[
        str | None,
        typer.Argument(
            metavar="DSN",
            help="postgresql://..., in place of the settings. Others see it in the list of processes: leave the password out, and "
            "set DB_PASSWORD.",
        ),
    ] = None,
    *,
    database: Which = Database.platform,
    role: Annotated[str, typer.Option("--role", help="As whom, on the embedded server.")] = "app",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Walk to the database step by step, and explain the first step that fails.

    Exit code: 0 reached, 2 not.
    """
    settings = settings_from(data_dir, dsn or url)
    steps = run_async(_walk(settings, database_name(settings, database), role))
    if as_json:
        print_json({"steps": [asdict(step) for step in steps]})
    else:
        _render(steps)
    raise typer.Exit(2 if steps[-1].problem else 0)


def _render(steps: Sequence[Step]) -> None:
    coloured = sys.stdout.isatty()
    for step in steps:
        colour, plain = (_BAD if step.problem else _GOOD, _PLAIN) if coloured else ("", "")
        sys.stdout.write(f"{colour}{step.name:<11}{plain}{step.observed}\n")
        if step.problem is not None:
            sys.stdout.write(f"           {step.problem.cause}\n           Do: {step.problem.fix}\n")


async def _walk(settings: Settings, database: str, role: str) -> list[Step]:
    endpoint = Endpoints(settings).of(role)
    steps = [
        step async for step in Walk(endpoint, database, surroundings=surroundings(environment())).steps()
    ]
    last = steps[-1]
    if last.problem is None:
        return [*steps, await _schema_step(settings)]
    return [
        *steps[:-1],
        replace(last, problem=await _seen_from_inside(settings, endpoint, database, last.problem)),
    ]


async def _seen_from_inside(
    settings: Settings, refused: Endpoint, database: str, problem: Problem
) -> Problem:
    """What an administrator sees of it, where one gets in."""
    with suppress(IotisticError):
        administrator = Endpoints(settings).superuser()
        if administrator.user == refused.user:
            return problem
        connection = await connect(
            administrator, _ANY_DATABASE, application_name="iotistic-doctor", autocommit=True
        )
        try:
            return await InsideView(connection).narrow(problem, user=refused.user, database=database)
        finally:
            await connection.close()
    return problem


async def _schema_step(settings: Settings) -> Step:
    pending, problems = await pending_migrations(settings)
    if not pending and not problems:
        return Step(name="schema", observed="every database is at the newest migration")
    return Step(
        name="schema",
        observed=problems[0] if problems else f"pending migrations in {', '.join(pending)}",
        problem=Problem(
            code="schema_behind",
            cause="Statements would meet tables or columns that are not there yet (42P01, 42703).",
            fix="`iotistic migrate status`, then `iotistic migrate`.",
        ),
    )
