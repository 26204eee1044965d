"""One direct connection that speaks pipelines: several commands in one round trip, and which one failed.

psycopg's own pipeline hides which command an error belongs to and costs a cursor each; libpq's, driven here directly,
gives the failed command's number and the server's whole report. A command goes through the extended protocol, one
statement each, so no text can smuggle in a second one.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self, final

import psycopg
from psycopg.pq import ConnStatus, ExecStatus

from iotistic.database.pool import Connection
from iotistic.migrations.answers import Answers, CommandFailed, ConnectionLost, Row, ServerReport, report_of

__all__ = ["Command", "Session"]

# How long a server may take to answer a cancel before the connection is cut instead, and before it is asked again: a cancel that
# arrives between two statements of a pipeline stops nothing.
_CANCEL_PATIENCE: Final = 5.0
_CANCEL_AGAIN: Final = 0.25


@dataclass(frozen=True, slots=True)
class Command:
    """One statement with its parameters, in text form."""

    sql: str
    parameters: tuple[str | None, ...] = ()
    milestone: bool = False
    """Whether the server shall answer at once instead of with the rest, because somebody watches the progress."""


@final
class Session:
    """A connection in pipeline mode. Not for two tasks at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._pgconn.enter_pipeline_mode()
        self.backend_pid = self._pgconn.backend_pid
        """The process id the server gave at the start; behind a pooler, the pooler's invention."""
        self.server_version: int = self._pgconn.server_version

    @property
    def lost(self) -> bool:
        """Whether the connection is gone."""
        return self._pgconn.status != ConnStatus.OK

    async def rows(self, command: Command) -> list[Row]:
        """The rows of one command."""
        return (await self.pipeline([command]))[0]

    async def pipeline(
        self, commands: Sequence[Command], *, on_rows: Callable[[int, list[Row]], None] | None = None
    ) -> list[list[Row]]:
        """Sends all commands at once and answers their rows.

        Without BEGIN among them they are one transaction. `on_rows` hears each answer as it comes. Raises CommandFailed
        with the number of the command that failed: all after it are skipped by the server; ConnectionLost when the
        connection ends. When the task is cancelled the running statement is cancelled on the server, and CancelledError
        leaves only after the server has stopped working.
        """
        pgconn = self._pgconn
        try:
            for command in commands:
                encoded = [None if value is None else value.encode() for value in command.parameters]
                pgconn.send_query_params(command.sql.encode(), encoded)
                if command.milestone:
                    pgconn.send_flush_request()
            pgconn.pipeline_sync()
        except psycopg.OperationalError as error:
            raise self._lost_by(error) from error
        answers = Answers(len(commands), on_rows)
        try:
            await self._pump(answers)
        except asyncio.CancelledError:
            await self._cancel(answers)
            raise
        if answers.failed is not None:
            raise answers.failed
        return answers.rows

    async def copy_in(self, command: str, data: str) -> None:
        """Runs one COPY ... FROM STDIN with its data. Raises as `pipeline`, with 0 as the command's number."""
        self._pgconn.exit_pipeline_mode()
        try:
            await self._copy(command, data)
        finally:
            if not self.lost:
                self._pgconn.enter_pipeline_mode()

    def hear_notices(self, hear: Callable[[str, str], None]) -> None:
        """From now on `hear` is told severity and message of what the server says beside its answers."""

        def handle(said: psycopg.errors.Diagnostic) -> None:
            hear(said.severity_nonlocalized or said.severity or "NOTICE", said.message_primary or "")

        self._connection.add_notice_handler(handle)

    async def close(self) -> None:
        """Ends the session; its transaction and its locks go with it."""
        await self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _copy(self, command: str, data: str) -> None:
        pgconn = self._pgconn
        try:
            pgconn.send_query(command.encode())
            status = await self._first_status()
            if status != ExecStatus.COPY_IN:
                return
            payload = data.encode()
            for start in range(0, len(payload), 65536):
                while pgconn.put_copy_data(payload[start : start + 65536]) == 0:
                    await self._flushed()
            while pgconn.put_copy_end() == 0:
                await self._flushed()
            await self._flushed()
            await self._first_status()
        except psycopg.OperationalError as error:
            raise self._lost_by(error) from error

    async def _first_status(self) -> int:
        """Reads to the end of one answer outside the pipeline; raises CommandFailed when it is an error."""
        failed: CommandFailed | None = None
        status = 0
        while True:
            await self._readable_result()
            result = self._pgconn.get_result()
            if result is None:
                break
            status = result.status
            if status == ExecStatus.FATAL_ERROR:
                failed = CommandFailed(0, report_of(result))
            if status == ExecStatus.COPY_IN:
                return status
        if self.lost:
            raise ConnectionLost("the connection was lost", failed.report if failed else None)
        if failed is not None:
            raise failed
        return status

    async def _readable_result(self) -> None:
        await self._flushed()
        while self._pgconn.is_busy():
            await self._ready(write=False)
            self._pgconn.consume_input()

    async def _flushed(self) -> None:
        while self._pgconn.flush():
            await self._ready(write=True)
            self._pgconn.consume_input()

    async def _pump(self, answers: Answers) -> None:
        pgconn = self._pgconn
        try:
            unsent = pgconn.flush()
            while not answers.complete():
                await self._ready(write=bool(unsent))
                pgconn.consume_input()
                unsent = pgconn.flush()
                while not answers.complete() and not pgconn.is_busy():
                    answers.take(pgconn.get_result())
                    if pgconn.status != ConnStatus.OK:
                        raise ConnectionLost("the server closed the connection", answers.report)
        except psycopg.OperationalError as error:
            raise self._lost_by(error, answers.report) from error

    async def _cancel(self, answers: Answers) -> None:
        """Stops what the server is doing and reads on to the end, so that the session is usable and the outcome known."""
        try:
            async with asyncio.timeout(_CANCEL_PATIENCE):
                while not answers.complete():
                    await self._connection.cancel_safe(timeout=_CANCEL_PATIENCE)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_CANCEL_AGAIN):
                            await self._pump(answers)
        except (TimeoutError, ConnectionLost, psycopg.Error):
            self._pgconn.finish()

    def _lost_by(self, error: psycopg.OperationalError, report: ServerReport | None = None) -> ConnectionLost:
        # A FATAL that arrived with the end of the connection is still in libpq's queue and says why.
        with contextlib.suppress(psycopg.Error):
            while report is None and (result := self._pgconn.get_result()) is not None:
                report = report_of(result) if result.status == ExecStatus.FATAL_ERROR else None
        return ConnectionLost(str(error).strip() or "the connection was lost", report)

    async def _ready(self, *, write: bool) -> None:
        """Returns when the socket can be read, or written if `write`."""
        loop = asyncio.get_running_loop()
        descriptor = self._pgconn.socket
        ready: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            if not ready.done():
                ready.set_result(None)

        loop.add_reader(descriptor, wake)
        if write:
            loop.add_writer(descriptor, wake)
        try:
            await ready
        finally:
            loop.remove_reader(descriptor)
            if write:
                loop.remove_writer(descriptor)
