"""Each way in which a database cannot be reached is told with its cause, by real servers and by servers that misbehave."""

import asyncio
import errno
import socket
import ssl
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from iotistic.clock import system_clock
from iotistic.config import Endpoint
from iotistic.config.location import Surroundings
from iotistic.database.pool import connect
from iotistic.database.server import RunningServer
from iotistic.operations.access.certificate_files import CertificateFolder
from iotistic.operations.reach import Problem, Step, Walk
from iotistic.operations.reach.causes import explain_way
from iotistic.sealing import SealingKeys
from iotistic.secret import Secret
from tests.support.databases import TestDatabase

OUTSIDE = Surroundings(in_container=False, resolves=lambda _: False)
INSIDE = Surroundings(in_container=True, resolves=lambda _: True)
DIRECT = (("sslnegotiation", "direct"),)
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def walk(
    endpoint: Endpoint, database: str = "iotistic", surroundings: Surroundings = OUTSIDE
) -> list[Step]:
    found = Walk(endpoint, database, surroundings=surroundings, patience=timedelta(seconds=1))
    return [step async for step in found.steps()]


async def last_problem(
    endpoint: Endpoint, database: str = "iotistic", **rest: Surroundings
) -> tuple[str, Problem]:
    steps = await walk(endpoint, database, **rest)
    assert [step.problem for step in steps[:-1]] == [None] * (len(steps) - 1)
    problem = steps[-1].problem
    assert problem is not None
    return steps[-1].name, problem


def at(host: str, port: int, **rest: object) -> Endpoint:
    return replace(
        Endpoint(hosts=((host, port),), user="app", password=Secret("x"), sslmode="disable"), **rest
    )  # type: ignore[arg-type]


async def test_a_database_that_can_be_reached_is_walked_to_the_end(shared_database: TestDatabase) -> None:
    steps = await walk(shared_database.endpoint("app"), shared_database.name)
    assert [step.name for step in steps] == ["name", "way", "password", "database", "state"]
    assert [step.problem for step in steps] == [None] * len(steps)
    assert "accepts writes" in steps[-1].observed


async def test_a_compose_name_outside_of_docker_is_recognised() -> None:
    name, problem = await last_problem(at("postgres", 5432))
    assert (name, problem.code) == ("name", "host_unknown")
    assert "DB_PORT_EXT" in problem.fix


async def test_an_unescaped_at_sign_is_recognised_in_the_host() -> None:
    name, problem = await last_problem(at("ss@db.invalid", 5432))
    assert (name, "%40" in problem.cause) == ("name", True)


async def test_a_closed_port_is_told() -> None:
    name, problem = await last_problem(at("127.0.0.1", free_port()))
    assert (name, problem.code) == ("way", "refused")


async def test_localhost_in_a_container_is_told() -> None:
    name, problem = await last_problem(at("127.0.0.1", free_port()), surroundings=INSIDE)
    assert (name, "the container itself" in problem.cause) == ("way", True)


async def test_a_missing_socket_is_told(tmp_path: Path) -> None:
    name, problem = await last_problem(at(str(tmp_path), 5432))
    assert (name, problem.code) == ("way", "socket_missing")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_wrong_password_is_told_with_what_else_it_may_be(shared_database: TestDatabase) -> None:
    endpoint = replace(shared_database.endpoint("app"), password=Secret("wrong"))
    name, problem = await last_problem(endpoint, shared_database.name)
    assert (name, problem.code) == ("password", "28P01")
    assert "VALID UNTIL" in problem.cause
    assert "wrong" not in problem.cause.replace("a wrong password", "")


async def test_a_role_that_does_not_exist_is_told_the_same_way(shared_database: TestDatabase) -> None:
    endpoint = replace(shared_database.endpoint("app"), user="nobody_here")
    assert (await last_problem(endpoint, shared_database.name))[1].code == "28P01"


async def test_a_missing_password_is_told_before_it_is_tried(shared_database: TestDatabase) -> None:
    endpoint = replace(shared_database.endpoint("app"), password=None)
    assert (await last_problem(endpoint, shared_database.name))[1].code == "password_missing"


async def test_a_database_that_does_not_exist_is_told(shared_database: TestDatabase) -> None:
    name, problem = await last_problem(shared_database.superuser, "no_such_{database}")
    assert (name, problem.code) == ("database", "3D000")
    assert "no_such_{database}" in problem.cause


async def test_a_role_that_may_not_connect_is_told(shared_database: TestDatabase) -> None:
    async with altered(shared_database, "CREATE ROLE stranger LOGIN PASSWORD 'x'", "DROP ROLE stranger"):
        endpoint = replace(shared_database.superuser, user="stranger", password=Secret("x"))
        name, problem = await last_problem(endpoint, shared_database.name)
    assert (name, problem.code) == ("database", "42501")


async def test_a_group_is_told_from_a_login(shared_database: TestDatabase) -> None:
    async with altered(shared_database, "CREATE ROLE crowd NOLOGIN PASSWORD 'x'", "DROP ROLE crowd"):
        endpoint = replace(shared_database.superuser, user="crowd", password=Secret("x"))
        name, problem = await last_problem(endpoint, shared_database.name)
    assert (name, problem.code, "not permitted" in problem.cause) == ("password", "28000", True)


async def test_a_closed_database_is_told(database: TestDatabase) -> None:
    open_, close = (f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS {word}" for word in ("true", "false"))
    async with altered(database, close, open_):
        name, problem = await last_problem(database.endpoint("app"), database.name)
    assert (name, problem.code) == ("database", "55000")


async def test_a_role_without_a_connection_left_is_told(shared_database: TestDatabase) -> None:
    async with altered(
        shared_database, "CREATE ROLE narrow LOGIN PASSWORD 'x' CONNECTION LIMIT 0", "DROP ROLE narrow"
    ):
        endpoint = replace(shared_database.superuser, user="narrow", password=Secret("x"))
        name, problem = await last_problem(endpoint, "postgres")
    assert (name, problem.code) == ("database", "53300")


@asynccontextmanager
async def altered(database: TestDatabase, before: str, after: str) -> AsyncIterator[None]:
    connection = await connect(database.superuser, "postgres", application_name="test", autocommit=True)
    await connection.execute(before)  # type: ignore[arg-type]
    try:
        yield
    finally:
        await connection.execute(after)  # type: ignore[arg-type]
        await connection.close()


@asynccontextmanager
async def answering(behaviour: Behaviour) -> AsyncIterator[int]:
    """The port of something that is no PostgreSQL, or one in trouble."""

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behaviour(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(served, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


def refusing(sqlstate: str, routine: str = "") -> Behaviour:
    """A server that ends each start with this error."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        body = b"".join(
            f"{key}{value}\0".encode() for key, value in (("C", sqlstate), ("M", "Störung"), ("R", routine))
        )
        writer.write(b"E" + struct.pack("!i", 5 + len(body)) + body + b"\0")

    return behave


async def test_packets_that_nobody_answers_are_told() -> None:
    """A listener whose queue is full: the kernel drops what comes, as a firewall does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with socket.create_connection(listener.getsockname()):
            name, problem = await last_problem(at("127.0.0.1", listener.getsockname()[1]))
    assert (name, problem.code) == ("way", "timeout")


@pytest.mark.parametrize("number", [errno.EHOSTUNREACH, errno.ENETUNREACH])
def test_an_address_that_no_way_leads_to_is_told(number: int) -> None:
    problem = explain_way(OSError(number, "no way"), "10.9.8.7", 5432, None)
    assert problem.code == "no_route"


async def test_the_next_host_is_tried_where_one_fails(shared_database: TestDatabase) -> None:
    there = shared_database.endpoint("app")
    endpoint = replace(there, hosts=(("127.0.0.1", free_port()), *there.hosts))
    steps = await walk(endpoint, shared_database.name)
    assert [step.problem.code for step in steps if step.problem] == ["refused"]
    assert "accepts writes" in steps[-1].observed


async def test_a_server_that_has_no_certificate_is_told_where_encryption_is_demanded(
    server: RunningServer,
) -> None:
    if server.binaries.source == "system":
        pytest.skip("an installed server may have a certificate of its own")
    name, problem = await last_problem(replace(server.endpoint, sslmode="require"), "postgres")
    assert (name, problem.code) == ("encryption", "tls_missing")


async def test_encryption_at_once_is_told_where_the_server_hangs_up(server: RunningServer) -> None:
    """As one older than PostgreSQL 17 does, and one without a certificate."""
    endpoint = replace(server.endpoint, sslmode="require", parameters=DIRECT)
    name, problem = await last_problem(endpoint, "postgres")
    assert (name, problem.code) == ("encryption", "tls_direct_refused")
    assert "sslnegotiation" in problem.fix


async def test_encryption_at_once_has_no_way_back(server: RunningServer) -> None:
    endpoint = replace(server.endpoint, sslmode="prefer", parameters=DIRECT)
    assert (await last_problem(endpoint, "postgres"))[1].code == "tls_direct_weak"


@pytest.mark.parametrize(
    ("sqlstate", "step"),
    [
        ("57P03", "state"),
        ("57P01", "state"),
        ("28000", "rules"),
        ("53300", "database"),
        ("08P01", "rules"),
        ("XX000", "state"),
    ],
)
async def test_a_server_in_trouble_is_told_by_its_code_in_any_language(sqlstate: str, step: str) -> None:
    async with answering(refusing(sqlstate)) as port:
        name, problem = await last_problem(at("127.0.0.1", port))
    assert (name, problem.code) == (step, sqlstate)


async def test_who_comes_without_tls_is_told_that_the_rules_may_ask_for_it() -> None:
    async with answering(refusing("28000")) as port:
        _, bare = await last_problem(at("127.0.0.1", port, sslmode="disable"))
    assert bare.fix.startswith("Come with TLS")


async def test_a_web_server_is_no_database() -> None:
    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with answering(web) as port:
        assert (await last_problem(at("127.0.0.1", port)))[1].code == "not_postgres"
        assert (await last_problem(at("127.0.0.1", port, sslmode="require")))[1].code == "not_postgres"


async def test_something_that_accepts_and_says_nothing_is_told() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with answering(silent) as port:
        assert (await last_problem(at("127.0.0.1", port)))[1].code == "silent"


async def test_something_that_hangs_up_is_told() -> None:
    async def rude(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1000)

    async with answering(rude) as port:
        assert (await last_problem(at("127.0.0.1", port)))[1].code == "hung_up"


async def test_encryption_that_is_demanded_and_not_offered_is_told() -> None:
    async def bare(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(8)
        writer.write(b"N")
        await reader.read()

    async with answering(bare) as port:
        name, problem = await last_problem(at("127.0.0.1", port, sslmode="require"))
    assert (name, problem.code) == ("encryption", "tls_missing")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for db.example, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    key, crt = folder / "server.key", folder / "server.crt"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=db.example", "-addext", "subjectAltName=DNS:db.example"]
    subprocess.run([*command, *names, "-keyout", key, "-out", crt], check=True, capture_output=True)
    return key, crt


@asynccontextmanager
async def encrypting(certificate: tuple[Path, Path]) -> AsyncIterator[int]:
    """A port that offers TLS with this certificate and then says nothing more."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate[1], certificate[0])

    async def offer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(8)
        writer.write(b"S")
        try:
            await writer.start_tls(context)
            await reader.read(1000)
        except (ssl.SSLError, OSError):
            pass

    async with answering(offer) as port:
        yield port


async def test_a_certificate_of_an_unknown_authority_is_told(certificate: tuple[Path, Path]) -> None:
    async with encrypting(certificate) as port:
        name, problem = await last_problem(at("127.0.0.1", port, sslmode="verify-full"))
    assert (name, problem.code) == ("encryption", "tls_untrusted")


async def test_a_certificate_for_another_name_is_told(certificate: tuple[Path, Path]) -> None:
    async with encrypting(certificate) as port:
        endpoint = at("127.0.0.1", port, sslmode="verify-full", sslrootcert=certificate[1])
        name, problem = await last_problem(endpoint)
    assert (name, problem.code) == ("encryption", "tls_wrong_name")


async def test_a_missing_root_certificate_is_told(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    async with encrypting(certificate) as port:
        endpoint = at("127.0.0.1", port, sslmode="verify-ca", sslrootcert=tmp_path / "none.pem")
        assert (await last_problem(endpoint))[1].code == "tls_file_missing"


async def test_a_trusted_certificate_leads_on(certificate: tuple[Path, Path]) -> None:
    async with encrypting(certificate) as port:
        steps = await walk(at("127.0.0.1", port, sslmode="verify-ca", sslrootcert=certificate[1]))
    encrypted = next(step for step in steps if step.name == "encryption")
    assert encrypted.problem is None
    assert steps[-1].name == "rules"


@asynccontextmanager
async def encrypting_at_once(certificate: tuple[Path, Path], *protocols: str) -> AsyncIterator[int]:
    """A port where TLS begins with the first byte, as PostgreSQL 17 and newer allow."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate[1], certificate[0])
    if protocols:
        context.set_alpn_protocols(list(protocols))

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.transport.abort()

    server = await asyncio.start_server(served, "127.0.0.1", 0, ssl=context)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


async def test_encryption_at_once_leads_on_where_the_server_knows_it(certificate: tuple[Path, Path]) -> None:
    async with encrypting_at_once(certificate, "postgresql") as port:
        endpoint = at("127.0.0.1", port, sslmode="verify-ca", sslrootcert=certificate[1], parameters=DIRECT)
        steps = await walk(endpoint)
    assert [(step.name, step.problem) for step in steps[:3]] == [
        ("name", None), ("way", None), ("encryption", None)
    ]  # fmt: skip
    assert "at once" in steps[2].observed


async def test_encryption_at_once_with_a_web_server_is_told(certificate: tuple[Path, Path]) -> None:
    async with encrypting_at_once(certificate, "http/1.1") as port:
        endpoint = at("127.0.0.1", port, sslmode="require", parameters=DIRECT)
        code = (await last_problem(endpoint))[1].code
    assert code in {"not_postgres", "tls_direct_refused"}, (
        "OpenSSL refuses a foreign protocol by itself since 3.0"
    )


async def test_encryption_at_once_is_not_believed_without_the_authority(
    certificate: tuple[Path, Path],
) -> None:
    async with encrypting_at_once(certificate, "postgresql") as port:
        endpoint = at("127.0.0.1", port, sslmode="verify-full", parameters=DIRECT)
        assert (await last_problem(endpoint))[1].code == "tls_untrusted"


async def test_a_server_that_agrees_to_encrypt_and_says_nothing_is_told() -> None:
    async def stuck(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(8)
        writer.write(b"S")
        await reader.read()
        await reader.read()

    async with answering(stuck) as port:
        name, problem = await last_problem(at("127.0.0.1", port, sslmode="require"))
    assert (name, problem.code) == ("encryption", "silent")


async def test_a_certificate_that_has_ended_is_told(tmp_path: Path) -> None:
    folder = CertificateFolder(tmp_path, SealingKeys.generate())
    folder.write(["127.0.0.1"], now=system_clock() - timedelta(days=90), lasts=timedelta(days=30))
    async with encrypting((tmp_path / "server.key", tmp_path / "server.crt")) as port:
        endpoint = at("127.0.0.1", port, sslmode="verify-full", sslrootcert=tmp_path / "ca.crt")
        name, problem = await last_problem(endpoint)
    assert (name, problem.code) == ("encryption", "tls_expired")
