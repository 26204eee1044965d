"""`iotistic migrate tenants create`: a new database at the newest schema."""

import sys
from typing import Annotated

import typer

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.cli.migrate.telling import carry_out
from iotistic.cli.migrate.where import Database, Dir, Schema, Service, Table, Which, is_ours, places
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json
from iotistic.database.roles import admit_roles, grant_defaults
from iotistic.migrations.tenants import create_tenant

__all__ = ["create"]


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the new database is called.")],
    *,
    database: Which = Database.platform,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    beside: Annotated[
        str, typer.Option("--beside", metavar="DATABASE", help="A database to connect to meanwhile.")
    ] = "postgres",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make a database for a new tenant by copying a template that is at the newest schema. Exit 3 when there is one."""
    if database is Database.all:
        raise typer.BadParameter("name one of them", param_hint="--database")
    [place] = places(
        database, folder=folder, service=service, schema=schema, table=table, url=url, data_dir=data_dir
    )
    endpoints = Endpoints(settings_from(data_dir, None)) if url is None else None
    embedded = endpoints is not None and endpoints.embedded
    ours = embedded and is_ours(place.history)
    work = create_tenant(
        place.endpoint,
        name,
        place.history,
        beside=beside,
        maintenance=endpoints.superuser() if endpoints is not None and embedded else None,
        prepare=grant_defaults if ours else None,
        admit=admit_roles if ours else None,
    )
    made = carry_out(work, as_json=as_json)
    if as_json:
        print_json(
            {
                "database": made.database,
                "template": made.template,
                "template_made": made.template_made,
                "head": made.head,
                "seconds": round(made.took.total_seconds(), 3),
            }
        )
        return
    sys.stdout.write(f"{made.database}\n")
    how = "made now" if made.template_made else "there already"
    narrate(
        f"{place.history.service}: {made.database} is at {made.head}, copied from {made.template} ({how},"
        f" {made.took.total_seconds():.2f} s)"
    )
