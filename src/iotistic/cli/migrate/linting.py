"""`iotistic migrate lint`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from iotistic.cli.migrate.telling import carry_out, fail
from iotistic.cli.migrate.where import Database, Dir, Place, Schema, Service, Table, Which, history_of, places
from iotistic.cli.options import AsJson
from iotistic.cli.output import narrate, print_json
from iotistic.database.roles import ROLES
from iotistic.errors import IotisticError
from iotistic.migrations import SERVICES, History, RunLimits, inspect
from iotistic.migrations.connecting import Target, open_session
from iotistic.migrations.files import read_folder
from iotistic.migrations.lint import READ_SIZES, RULES, Finding, Sizes, lint, sizes_of
from iotistic.migrations.lint.texts import finding_fields, render_findings
from iotistic.migrations.script import Script, read_scripts
from iotistic.migrations.session import Command

__all__ = ["run_lint"]

REFUSED = 8


def run_lint(
    *,
    database: Which = Database.platform,
    against: Annotated[
        str | None,
        typer.Option(
            "--db",
            metavar="URL",
            help="Look at this database too: only pending files, quiet on small tables.",
        ),
    ] = None,
    roles: Annotated[
        list[str] | None,
        typer.Option("--role", help="With --dir: a role that every installation has. Repeatable."),
    ] = None,
    warn: Annotated[bool, typer.Option("--warn", help="Exit 0 in spite of findings.")] = False,
    list_rules: Annotated[bool, typer.Option("--rules", help="List the rules and stop.")] = False,
    folder: Dir = None,
    service: Service = None,
    schema: Schema = "public",
    table: Table = "schema_migrations",
    as_json: AsJson = False,
) -> None:
    """Find what would stop a database in use, with the lock it takes and the safe way to do it."""
    if list_rules:
        _show_rules(as_json=as_json)
        return
    every = database is Database.all and folder is None
    chosen = [Database(name) for name in SERVICES] if every else [database]
    findings: list[Finding] = []
    texts: dict[str, str] = {}
    for one in chosen:
        history = history_of(one, folder, service, schema, table)
        scripts = _scripts(history, as_json=as_json)
        place = _place(one, against, folder=folder, service=service, schema=schema, table=table)
        sizes, only = _live_facts(place, as_json=as_json)
        known = _roles(history, roles)
        findings += lint(scripts, schema=schema, roles=known, sizes=sizes, only=only)
        texts |= {script.file.filename: script.text for script in scripts}
    _show(findings, texts, as_json=as_json)
    if findings and not warn:
        raise typer.Exit(REFUSED)


def _scripts(history: History, *, as_json: bool) -> tuple[Script, ...]:
    try:
        return read_scripts(history.service, read_folder(history.folder, service=history.service))
    except IotisticError as error:
        fail(error, as_json=as_json)


def _roles(history: History, given: list[str] | None) -> set[str] | None:
    if given:
        return set(given)
    shipped = SERVICES.get(history.service)
    return {role.name for role in ROLES} if shipped is not None and shipped.folder == history.folder else None


def _place(
    which: Database, url: str | None, *, folder: Path | None, service: str | None, schema: str, table: str
) -> Place | None:
    if url is None:
        return None
    [place] = places(
        which, folder=folder, service=service, schema=schema, table=table, url=url, data_dir=None
    )
    return place


def _live_facts(place: Place | None, *, as_json: bool) -> tuple[Sizes | None, set[str] | None]:
    """The sizes of the tables, and the files to judge: with a database, the pending ones."""
    return (None, None) if place is None else carry_out(_look(place), as_json=as_json)


async def _look(place: Place) -> tuple[Sizes, set[str]]:
    status = await inspect(place.endpoint, place.database, place.history)
    target = Target(
        endpoint=place.endpoint, database=place.database, history=place.history, limits=RunLimits()
    )
    async with await open_session(target, purpose="lint", read_only=True) as session:
        return sizes_of(await session.rows(Command(READ_SIZES))), set(status.pending)


def _show(findings: list[Finding], texts: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        print_json({"findings": [finding_fields(finding) for finding in findings]})
    elif findings:
        sys.stdout.write(render_findings(findings, texts, colour=sys.stdout.isatty()) + "\n")
        narrate(f"{len(findings)} findings in {len({finding.filename for finding in findings})} files")
    else:
        narrate(f"nothing found in {len(texts)} files")


def _show_rules(*, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "rules": [
                    {"rule": rule.name, "summary": rule.summary, "by_size": rule.by_size}
                    for rule in RULES.values()
                ]
            }
        )
        return
    width = max(map(len, RULES))
    for rule in RULES.values():
        sys.stdout.write(f"{rule.name:<{width}}  {rule.summary}\n")
