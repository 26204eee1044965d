"""`iotistic db url|psql`: ways into a database."""

import os
import sys
from typing import Annotated

import typer

from iotistic.cli.db.which import Database, Which, database_name, endpoint_of
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import print_json
from iotistic.database import client_tools, conninfo

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
    """Open psql on a database: the newest on this machine, of those that know TLS where the way there asks for it."""
    settings = settings_from(data_dir, url)
    endpoint = endpoint_of(settings, role)
    found = str(client_tools.newest_tool("psql", endpoint).path)
    # The password travels in the environment, where other users cannot see it; argv is public.
    variables = client_tools.environment(
        endpoint, database_name(settings, database), application_name="iotistic-psql"
    )
    sys.stdout.flush()
    os.execve(found, [found, *(arguments or [])], {**os.environ, **variables})  # noqa: S606, TID251 - psql gets our environment
