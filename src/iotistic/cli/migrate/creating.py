"""`iotistic migrate create`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from iotistic.cli.migrate.telling import fail
from iotistic.cli.migrate.where import Database, Dir, Which, history_of
from iotistic.cli.options import AsJson
from iotistic.cli.output import narrate, print_json
from iotistic.clock import system_clock
from iotistic.errors import IotisticError
from iotistic.migrations.files import read_folder
from iotistic.migrations.naming import new_file

__all__ = ["create"]


def create(
    name: Annotated[str, typer.Argument(help="What it does, in words: add_device_groups.")],
    *,
    database: Which = Database.platform,
    timestamp: Annotated[
        bool, typer.Option("--timestamp", help="Number it by the present UTC time.")
    ] = False,
    folder: Dir = None,
    as_json: AsJson = False,
) -> None:
    """Write a new migration with the next number. Needs no database."""
    if database is Database.all:
        raise typer.BadParameter("name one of them", param_hint="--database")
    history = history_of(database, folder, None)
    directory = Path(str(history.folder))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        files = read_folder(directory, service=history.service)
        filename, text = new_file(name, files, moment=system_clock() if timestamp else None)
    except IotisticError as error:
        fail(error, as_json=as_json)
    path = directory / filename
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    if as_json:
        print_json({"path": str(path)})
    else:
        sys.stdout.write(f"{path}\n")
        narrate("Write the SQL below its comment, then run: iotistic migrate")
