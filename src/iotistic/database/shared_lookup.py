"""One question that many ask at the same time: on a session of its own, planned once, and whoever asks while it is under way shares the next.

When ten thousand devices come back at once, each of them is a row of some statement instead of a statement. libpq is driven directly: for
a single row the rest of the driver costs more than the server does (`benchmarks/keys.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, LiteralString, TypeVar, cast, final

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, Format
from psycopg.pq.abc import PGresult

from iotistic.database.errors import DatabaseUnavailable, translated
from iotistic.database.pool import Connection
from iotistic.errors import Unavailable

__all__ = ["PLANNED_ONCE", "SharedLookup"]

T = TypeVar("T")

PLANNED_ONCE = {
    "plan_cache_mode": "force_generic_plan",
    # A plan that is kept must not be one that was best for a table of ten rows.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "jit": "off",
}
"""Settings of a session that finds a few rows by their keys, for as long as it lives."""

_NAME = b"lookup"
_PAUSE = 0.1
"""Seconds between two attempts to reach a server that is away."""


@final
class _Question:
    """What somebody asked, and waits for."""

    __slots__ = ("_answer", "is_repeated", "key")

    def __init__(self, key: str) -> None:
        self.key = key
        self.is_repeated = False
        self._answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()

    async def answer(self) -> object:
        return await self._answer

    def settle(self, found: object) -> None:
        if not self._answer.done():  # whoever asked may have gone
            self._answer.set_result(found)

    def fail(self, error: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(error)


@final
class _Session:
    """A connection whose socket is watched, and the statement prepared on it."""

    def __init__(self, connection: Connection, when_readable: Callable[[], None]) -> None:
        self._pgconn = connection.pgconn
        self._transformer = Transformer(
            connection
        )  # kept: to make what loads twenty columns costs more than loading them
        self._names: tuple[str, ...] = ()
        self._loop = asyncio.get_running_loop()
        self._socket = self._pgconn.socket  # kept: libpq forgets the number of one that the server closed
        self._loop.add_reader(self._socket, when_readable)

    def send(self, keys: list[str]) -> None:
        parameters = self._transformer.dump_sequence([keys], [PyFormat.BINARY])
        self._pgconn.send_query_prepared(
            _NAME, parameters, param_formats=[Format.BINARY], result_format=Format.BINARY
        )
        self._flush()

    def receive(self) -> PGresult | None:
        """The answer, once it is complete. Raises OperationalError when the session is gone, or was moved to a standby."""
        self._pgconn.consume_input()
        if self._pgconn.is_busy():
            return None
        last = None
        while (result := self._pgconn.get_result()) is not None:
            last = result
        if self._pgconn.status != ConnStatus.OK or (last is not None and _is_farewell(last)):
            raise psycopg.OperationalError("the session is gone")
        if self._pgconn.parameter_status(b"in_hot_standby") == b"on":
            raise psycopg.OperationalError("connected to a standby")
        return last

    def read(self, result: PGresult) -> list[dict[str, object]]:
        if not self._names:
            self._names = tuple((result.fname(number) or b"").decode() for number in range(result.nfields))
        self._transformer.set_pgresult(result, format=Format.BINARY)
        rows = self._transformer.load_rows(0, result.ntuples, tuple)
        self._transformer.set_pgresult(None)
        return [dict(zip(self._names, row, strict=True)) for row in rows]

    def leave(self) -> None:
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._pgconn.finish()

    def _flush(self) -> None:
        """What the socket does not take at once goes when it does."""
        if self._pgconn.flush():
            self._loop.add_writer(self._socket, self._flush_more)

    def _flush_more(self) -> None:
        self._loop.remove_writer(self._socket)
        try:
            self._flush()
        except psycopg.OperationalError:
            return  # the reader learns of it, too


@final
class SharedLookup(Generic[T]):
    """Rows by their keys, at most `most` a statement, one statement at a time.

    The statement has one parameter, the keys, written `%(keys)s::text []`; `model` is made of its columns by name, and `key_of` tells which
    key a row answers. `connect` opens a direct autocommit session with `PLANNED_ONCE`: at the first question, and again after it was
    lost; questions that were under way are then asked once more.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        statement: LiteralString,
        model: Callable[..., T],
        *,
        key_of: Callable[[T], str],
        most: int = 500,
        patience: timedelta = timedelta(seconds=10),
    ) -> None:
        """`patience`: how long questions wait for a server that is away."""
        self._connect = connect
        self._statement = b"PREPARE lookup (text[]) AS " + statement.replace("%(keys)s", "$1").encode()
        self._model = model
        self._key_of = key_of
        self._most = most
        self._patience = patience.total_seconds()
        self._waiting: list[_Question] = []
        self._asked: list[_Question] = []
        self._session: _Session | None = None
        self._opening: asyncio.Task[None] | None = None

    async def find(self, key: str) -> T | None:
        """The row of this key as it is after this call began, or None. Raises DatabaseUnavailable, or what else PostgreSQL says."""
        if "\0" in key:
            return None  # no text has one
        question = _Question(key)
        self._waiting.append(question)
        self._go_on()
        with translated():
            return cast("T | None", await question.answer())

    async def close(self) -> None:
        """Ends the session; whoever still waits is told that the database is unavailable."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait({self._opening})
        self._leave()
        self._fail(DatabaseUnavailable("The process is stopping."))

    def _go_on(self) -> None:
        if self._asked or not self._waiting or self._opening is not None:
            return
        if self._session is None:
            self._opening = asyncio.create_task(self._open(), name="shared lookup")
            return
        self._asked, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            self._session.send([question.key for question in self._asked])
        except psycopg.OperationalError as error:
            self._ask_again(error)
        except Exception as error:  # noqa: BLE001 - whoever asked is told, and does not wait for ever
            self._fail(error)

    def _read(self) -> None:
        if self._session is None:
            return
        try:
            result = self._session.receive()
        except psycopg.OperationalError as error:
            self._ask_again(error)
            return
        if result is not None:
            self._answer(self._session, result)
            self._go_on()

    def _answer(self, session: _Session, result: PGresult) -> None:
        asked, self._asked = self._asked, []
        try:
            found = self._found(session, result)
        except Exception as error:  # noqa: BLE001 - whoever asked is told, and does not wait for ever
            self._leave()  # the next one prepares anew: the statement may have been what is wrong
            for question in asked:
                question.fail(error)
            return
        for question in asked:
            question.settle(found.get(question.key))

    def _found(self, session: _Session, result: PGresult) -> dict[str, T]:
        if result.status != ExecStatus.TUPLES_OK:
            raise error_from_result(result)
        rows = [self._model(**row) for row in session.read(result)]
        return {self._key_of(row): row for row in rows}

    def _ask_again(self, error: psycopg.OperationalError) -> None:
        """The session is gone: what was under way is asked once more on the next."""
        self._leave()
        asked, self._asked = self._asked, []
        self._waiting[:0] = [question for question in asked if not question.is_repeated]
        for question in asked:
            if question.is_repeated:
                question.fail(error)
            question.is_repeated = True
        self._go_on()

    def _leave(self) -> None:
        if self._session is not None:
            self._session.leave()
            self._session = None

    def _fail(self, error: Exception) -> None:
        failed, self._waiting, self._asked = [*self._asked, *self._waiting], [], []
        for question in failed:
            question.fail(error)

    async def _open(self) -> None:
        try:
            self._session = _Session(await self._prepared(), self._read)
        except Exception as error:  # noqa: BLE001 - whoever asked is told, and does not wait for ever
            self._fail(error)
        finally:
            self._opening = None
        self._go_on()

    async def _prepared(self) -> Connection:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        while True:
            try:
                return await self._attempt()
            except (Unavailable, psycopg.OperationalError):
                if loop.time() >= until:
                    raise
            await asyncio.sleep(_PAUSE)

    async def _attempt(self) -> Connection:
        connection = await self._connect()
        try:
            await connection.execute(self._statement)
        except BaseException:
            await connection.close()
            raise
        return connection


def _is_farewell(result: PGresult) -> bool:
    """Whether the server ends the session with it: it restarts, or somebody ended the session."""
    return result.status == ExecStatus.FATAL_ERROR and result.error_field(
        DiagnosticField.SEVERITY_NONLOCALIZED
    ) in {b"FATAL", b"PANIC"}
