"""The only place that builds SQL from names. Everything else sends literal statements with parameters."""

import re
from datetime import UTC, datetime

from psycopg import sql

from iotistic.errors import Invalid

__all__ = [
    "MAX_OCTETS",
    "IdentifierRejected",
    "checked",
    "identifier",
    "timestamp_literal",
]

MAX_OCTETS = 63
"""NAMEDATALEN - 1: PostgreSQL cuts longer names silently, so that two could become one."""

_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class IdentifierRejected(Invalid):
    """A name that this platform does not give to anything in a database."""

    code = "identifier_rejected"


def checked(name: str) -> str:
    """`name` itself, if it is lower-case snake_case and short enough; raises IdentifierRejected otherwise."""
    if not _NAME.fullmatch(name) or len(name.encode()) > MAX_OCTETS:
        raise IdentifierRejected(
            f"{name!r} is no identifier here: lower-case letters, digits and _, not starting with a digit, at most 63.",
            name=name,
        )
    return name


def identifier(*names: str) -> sql.Identifier:
    """A quoted, possibly qualified identifier for a composed statement: `identifier("public", "device_metrics")`."""
    return sql.Identifier(*(checked(name) for name in names))


def timestamp_literal(moment: datetime) -> sql.Literal:
    """A timestamptz literal in UTC for DDL, where parameters are not allowed. Raises ValueError on a naive time."""
    if moment.tzinfo is None:
        raise ValueError("a timestamp without zone has no place here")
    return sql.Literal(moment.astimezone(UTC).isoformat())
