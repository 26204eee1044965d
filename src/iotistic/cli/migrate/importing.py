"""`iotistic migrate import`."""

import sys
from typing import Annotated

import typer

from iotistic.cli.migrate.telling import carry_out, narrator
from iotistic.cli.migrate.where import Database, Dir, Schema, Service, Table, Which, places
from iotistic.cli.options import AsJson, DataDir, Url
from iotistic.cli.output import narrate, print_json
from iotistic.migrations.importing import ImportPlan, Takeover, Tool

__all__ = ["import_history"]


def import_history(
    *,
    tool: Annotated[
        Tool | None,
        typer.Option("--from", help="Whose history; without it, whichever is found in the database."),
    ] = None,
    database: Which = Database.platform,
    through: Annotated[
        int | None,
        typer.Option(
            "--through", metavar="N", help="Every file up to N is applied, whatever the records are called."
        ),
    ] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="RECORD=FILE", help="Which file a record is. Repeatable."),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Leave records behind that match no file.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    source_table: Annotated[
        str | None,
        typer.Option("--source-table", help="The other tool's table, if it has not its usual name."),
    ] = None,
    source_schema: Annotated[str | None, typer.Option("--source-schema", help="The schema of that.")] = None,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Take over what another tool has applied, so that it is not applied again. Shows the plan first."""
    if database is Database.all:
        raise typer.BadParameter("name one of them", param_hint="--database")
    [place] = places(
        database, folder=folder, service=service, schema=schema, table=table, url=url, data_dir=data_dir
    )
    takeover = Takeover(
        endpoint=place.endpoint,
        database=place.database,
        history=place.history,
        tool=tool,
        source_table=source_table,
        source_schema=source_schema,
        mapping=_mapping(pairs or []),
        through=through,
        application="iotistic migrate",
        observe=narrator(quiet=as_json),
    )
    _import(takeover, partial=partial, dry_run=dry_run, yes=yes, as_json=as_json)


def _import(takeover: Takeover, *, partial: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    plan = carry_out(takeover.plan(), as_json=as_json)
    if not as_json:
        _show(plan)
    acts = not dry_run and bool(plan.matches or plan.rename_source)
    if acts:
        if not yes:
            _confirm(takeover.database)
        carry_out(takeover.carry_out(plan, partial=partial), as_json=as_json)
    if as_json:
        print_json({"import": _fields(plan), "done": acts})
    else:
        narrate(f"{len(plan.matches)} files recorded as applied" if acts else "nothing was written")


def _mapping(pairs: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        record, _, filename = pair.rpartition("=")
        if not record or not filename:
            raise typer.BadParameter("write RECORD=FILE", param_hint="--map")
        found[record] = filename
    return found


def _confirm(database: str) -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is there to ask; give it", param_hint="--yes")
    typer.confirm(f"Write this into database {database}?", abort=True, err=True)


def _show(plan: ImportPlan) -> None:
    narrate(f"{plan.source.tool} history in {plan.source}")
    if plan.rename_source is not None:
        narrate(f"the table will be renamed to {plan.rename_source}; it stands where ours belongs")
    for match in plan.matches:
        sys.stdout.write(f"{match.filename}  is  {match.record.name}\n")
    for one in plan.unmatched:
        sys.stdout.write(f"(no file)  for  {one.name}: {one.why}\n")
    for filename in plan.pending:
        sys.stdout.write(f"{filename}  stays pending\n")
    if plan.recorded:
        narrate(f"{len(plan.recorded)} files are on record already")
    for notice in plan.notices:
        narrate(notice)


def _fields(plan: ImportPlan) -> dict[str, object]:
    return {
        "tool": plan.source.tool.value,
        "table": str(plan.source),
        "renamed_to": plan.rename_source,
        "matches": [
            {"file": match.filename, "record": match.record.name, "applied_at": match.record.applied_at}
            for match in plan.matches
        ],
        "unmatched": [{"record": one.name, "why": one.why} for one in plan.unmatched],
        "recorded": list(plan.recorded),
        "pending": list(plan.pending),
        "notices": list(plan.notices),
    }
