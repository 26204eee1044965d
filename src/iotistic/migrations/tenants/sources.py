"""Where the list of tenants comes from: a file, a query on a control database, or a command.

Each gives lines of a name and, behind blanks, a database on the same server or a URL; a name alone is the database's too.
"""

import asyncio
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from iotistic.config import Endpoint, SettingsInvalid, load_settings
from iotistic.config.problems import Rejected
from iotistic.config.url import parse_database_url
from iotistic.database.errors import translated
from iotistic.database.pool import connect
from iotistic.errors import Unavailable
from iotistic.migrations.tenants.model import Tenant, TenantsInvalid

__all__ = ["Source", "SourceKind", "parse_lines", "read_source"]

_SHOWN = 500


class SourceFailed(Unavailable):
    """The list of tenants could not be had."""

    code = "migration_tenants_source_failed"


class SourceKind(StrEnum):
    """In which way tenants are listed."""

    FILE = "file"
    QUERY = "query"
    COMMAND = "command"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where tenants are listed; holds no secret, so that a journal can keep it for a resumed run."""

    kind: SourceKind
    text: str
    """The file's path, the SQL, or the command line."""


async def read_source(
    source: Source, *, base: Endpoint, control: tuple[Endpoint, str], limit: float = 60
) -> tuple[Tenant, ...]:
    """The tenants of `source`, in its order. `base` is the server of those that name only a database.

    A query runs on the database `control`, read only; a command runs without a shell, for at most `limit` seconds.
    Raises TenantsInvalid, or Unavailable when the list cannot be had.
    """
    if source.kind is SourceKind.FILE:
        lines = await asyncio.to_thread(_read_file, Path(source.text))
    elif source.kind is SourceKind.QUERY:
        lines = await _query(source.text, *control)
    else:
        lines = await _run(source.text, limit)
    return parse_lines(lines, base=base)


def parse_lines(lines: Iterable[str], *, base: Endpoint) -> tuple[Tenant, ...]:
    """A tenant for each line that is neither empty nor a comment. Raises TenantsInvalid on a repeated name or database."""
    found: dict[str, Tenant] = {}
    places: dict[tuple[object, str], str] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        tenant = _tenant(words, number, base)
        place = (tenant.endpoint.hosts, tenant.database)
        if tenant.name in found or place in places:
            raise TenantsInvalid(
                f"Line {number}: {tenant.name} is listed twice (the same database as {places.get(place, tenant.name)}).",
                hint="List every database once.",
            )
        found[tenant.name] = tenant
        places[place] = tenant.name
    if not found:
        raise TenantsInvalid(
            "The list of tenants is empty.", hint="A line is NAME, NAME DATABASE or NAME URL."
        )
    return tuple(found.values())


def _tenant(words: list[str], number: int, base: Endpoint) -> Tenant:
    name, *rest = words
    if "://" in name and not rest:
        endpoint, database = _place_of(name, number, base)
        return Tenant(name=database, endpoint=endpoint, database=database)
    if len(rest) > 1:
        # The words are not repeated: one of them may be a password with a blank in it.
        raise TenantsInvalid(
            f"Line {number} has {len(words)} words.", hint="A line is NAME, NAME DATABASE or NAME URL."
        )
    target = rest[0] if rest else name
    if "://" not in target:
        return Tenant(name=name, endpoint=base, database=target)
    endpoint, database = _place_of(target, number, base)
    return Tenant(name=name, endpoint=endpoint, database=database)


def _place_of(url: str, number: int, base: Endpoint) -> tuple[Endpoint, str]:
    """The endpoint of a URL; user and password are the base's where the URL has none."""
    others = {"IOTISTIC_BILLING_DB_NAME": "(billing)", "IOTISTIC_VPN_DB_NAME": "(vpn)"}
    try:
        named = dict(parse_database_url(url).settings)
        settings = load_settings({}, dotenv=None, overrides={"DATABASE_URL": url, **others})
    except Rejected as rejected:
        raise TenantsInvalid(f"Line {number}: {rejected.reason}", hint=rejected.suggestion) from None
    except SettingsInvalid as error:
        raise TenantsInvalid(f"Line {number}: {error.message}", hint=error.hint) from None
    if settings.database is None or "DB_NAME" not in named:
        raise TenantsInvalid(
            f"Line {number}: the URL names no database.", hint="postgresql://user@host:5432/database"
        )
    endpoint = settings.database
    if "DB_USER" not in named:
        endpoint = replace(endpoint, user=base.user, password=endpoint.password or base.password)
    return endpoint, named["DB_NAME"]


def _read_file(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SourceFailed(f"The list {path} cannot be read: {error.strerror}.", path=str(path)) from error


async def _query(statement: str, endpoint: Endpoint, database: str) -> list[str]:
    connection = await connect(endpoint, database, application_name="migrate:tenants")
    try:
        await connection.set_read_only(True)
        with translated():
            cursor = await connection.execute(statement.encode())
            rows = await cursor.fetchall()
    finally:
        await connection.close()
    return [" ".join(str(value) for value in row if value is not None) for row in rows]


async def _run(command: str, limit: float) -> list[str]:
    words = shlex.split(command)
    if not words:
        raise TenantsInvalid("The command that lists the tenants is empty.")
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise SourceFailed(f"{words[0]} cannot be run: {error.strerror}.") from error
    try:
        async with asyncio.timeout(limit):
            output, complaint = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise SourceFailed(f"{words[0]} did not list the tenants within {limit:.0f} s.") from error
    if process.returncode:
        said = complaint.decode(errors="replace").strip()[-_SHOWN:]
        raise SourceFailed(f"{words[0]} failed with exit code {process.returncode}: {said}")
    return output.decode(errors="replace").splitlines()
