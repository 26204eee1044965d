"""Walks to a database step by step and stops at the first that fails: the name, the way, encryption, the rules, the password."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar, final

from iotistic.config import Endpoint
from iotistic.config.location import Surroundings, misplaced_host
from iotistic.operations.reach.causes import explain_name, explain_refusal, explain_way
from iotistic.operations.reach.encryption import Encryption
from iotistic.operations.reach.model import Problem, Step, StepName, Stopped, stopped
from iotistic.operations.reach.protocol import (
    Conversation,
    Greeting,
    NotPostgres,
    PasswordMissing,
    Refused,
    Unsupported,
)

__all__ = ["Walk"]

T = TypeVar("T")

_PUBLISHED_PORT = 5432


@final
class Walk:
    """The ways to one database as one role, host by host. Reads nothing from it and leaves nothing in it."""

    def __init__(
        self,
        endpoint: Endpoint,
        database: str,
        *,
        surroundings: Surroundings,
        patience: timedelta = timedelta(seconds=5),
    ) -> None:
        self._ways = [
            _Way(replace(endpoint, hosts=(place,)), database, surroundings=surroundings, patience=patience)
            for place in endpoint.hosts
        ]

    async def steps(self) -> AsyncGenerator[Step]:
        """Each step as it is done; the last one has the problem, if there is one. Where a host fails the next one is tried."""
        for way in self._ways:
            last: Step | None = None
            async for step in way.steps():
                yield step
                last = step
            if last is not None and last.problem is None:
                return


@final
class _Way:
    """The way to the one host of `endpoint`."""

    def __init__(
        self, endpoint: Endpoint, database: str, *, surroundings: Surroundings, patience: timedelta
    ) -> None:
        self._endpoint = endpoint
        self._database = database
        self._patience = patience.total_seconds()
        ((self._host, self._port),) = endpoint.hosts
        self._advice = misplaced_host(self._host, surroundings, external_port=_PUBLISHED_PORT)

    async def steps(self) -> AsyncGenerator[Step]:
        conversation: Conversation | None = None
        try:
            if not self._host.startswith("/"):
                yield await self._find()
            conversation = await self._reach()
            yield Step(name="way", observed=f"something listens on port {self._port}")
            if not self._host.startswith("/") and self._endpoint.sslmode != "disable":
                encryption = Encryption(self._endpoint, self._host)
                yield await self._patiently(encryption.begin(conversation), "encryption")
            greeting = await self._enter(conversation)
            yield Step(name="password", observed=f"the server lets {self._endpoint.user} in")
            yield Step(name="database", observed=f"{self._database} is there")
            yield _judge_state(greeting)
        except Stopped as end:
            yield end.step
        finally:
            if conversation is not None:
                await conversation.close()

    async def _find(self) -> Step:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._host, self._port, type=1)
        except OSError as error:
            problem = explain_name(self._host, self._advice)
            raise stopped("name", f"{self._host} has no address", problem) from error
        addresses = sorted({str(entry[4][0]) for entry in found})
        return Step(name="name", observed=f"{self._host} is {', '.join(addresses)}")

    async def _reach(self) -> Conversation:
        try:
            async with asyncio.timeout(self._patience):
                if self._host.startswith("/"):
                    path = f"{self._host}/.s.PGSQL.{self._port}"
                    return Conversation(*await asyncio.open_unix_connection(path))
                return Conversation(*await asyncio.open_connection(self._host, self._port))
        except OSError as error:  # TimeoutError is one
            problem = explain_way(error, self._host, self._port, self._advice)
            raise stopped(
                "way", f"port {self._port} of {self._host}: {error.strerror or 'no answer'}", problem
            ) from error

    async def _enter(self, conversation: Conversation) -> Greeting:
        login = conversation.log_in(
            user=self._endpoint.user, database=self._database, password=self._endpoint.password
        )
        try:
            return await self._patiently(login, "rules")
        except Refused as refused:
            step, problem = explain_refusal(refused, self._endpoint, self._database)
            raise stopped(step, f"refused with SQLSTATE {refused.sqlstate}", problem) from refused
        except PasswordMissing as error:
            raise stopped(
                "password",
                "the server asks for a password, and none is set",
                Problem(
                    code="password_missing",
                    cause="DB_PASSWORD is empty.",
                    fix="Set DB_PASSWORD or DB_PASSWORD_FILE.",
                ),
            ) from error
        except Unsupported as error:
            raise stopped(
                "password",
                f"the server asks for {error}",
                Problem(
                    code="method_unsupported",
                    cause="This probe knows SCRAM-SHA-256, md5 and password; GSSAPI and others it does not.",
                    fix="Try with psql: `iotistic db psql`.",
                ),
            ) from error

    async def _patiently(self, work: Coroutine[Any, Any, T], step: StepName) -> T:
        """The answer, unless the other side is silent, hangs up or is no PostgreSQL."""
        try:
            async with asyncio.timeout(self._patience):
                return await work
        except NotPostgres as error:
            raise stopped(
                step,
                str(error),
                Problem(
                    code="not_postgres",
                    cause="Something else has that port: a web server, a proxy, or a server that hangs up at once.",
                    fix="Correct DB_PORT.",
                ),
            ) from error
        except TimeoutError as error:
            raise stopped(
                step,
                "it accepts the connection and says nothing",
                Problem(
                    code="silent",
                    cause="A proxy without a server behind it, or a server too busy to start a session.",
                    fix="Look at the proxy's backends, and at the load of the server.",
                ),
            ) from error
        except (EOFError, ConnectionError) as error:
            raise stopped(
                step,
                "it hung up in the middle",
                Problem(
                    code="hung_up",
                    cause="The server's process died, was stopped, or a proxy lost its backend.",
                    fix="Read the server's log; look for the kernel's out-of-memory killer.",
                ),
            ) from error


def _judge_state(greeting: Greeting) -> Step:
    version = greeting.parameters.get("server_version", "?")
    standby = greeting.parameters.get("in_hot_standby") == "on"
    frozen = greeting.parameters.get("default_transaction_read_only") == "on"
    if standby or frozen:
        return Step(
            name="state",
            observed=f"PostgreSQL {version} refuses writes",
            problem=Problem(
                code="25006",
                cause="This is a standby, or a primary that was demoted."
                if standby
                else "default_transaction_read_only is on for this role, database or server.",
                fix="List all hosts in DB_HOST: the first that accepts writes is taken."
                if standby
                else "Use a role that may write, or ALTER ... RESET default_transaction_read_only.",
            ),
        )
    return Step(name="state", observed=f"PostgreSQL {version} accepts writes")
