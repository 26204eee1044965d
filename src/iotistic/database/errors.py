"""Driver errors become ours here, once, by SQLSTATE and constraint name, never by message text.

SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import psycopg

from iotistic.errors import Conflict, Denied, Invalid, IotisticError, Unavailable

__all__ = [
    "ConstraintErrors",
    "DatabaseDenied",
    "DatabaseUnavailable",
    "LockNotAvailable",
    "QueryCanceled",
    "ReadOnlyServer",
    "SchemaMissing",
    "SerializationConflict",
    "ValueRejected",
    "is_transient",
    "translate",
    "translated",
]

_MakeError = Callable[[psycopg.Error], IotisticError]
ConstraintErrors = Mapping[str, _MakeError]
"""Constraint name -> what a violation of it means in the domain's words."""


class DatabaseUnavailable(Unavailable):
    """The server cannot be reached, is starting, stopping, or out of room or connections."""

    code = "database_unavailable"


class ReadOnlyServer(DatabaseUnavailable):
    """Connected to a standby, or to a server that refuses writes."""

    code = "database_read_only"


class LockNotAvailable(Unavailable):
    """Another session holds what was needed for longer than `lock_timeout`."""

    code = "lock_not_available"


class QueryCanceled(Unavailable):
    """A statement ran into its timeout, or an operator canceled it."""

    code = "query_canceled"


class SerializationConflict(Unavailable):
    """A deadlock or serialization failure: the transaction is gone, repeating it is safe."""

    code = "serialization_conflict"


class SchemaMissing(Unavailable):
    """A table, column or function does not exist: the schema is older than the code."""

    code = "schema_missing"


class DatabaseDenied(Denied):
    """The database role may not do this."""

    code = "database_denied"


class ValueRejected(Invalid):
    """PostgreSQL refused a value: out of range, malformed, or against a constraint no domain spoke for."""

    code = "value_rejected"


_RETRY = timedelta(seconds=1)
_MIGRATE = "Run `iotistic migrate status` to see what is pending, then `iotistic migrate`."


def _unavailable(error: psycopg.Error) -> IotisticError:
    return DatabaseUnavailable(
        "The database cannot answer now.",
        hint="Run `iotistic status`; the server may be starting, stopping or out of reach.",
        retry_after=_RETRY,
        sqlstate=error.sqlstate,
    )


def _read_only(error: psycopg.Error) -> IotisticError:
    return ReadOnlyServer(
        "The database refuses writes: this is a standby or a read-only session.",
        hint="Name the primary in DB_HOST, or list every host: the first that accepts writes is taken.",
        retry_after=_RETRY,
        sqlstate=error.sqlstate,
    )


def _lock(error: psycopg.Error) -> IotisticError:
    return LockNotAvailable("A lock was not available in time.", retry_after=_RETRY, sqlstate=error.sqlstate)


def _canceled(error: psycopg.Error) -> IotisticError:
    return QueryCanceled(
        "A statement was canceled or ran into its time limit.", retry_after=_RETRY, sqlstate=error.sqlstate
    )


def _serialization(error: psycopg.Error) -> IotisticError:
    return SerializationConflict(
        "The transaction met a concurrent one.", retry_after=_RETRY, sqlstate=error.sqlstate
    )


def _schema(error: psycopg.Error) -> IotisticError:
    return SchemaMissing(
        f"The schema lacks something this program needs: {error.diag.message_primary}.",
        hint=_MIGRATE,
        sqlstate=error.sqlstate,
    )


def _denied(error: psycopg.Error) -> IotisticError:
    return DatabaseDenied(
        f"The database role may not do this: {error.diag.message_primary}.",
        hint="Connect as the role meant for it: `iotistic db url --role owner` prints one.",
        sqlstate=error.sqlstate,
    )


def _constraint(error: psycopg.Error) -> IotisticError:
    name = error.diag.constraint_name
    kind = Conflict if error.sqlstate in {"23505", "23P01"} else ValueRejected
    return kind(
        f"The value breaks the rule {name or error.diag.message_primary}.",
        constraint=name,
        sqlstate=error.sqlstate,
    )


def _value(error: psycopg.Error) -> IotisticError:
    return ValueRejected(
        f"PostgreSQL refused a value: {error.diag.message_primary}.", sqlstate=error.sqlstate
    )


# The longest prefix of the SQLSTATE that is listed decides.
_BY_PREFIX: dict[str, _MakeError] = {
    "08": _unavailable,  # connection exceptions
    "22": _value,  # data exceptions
    "23": _constraint,  # integrity constraints
    "25006": _read_only,
    "28": _denied,  # authentication
    "3D000": _schema,  # no such database
    "40": _serialization,
    "42501": _denied,
    "42P01": _schema,  # no such table
    "42703": _schema,  # no such column
    "42883": _schema,  # no such function
    "53": _unavailable,  # out of disk, memory, connections
    "55006": _lock,  # object in use
    "55P03": _lock,
    "57014": _canceled,
    "57P": _unavailable,  # shutting down, starting up
    "58": _unavailable,  # disk trouble
}


def translate(error: psycopg.Error, constraints: ConstraintErrors | None = None) -> IotisticError | None:
    """What `error` means, or None when it is no known condition: a bug then, to be seen as it is."""
    named = (constraints or {}).get(error.diag.constraint_name or "")
    if named is not None:
        return named(error)
    state = error.sqlstate
    if state is None:
        # A value that psycopg itself cannot send (a NUL in text) never reached the server.
        if isinstance(error, psycopg.DataError):
            return ValueRejected(f"The value cannot be sent to PostgreSQL: {error}.")
        # Failures of connecting and of a cut connection carry no SQLSTATE in psycopg.
        return _unavailable(error) if isinstance(error, psycopg.OperationalError) else None
    for length in (5, 3, 2):
        make = _BY_PREFIX.get(state[:length])
        if make is not None:
            return make(error)
    return None


@contextmanager
def translated(constraints: ConstraintErrors | None = None) -> Generator[None]:
    """Driver errors raised inside leave as ours, `from` the original; unknown ones leave as they are."""
    try:
        yield
    except psycopg.Error as error:
        ours = translate(error, constraints)
        if ours is None:
            raise
        raise ours from error


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed on a new attempt: the connection, a lock, a deadlock or a timeout got in the way."""
    if isinstance(error, psycopg.Error):
        ours = translate(error)
        return isinstance(ours, Unavailable) and not isinstance(ours, SchemaMissing)
    return isinstance(error, Unavailable) and not isinstance(error, SchemaMissing)
