"""`iotistic doctor`."""

import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.bootstrap.schemas import pending_migrations
from iotistic.cli.connection import walk_to_database
from iotistic.cli.db import Database, Which, database_name
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, run_async
from iotistic.cli.physical import repository_of
from iotistic.clock import system_clock
from iotistic.config import Settings, environment
from iotistic.database.pool import Connection, connect
from iotistic.database.server import find_binaries
from iotistic.errors import Invalid, IotisticError
from iotistic.operations import doctor
from iotistic.operations.access.server_certificate import find_server_certificate
from iotistic.operations.doctor import Circumstances, Finding, Patient, State
from iotistic.operations.physical import StanzaState

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    help="Look at the database server, and say what is wrong, what comes of it, and what to type.",
)

_OF_ONE_DATABASE = {"maintenance", "backup", "migrate"}
"""Commands that are told which database; partitions are of the platform alone."""
_COLOURS = {
    State.critical: "\033[1;31m",
    State.warn: "\033[33m",
    State.ok: "\033[32m",
    State.skipped: "\033[2m",
}

app.command("connection")(walk_to_database)


@app.callback(invoke_without_command=True)
def examine(
    context: typer.Context,
    *,
    checks: Annotated[
        list[str] | None,
        typer.Option("--check", metavar="ID", help="Only this check; may be repeated. All when left out."),
    ] = None,
    database: Which = Database.platform,
    every: Annotated[bool, typer.Option("--all", help="Also list what is fine.")] = False,
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Print Prometheus text on stdout.")
    ] = False,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Look at the database server, and say what is wrong, what comes of it, and what to type.

    Exit code: 0 nothing to do, 1 a warning, 2 an alarm, 3 a check could not look, 6 no connection (`iotistic doctor connection` says why).
    """
    if context.invoked_subcommand is not None:
        return
    settings = settings_from(data_dir, url)
    name = database_name(settings, database)
    chosen = doctor.choose_checks(checks or [])
    findings = run_async(_examine(settings, name, chosen))
    if prometheus:
        sys.stdout.write(doctor.prometheus_text(findings, name))
    elif as_json:
        print_json({"database": name, "findings": [_plain(finding) for finding in findings]})
    else:
        _render(findings, every=every or bool(checks))
    raise typer.Exit(doctor.exit_code(findings))


class NotMendable(Invalid):
    """No command of ours mends this by itself."""

    code = "not_mendable"


@app.command()
def fix(
    check: Annotated[str, typer.Argument(metavar="ID", help="As `iotistic doctor` names it.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    database: Which = Database.platform,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Mend one finding, where that keeps nobody out and loses nothing; then look again.

    Exit code: as of the second look, 0 nothing to do any more.
    """
    settings = settings_from(data_dir, url)
    name, chosen = database_name(settings, database), doctor.choose_checks([check])
    (found,) = run_async(_examine(settings, name, chosen))
    if found.state > State.ok:
        _mend(found, database, yes=yes, data_dir=data_dir, url=url)
        (found,) = run_async(_examine(settings, name, chosen))
    _render([found], every=True)
    raise typer.Exit(doctor.exit_code([found]))


def _mend(found: Finding, database: Database, *, yes: bool, data_dir: Path | None, url: str | None) -> None:
    commands = doctor.REPAIRS.get(found.id)
    if commands is None:
        raise NotMendable(
            f"{found.title}: {found.observed}. That is not mended by itself.",
            hint=f"A person's look is needed, then: {found.fix}",
            check=found.id,
        )
    narrate(f"{found.title}: {found.observed}")
    for words in commands:
        line = [*words, *(["--database", database] if words[0] in _OF_ONE_DATABASE else [])]
        narrate(f"iotistic {' '.join(line)}")
        if not yes and not typer.confirm("Run this?", err=True):
            raise typer.Abort
        # In a process of its own, whose address stands in its environment: argv is public.
        place = {"IOTISTIC_DATA_DIR": str(data_dir.expanduser().absolute())} if data_dir else {}
        reach = {"DATABASE_URL": url} if url else {}
        subprocess.run(  # noqa: S603 - our own command, with words of ours
            [sys.executable, "-m", "iotistic", *line], env={**environment(), **place, **reach}, check=False
        )


def _plain(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "state": finding.state.name}


def _render(findings: Sequence[Finding], *, every: bool) -> None:
    coloured = sys.stdout.isatty()
    order = sorted(findings, key=lambda finding: -finding.state)
    for finding in order:
        if finding.state is State.ok and not every:
            continue
        colour, plain = (_COLOURS[finding.state], "\033[0m") if coloured else ("", "")
        sys.stdout.write(
            f"{colour}{finding.state.name:<9}{plain}{finding.title} ({finding.id}): {finding.observed}\n"
        )
        if finding.state > State.ok:
            sys.stdout.write(f"         {finding.why}\n")
            if finding.fix:
                sys.stdout.write(f"         Do: {finding.fix}\n")
            if finding.lock:
                sys.stdout.write(f"         Locks: {finding.lock}\n")
    counts = ", ".join(
        f"{sum(each.state is state for each in findings)} {state.name}" for state in reversed(State)
    )
    took = sum(finding.milliseconds for finding in findings)
    narrate(
        f"{len(findings)} {'check' if len(findings) == 1 else 'checks'} in {took:.0f} ms: {counts}."
        + ("" if every else " --all lists those that are fine.")
    )


async def _examine(settings: Settings, database: str, checks: Sequence[doctor.Check]) -> list[Finding]:
    stanza, problem = await _stanza(settings)
    async with _session(settings, database) as connection:
        patient = Patient(
            connection=connection,
            seen=await _circumstances(settings, database, connection),
            migrations=lambda: pending_migrations(settings),
            is_platform=database == settings.names.platform,
            stanza=stanza,
            stanza_problem=problem,
        )
        return [finding async for finding in doctor.examine(patient, checks)]


async def _stanza(settings: Settings) -> tuple[StanzaState | None, str | None]:
    """What pgBackRest says, or why it says nothing."""
    repository = repository_of(settings)
    if repository is None:
        return None, None
    try:
        return await repository.state(), None
    except IotisticError as error:
        return None, error.message


@asynccontextmanager
async def _session(settings: Settings, database: str) -> AsyncGenerator[Connection]:
    """As the server's administrator, who alone may see its rules and files, in a session that cannot write."""
    connection = await connect(
        Endpoints(settings).superuser(), database, application_name="iotistic-doctor", autocommit=True
    )
    try:
        await connection.execute("SELECT set_config('default_transaction_read_only', 'on', false)")
        await connection.execute(
            "SELECT set_config('statement_timeout', %s, false)",
            (str(int(doctor.CHECK_LIMIT.total_seconds() * 1000)),),
        )
        yield connection
    finally:
        await connection.close()


def _backups(settings: Settings) -> Path | None:
    """Where this database's backups lie, if they lie on this machine."""
    folder, local = settings.backup_folder, settings.database is None
    return folder if local or settings.backups.folder or folder.is_dir() else None


async def _circumstances(settings: Settings, database: str, connection: Connection) -> Circumstances:
    now = system_clock()
    since = await doctor.DoctorRepository(connection).statistics_since()
    local = settings.database is None
    certificate = await find_server_certificate(Endpoints(settings).superuser())
    disk = shutil.disk_usage(settings.data_dir) if local else None
    version = connection.info.server_version
    return Circumstances(
        now=now,
        server_version=version,
        stats_age=None if since is None else now - since,
        data_disk=None if disk is None else (disk.total, disk.free),
        memory_bytes=psutil.virtual_memory().total if local else None,
        backups=_backups(settings),
        database=database,
        tls_ends=None if certificate is None else certificate.ends,
        installed_version=find_binaries(major=version // 10_000).version if local else None,
    )
