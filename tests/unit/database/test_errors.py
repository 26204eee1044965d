import psycopg
import pytest
from psycopg import errors as pg

from iotistic.database.errors import (
    DatabaseUnavailable,
    LockNotAvailable,
    QueryCanceled,
    SchemaMissing,
    SerializationConflict,
    is_transient,
    translate,
)
from iotistic.errors import Conflict, Denied, Invalid, IotisticError


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (pg.ConnectionFailure(), DatabaseUnavailable),
        (pg.AdminShutdown(), DatabaseUnavailable),
        (pg.CannotConnectNow(), DatabaseUnavailable),
        (pg.DiskFull(), DatabaseUnavailable),
        (pg.TooManyConnections(), DatabaseUnavailable),
        (psycopg.OperationalError("no code: the connection broke"), DatabaseUnavailable),
        (pg.LockNotAvailable(), LockNotAvailable),
        (pg.QueryCanceled(), QueryCanceled),
        (pg.DeadlockDetected(), SerializationConflict),
        (pg.SerializationFailure(), SerializationConflict),
        (pg.UndefinedTable(), SchemaMissing),
        (pg.UndefinedColumn(), SchemaMissing),
        (pg.InsufficientPrivilege(), Denied),
        (pg.InvalidPassword(), Denied),
        (pg.UniqueViolation(), Conflict),
        (pg.CheckViolation(), Invalid),
        (pg.NumericValueOutOfRange(), Invalid),
        (psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"), Invalid),
    ],
)
def test_a_state_has_a_meaning(error: psycopg.Error, kind: type[IotisticError]) -> None:
    assert isinstance(translate(error), kind)


@pytest.mark.parametrize("error", [pg.SyntaxError(), psycopg.ProgrammingError("misuse of the driver")])
def test_a_bug_stays_what_it_is(error: psycopg.Error) -> None:
    assert translate(error) is None


@pytest.mark.parametrize("error", [pg.AdminShutdown(), pg.DeadlockDetected(), pg.LockNotAvailable()])
def test_what_may_pass_is_transient(error: psycopg.Error) -> None:
    assert is_transient(error)


@pytest.mark.parametrize("error", [pg.UniqueViolation(), pg.UndefinedTable(), ValueError()])
def test_what_stays_wrong_is_not_transient(error: Exception) -> None:
    assert not is_transient(error)
