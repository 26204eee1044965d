"""Which database a command is about, and a connection to it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Annotated

import typer

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.config import Endpoint, Settings
from iotistic.database.pool import Connection, connect

__all__ = ["Database", "Which", "database_name", "endpoint_of", "opened"]


class Database(StrEnum):
    """The three databases by role."""

    platform = "platform"
    billing = "billing"
    vpn = "vpn"


Which = Annotated[
    Database, typer.Option("--database", help="Which of the three databases; `iotistic` itself is platform.")
]


def database_name(settings: Settings, database: Database) -> str:
    """What the database of this role is called here."""
    return {
        "platform": settings.names.platform,
        "billing": settings.names.billing,
        "vpn": settings.names.vpn,
    }[database]


def endpoint_of(settings: Settings, role: str) -> Endpoint:
    """Where to connect as a role of ours, or as the superuser."""
    endpoints = Endpoints(settings)
    return endpoints.superuser() if role == "superuser" else endpoints.of(role)


@asynccontextmanager
async def opened(settings: Settings, database: Database, *, role: str) -> AsyncGenerator[Connection]:
    """An autocommit connection of a command; what it asks may take 30 s."""
    connection = await connect(
        endpoint_of(settings, role),
        database_name(settings, database),
        application_name="iotistic-db",
        autocommit=True,
        session_settings={"statement_timeout": "30000"},
    )
    try:
        yield connection
    finally:
        await connection.close()
