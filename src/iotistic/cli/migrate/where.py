"""Which histories in which databases a command is about."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from iotistic.cli.options import settings_from
from iotistic.config import Endpoint, Settings, environment, load_settings
from iotistic.config.url import parse_database_url
from iotistic.migrations import SERVICES, History

__all__ = [
    "Database",
    "Dir",
    "Place",
    "Schema",
    "Service",
    "Table",
    "Which",
    "history_of",
    "is_ours",
    "places",
]


class Database(StrEnum):
    """The three databases by role, or all of them."""

    platform = "platform"
    billing = "billing"
    vpn = "vpn"
    all = "all"


Which = Annotated[Database, typer.Option("--database", help="Which of the three databases, or all of them.")]
Dir = Annotated[
    Path | None,
    typer.Option(
        "--dir", metavar="PATH", help="A folder of migrations instead of the ones that came with iotistic."
    ),
]
Service = Annotated[
    str | None, typer.Option("--service", help="With --dir: the name of the history in locks and messages.")
]
Schema = Annotated[str, typer.Option("--schema", help="The schema of the history's table.")]
Table = Annotated[str, typer.Option("--table", help="The history's table.")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One history in one database."""

    endpoint: Endpoint
    """The server, as the owner of the schema."""
    database: str
    """The database."""
    history: History
    """The files."""


def history_of(
    which: Database,
    folder: Path | None,
    service: str | None,
    schema: str = "public",
    table: str = "schema_migrations",
) -> History:
    """The history a command is about: one that ships, or a folder of anybody's."""
    if folder is None:
        shipped = SERVICES[which.value]
        return History(service=shipped.service, folder=shipped.folder, schema=schema, table=table)
    path = folder.expanduser().absolute()
    return History(service=service or path.name, folder=path, schema=schema, table=table)


def is_ours(history: History) -> bool:
    """Whether a history ships with this package."""
    shipped = SERVICES.get(history.service)
    return shipped is not None and shipped.folder == history.folder


def places(
    which: Database,
    *,
    folder: Path | None,
    service: str | None,
    schema: str,
    table: str,
    url: str | None,
    data_dir: Path | None,
) -> tuple[Place, ...]:
    """Where a command works. A database named in --url is the one that is meant, whatever the service."""
    if which is Database.all and (folder is not None or url is not None):
        raise typer.BadParameter("all goes with neither --dir nor --url", param_hint="--database")
    settings, named = _settings(url, data_dir)
    endpoint = settings.direct or settings.database or _embedded(settings)
    chosen = [Database.platform, Database.billing, Database.vpn] if which is Database.all else [which]
    return tuple(
        Place(
            endpoint=endpoint,
            database=settings.names.platform if named else getattr(settings.names, one.value),
            history=history_of(one, folder, service, schema, table),
        )
        for one in chosen
    )


def _embedded(settings: Settings) -> Endpoint:
    """The embedded server, as the owner of the schema."""
    from iotistic.bootstrap.endpoints import Endpoints  # noqa: PLC0415 - loads every domain, needed only without a URL

    return Endpoints(settings).of("owner")


def _settings(url: str | None, data_dir: Path | None) -> tuple[Settings, bool]:
    """The settings, and whether the URL names a database."""
    if url is None or not dict(parse_database_url(url).settings).get("DB_NAME"):
        return settings_from(data_dir, url), False
    # The URL's database may be the billing or the vpn one: its name must not clash with theirs.
    overrides = {
        "DATABASE_URL": url,
        "IOTISTIC_BILLING_DB_NAME": "(billing)",
        "IOTISTIC_VPN_DB_NAME": "(vpn)",
    }
    if data_dir is not None:
        overrides["IOTISTIC_DATA_DIR"] = str(data_dir.expanduser().absolute())
    return load_settings(environment(), dotenv=Path(".env"), overrides=overrides), True
