"""`iotistic migrate log`."""

from typing import Annotated

import typer

from iotistic.cli.migrate.telling import carry_out
from iotistic.cli.migrate.where import Database, Dir, Schema, Service, Table, Which, places
from iotistic.cli.options import AsJson, DataDir, Url
from iotistic.cli.output import print_json, print_table
from iotistic.migrations import list_events
from iotistic.migrations.fields import event_fields

__all__ = ["show_log"]

_COLUMNS = ("at", "action", "file", "actor", "host", "reason")


def show_log(
    *,
    database: Which = Database.platform,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many events at most.")] = 50,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show who marked, unmarked or repaired what and why, and what failed; newest first."""
    if database is Database.all:
        raise typer.BadParameter("name one of them", param_hint="--database")
    [place] = places(
        database, folder=folder, service=service, schema=schema, table=table, url=url, data_dir=data_dir
    )
    events = carry_out(
        list_events(place.endpoint, place.database, place.history, limit=limit), as_json=as_json
    )
    if as_json:
        print_json({"events": [event_fields(event) for event in events]})
        return
    rows = [{**event_fields(event), "at": event.at} for event in events]
    print_table(rows, _COLUMNS, empty=f"{place.history.service}: nothing but runs that went well")
