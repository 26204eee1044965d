"""`iotistic db url|psql`: ways into a database."""

import os
import shutil
import sys
from typing import Annotated

import typer

from iotistic.cli.db.which import Database, Which, database_name, endpoint_of
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import print_json
from iotistic.database import client_tools, conninfo, server
from iotistic.errors import Unavailable

__all__ = ["psql", "show_url"]

Role = Annotated[
    str,
    typer.Option(
        "--role",
        help="Whose rights: readonly, app, owner, ingest, broker, monitor, backup, maintenance, superuser.",
    ),
]


def show_url(
    database: Which = Database.platform,
    role: Role = "readonly",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print a connection URL, password included, for psql and other tools."""
    settings = settings_from(data_dir, url)
    text = conninfo.url(endpoint_of(settings, role), database_name(settings, database))
    if as_json:
        print_json({"url": text})
    else:
        sys.stdout.write(text + "\n")


def psql(
    database: Which = Database.platform,
    role: Role = "readonly",
    data_dir: DataDir = None,
    url: Url = None,
    arguments: Annotated[list[str] | None, typer.Argument(help="Passed to psql, after `--`.")] = None,
) -> None:
    """Open psql on a database: the one that came with the server, else the one on the PATH."""
    settings = settings_from(data_dir, url)
    endpoint = endpoint_of(settings, role)
    program = server.find_binaries().bin_dir / "psql"
    found = str(program) if program.exists() else shutil.which("psql")
    if found is None:
        raise Unavailable("There is no psql on this machine.", hint="Install PostgreSQL's client package.")
    # The password travels in the environment, where other users cannot see it; argv is public.
    variables = client_tools.environment(
        endpoint, database_name(settings, database), application_name="iotistic-psql"
    )
    sys.stdout.flush()
    os.execve(found, [found, *(arguments or [])], {**os.environ, **variables})  # noqa: S606, TID251 - psql gets our environment
