"""Walks to a database step by step and stops at the first that fails: the name, the way, encryption, the rules, the password."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Coroutine
from datetime import timedelta
from typing import Any, TypeVar, final

from iotistic.config import Endpoint
from iotistic.config.location import Surroundings, misplaced_host
from iotistic.operations.reach.causes import explain_name, explain_refusal, explain_way
from iotistic.operations.reach.model import Problem, Step, StepName
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


class _Stopped(Exception):
    def __init__(self, step: Step) -> None:
        super().__init__(step.observed)
        self.step = step


@final
class Walk:
    """The way to one database as one role. Reads nothing from it and leaves nothing in it."""

    def __init__(
        self,
        endpoint: Endpoint,
        database: str,
        *,
        surroundings: Surroundings,
        patience: timedelta = timedelta(seconds=5),
    ) -> None:
        self._endpoint = endpoint
        self._database = database
        self._patience = patience.total_seconds()
        self._host, self._port = endpoint.hosts[0]
        self._advice = misplaced_host(self._host, surroundings, external_port=_PUBLISHED_PORT)

    async def steps(self) -> AsyncGenerator[Step]:
        """Each step as it is done; the last one has the problem, if there is one."""
        conversation: Conversation | None = None
        try:
            if not self._host.startswith("/"):
                yield await self._find()
            conversation = await self._reach()
            yield Step(name="way", observed=f"something listens on port {self._port}")
            if not self._host.startswith("/") and self._endpoint.sslmode != "disable":
                yield await self._encrypt(conversation)
            greeting = await self._enter(conversation)
            yield Step(name="password", observed=f"the server lets {self._endpoint.user} in")
            yield Step(name="database", observed=f"{self._database} is there")
            yield _judge_state(greeting)
        except _Stopped as stopped:
            yield stopped.step
        finally:
            if conversation is not None:
                await conversation.close()

    async def _find(self) -> Step:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._host, self._port, type=1)
        except OSError as error:
            problem = explain_name(self._host, self._advice)
            raise _stop("name", f"{self._host} has no address", problem) from error
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
            raise _stop(
                "way", f"port {self._port} of {self._host}: {error.strerror or 'no answer'}", problem
            ) from error

    async def _encrypt(self, conversation: Conversation) -> Step:
        mode = self._endpoint.sslmode
        offered = await self._patiently(conversation.ask_for_tls(), "encryption")
        if not offered:
            if mode in {"allow", "prefer"}:
                return Step(
                    name="encryption",
                    observed=f"the server offers no TLS, and sslmode={mode} goes on without",
                )
            raise _stop(
                "encryption",
                f"the server offers no TLS, and sslmode={mode} asks for it",
                Problem(
                    code="tls_missing",
                    cause="The server has no certificate (ssl = off).",
                    fix="Give it one; on a network that only the two share, DB_SSLMODE=disable.",
                ),
            )
        try:
            await conversation.start_tls(self._context(), self._host)
        except FileNotFoundError as error:
            raise _stop(
                "encryption",
                f"{error.filename} is not there",
                Problem(
                    code="tls_file_missing",
                    cause="There is nothing to check the server's certificate against, or our own is missing.",
                    fix="DB_SSLROOTCERT=/path/ca.pem, or `system` for a public authority.",
                ),
            ) from error
        except ssl.SSLError as error:
            raise _stop(
                "encryption",
                str(getattr(error, "verify_message", "") or error.reason),
                _untrusted(error, self._host),
            ) from error
        return Step(name="encryption", observed=f"the connection is encrypted (sslmode={mode})")

    def _context(self) -> ssl.SSLContext:
        mode, root = self._endpoint.sslmode, self._endpoint.sslrootcert
        context = ssl.create_default_context(
            cafile=None if root is None or str(root) == "system" else str(root)
        )
        context.check_hostname = mode == "verify-full"
        if mode not in {"verify-ca", "verify-full"}:
            context.verify_mode = ssl.CERT_NONE
        if self._endpoint.sslcert is not None:
            context.load_cert_chain(self._endpoint.sslcert, self._endpoint.sslkey)
        return context

    async def _enter(self, conversation: Conversation) -> Greeting:
        login = conversation.log_in(
            user=self._endpoint.user, database=self._database, password=self._endpoint.password
        )
        try:
            return await self._patiently(login, "rules")
        except Refused as refused:
            step, problem = explain_refusal(refused, self._endpoint, self._database)
            raise _stop(step, f"refused with SQLSTATE {refused.sqlstate}", problem) from refused
        except PasswordMissing as error:
            raise _stop(
                "password",
                "the server asks for a password, and none is set",
                Problem(
                    code="password_missing",
                    cause="DB_PASSWORD is empty.",
                    fix="Set DB_PASSWORD or DB_PASSWORD_FILE.",
                ),
            ) from error
        except Unsupported as error:
            raise _stop(
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
            raise _stop(
                step,
                str(error),
                Problem(
                    code="not_postgres",
                    cause="Something else has that port: a web server, a proxy, or a server that hangs up at once.",
                    fix="Correct DB_PORT.",
                ),
            ) from error
        except TimeoutError as error:
            raise _stop(
                step,
                "it accepts the connection and says nothing",
                Problem(
                    code="silent",
                    cause="A proxy without a server behind it, or a server too busy to start a session.",
                    fix="Look at the proxy's backends, and at the load of the server.",
                ),
            ) from error
        except (EOFError, ConnectionError) as error:
            raise _stop(
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


def _untrusted(error: ssl.SSLError, host: str) -> Problem:
    mismatch = 62  # X509_V_ERR_HOSTNAME_MISMATCH
    address_mismatch = 64
    if getattr(error, "verify_code", 0) in {mismatch, address_mismatch}:
        return Problem(
            code="tls_wrong_name",
            cause=f"The server's certificate is for another name than {host}.",
            fix="Connect by the name in the certificate; do not lower the mode.",
        )
    return Problem(
        code="tls_untrusted",
        cause="The server's certificate is from an authority that is not trusted here, has expired, or is no certificate.",
        fix="DB_SSLROOTCERT=/path/ca.pem of its authority; renew an expired one and reload the server.",
    )


def _stop(name: StepName, observed: str, problem: Problem) -> _Stopped:
    return _Stopped(Step(name=name, observed=observed, problem=problem))
