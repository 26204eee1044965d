"""A password that is stretched once for many sign-ins at one server."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from iotistic.config import Endpoint
from iotistic.database.errors import DatabaseUnavailable
from iotistic.database.pool import connect
from iotistic.database.scram import stretched_once
from iotistic.database.server import RunningServer
from iotistic.secret import Secret


@pytest_asyncio.fixture
async def endpoint(server: RunningServer) -> AsyncIterator[Endpoint]:
    """A role of the test's own, with a password."""
    await administer(server, "CREATE ROLE stretched LOGIN PASSWORD 'a long password, with a comma'")
    yield replace(
        server.endpoint, user="stretched", password=Secret("a long password, with a comma"), sslmode="prefer"
    )
    await administer(server, "DROP ROLE stretched")


async def administer(server: RunningServer, statement: str) -> None:
    connection = await connect(server.endpoint, "postgres", application_name="test", autocommit=True)
    await connection.execute(statement.encode())
    await connection.close()


async def who(endpoint: Endpoint, database: str = "postgres") -> str:
    connection = await connect(endpoint, database, application_name="test", autocommit=True)
    try:
        row = await (await connection.execute("SELECT current_user::text")).fetchone()
        return str(row[0]) if row else ""
    finally:
        await connection.close()


async def test_the_keys_sign_in_without_the_password(endpoint: Endpoint) -> None:
    stretched = await stretched_once(endpoint, "postgres")
    assert stretched is not None
    assert await who(replace(stretched, password=Secret("not this one"))) == "stretched"
    assert await who(stretched, "template1") == "stretched"


async def test_a_wrong_password_gives_keys_that_do_not_let_in(endpoint: Endpoint) -> None:
    stretched = await stretched_once(replace(endpoint, password=Secret("wrong")), "postgres")
    assert stretched is not None
    with pytest.raises(DatabaseUnavailable):
        await who(stretched)


async def test_keys_are_worth_nothing_once_the_password_is_changed(
    endpoint: Endpoint, server: RunningServer
) -> None:
    stretched = await stretched_once(endpoint, "postgres")
    assert stretched is not None
    await administer(server, "ALTER ROLE stretched PASSWORD 'a long password, with a comma'")  # a new salt
    with pytest.raises(DatabaseUnavailable):
        await who(stretched)
    assert await who(endpoint) == "stretched"


async def test_signing_in_with_keys_takes_less_of_the_processor(endpoint: Endpoint) -> None:
    stretched = await stretched_once(endpoint, "postgres")
    assert stretched is not None

    async def cost(of: Endpoint) -> float:
        began = time.process_time()
        for _ in range(10):
            await who(of)
        return time.process_time() - began

    assert await cost(stretched) < await cost(endpoint)


@pytest.mark.parametrize(
    "changed",
    [
        {"hosts": (("127.0.0.1", 1),)},
        {"hosts": (("127.0.0.1", 1), ("127.0.0.1", 2))},
        {"hosts": (("/tmp", 5432),)},  # noqa: S108 - a socket folder that is not even looked at
        {"sslmode": "require"},
        {"password": None},
        {"password": Secret("pass\u00adword")},
    ],
    ids=["nobody there", "two hosts", "a socket", "TLS demanded", "no password", "not ASCII"],
)
async def test_where_it_cannot_be_done_the_answer_is_none(
    endpoint: Endpoint, changed: dict[str, object]
) -> None:
    assert await stretched_once(replace(endpoint, **changed), "postgres") is None  # type: ignore[arg-type]


async def test_a_server_that_says_something_else_is_left_alone(endpoint: Endpoint) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        assert await stretched_once(replace(endpoint, hosts=(("127.0.0.1", port),)), "postgres") is None
