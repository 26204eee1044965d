"""What postgres/ configures, real servers accept: every PostgreSQL installed here is started with the container's files."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
import yaml
from psycopg.rows import dict_row

from iotistic.clock import system_clock
from iotistic.database.server.account import choose_account
from iotistic.database.server.binaries import SUPPORTED, Binaries, list_binaries
from iotistic.operations.access import Layout, Target, render
from iotistic.operations.access.certificate_files import CertificateFolder
from iotistic.sealing import SealingKeys

FILES = Path(__file__).parents[2] / "postgres"
COMPOSE = FILES.with_name("docker-compose.yml")
PASSWORD = "correct horse"
PATIENCE = 30
INSTALLED = [binaries for binaries in list_binaries() if binaries.major in SUPPORTED]
ONLY_LINUX_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason="pg_ident.conf lets root and postgres in; this is neither"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A running server that was started with the container's files."""

    binaries: Binaries
    port: int
    sockets: Path
    has_tls: bool
    """The embedded build has none: it gets what `iotistic db hba render --no-tls` makes."""

    def connect(self, **parameters: str | None) -> psycopg.Connection[dict[str, Any]]:
        """A new session of the superuser over TCP, unless told otherwise."""
        given: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": "postgres",
            "password": PASSWORD,
            "dbname": "postgres",
            "connect_timeout": 10,
        }
        if self.has_tls:  # as the API of docker-compose.yml does
            given |= {"sslmode": "verify-full", "sslrootcert": str(self.sockets / "tls" / "ca.crt")}
        return psycopg.connect(**(given | parameters), autocommit=True, row_factory=dict_row)

    def rows(self, query: LiteralString) -> list[dict[str, Any]]:
        """All rows of a query of the superuser."""
        with self.connect() as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module", params=INSTALLED, ids=lambda found: f"{found.source} {found.major}")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with _running(request.param) as running:
        yield running


def test_every_setting_is_one_the_server_knows_and_took(server: Server) -> None:
    """These are overridden by this test's own command line."""
    refused = server.rows("SELECT name FROM pg_file_settings WHERE error IS NOT NULL OR NOT applied")
    overridden = {"ssl_cert_file", "ssl_key_file"}
    assert {row["name"] for row in refused} - overridden == {"listen_addresses", "port", "shared_buffers"}


def test_no_setting_is_there_twice(server: Server) -> None:
    assert server.rows("SELECT name FROM pg_file_settings GROUP BY name HAVING count(*) > 1") == []


def test_the_rules_have_no_errors_and_let_nobody_in_without_proof(server: Server) -> None:
    rules = server.rows("SELECT type, auth_method, error FROM pg_hba_file_rules ORDER BY line_number")
    assert [rule for rule in rules if rule["error"] is not None] == []
    assert {rule["auth_method"] for rule in rules} == {"peer", "scram-sha-256", "reject"}


def test_whatever_is_not_let_in_is_rejected_last(server: Server) -> None:
    rules = server.rows(
        "SELECT database, user_name, address, auth_method FROM pg_hba_file_rules ORDER BY line_number"
    )
    assert [(rule["database"], rule["address"], rule["auth_method"]) for rule in rules[-2:]] == [
        (["all"], "all", "reject"),
        (["replication"], "all", "reject"),
    ]


def test_only_private_addresses_reach_a_password_prompt(server: Server) -> None:
    public = server.rows(
        "SELECT address FROM pg_hba_file_rules WHERE type <> 'local' AND auth_method <> 'reject' AND address <> 'samenet'"
        " AND NOT address::inet <<= ANY ('{127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7}'::inet[])"
    )
    assert public == []


def test_the_accounts_map_has_no_errors_and_two_lines(server: Server) -> None:
    mapped = server.rows(
        "SELECT map_name, sys_name, pg_username, error FROM pg_ident_file_mappings ORDER BY sys_name"
    )
    assert [tuple(line.values()) for line in mapped] == [
        ("container", "postgres", "postgres", None),
        ("container", "root", "postgres", None),
    ]


def test_over_tcp_the_right_password_opens_and_a_wrong_one_does_not(server: Server) -> None:
    server.connect().close()
    for password in ("wrong", None):
        with pytest.raises(psycopg.OperationalError):
            server.connect(password=password)


def test_over_tcp_nothing_goes_in_clear_and_no_other_server_is_believed(
    server: Server, tmp_path: Path
) -> None:
    if not server.has_tls:
        pytest.skip("this build has no TLS")
    with pytest.raises(psycopg.OperationalError, match="rejects connection"):
        server.connect(sslmode="disable")
    stranger = CertificateFolder(tmp_path, SealingKeys.generate())
    stranger.write(["127.0.0.1"], now=system_clock(), lasts=timedelta(days=1))
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        server.connect(sslrootcert=str(tmp_path / "ca.crt"))
    encrypted = server.rows("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    assert encrypted[0]["ssl"]
    assert encrypted[0]["version"] in {"TLSv1.2", "TLSv1.3"}


def test_a_further_start_keeps_the_certificate_and_a_renewal_is_read_by_a_reload(server: Server) -> None:
    if not server.has_tls:
        pytest.skip("this build has no TLS")
    before = (server.sockets / "tls" / "server.crt").read_bytes()
    _make_certificates(server.sockets / "tls", server.sockets)
    assert (server.sockets / "tls" / "server.crt").read_bytes() == before
    with server.connect() as stays:
        _make_certificates(server.sockets / "tls", server.sockets, keep=False)
        assert (server.sockets / "tls" / "server.crt").read_bytes() != before
        assert (server.sockets / "tls" / "server.key").stat().st_uid == server.sockets.stat().st_uid
        stays.execute("SELECT pg_reload_conf()")
        server.connect().close()
        assert len(stays.execute("SELECT current_user").fetchall()) == 1


@ONLY_LINUX_ROOT
def test_root_in_the_container_needs_no_password_over_the_socket(server: Server) -> None:
    """So that `docker exec iotistic-postgres psql -U postgres` works as written in the handbook."""
    server.connect(host=str(server.sockets), password=None).close()


def test_another_role_needs_its_password_over_the_socket_too(server: Server) -> None:
    with server.connect() as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'its own'")
    server.connect(host=str(server.sockets), user="reader", password="its own").close()
    with pytest.raises(psycopg.OperationalError):
        server.connect(host=str(server.sockets), user="reader", password=None)


def test_nobody_but_the_backup_role_may_replicate_over_the_network(server: Server) -> None:
    with pytest.raises(psycopg.OperationalError):
        server.connect(replication="true", dbname=None)


def test_statements_are_measured_and_passwords_not_kept(server: Server) -> None:
    with server.connect() as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        connection.execute("CREATE ROLE somebody LOGIN PASSWORD 'hunter2'")
        connection.execute("SELECT 1 AS measured")
        kept = [row["query"] for row in connection.execute("SELECT query FROM pg_stat_statements")]
    assert "SELECT $1 AS measured" in kept
    assert not [query for query in kept if "hunter2" in query]


def test_passwords_are_stored_as_scram_verifiers(server: Server) -> None:
    rows = server.rows("SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'")
    assert rows[0]["rolpassword"].startswith("SCRAM-SHA-256$")


def test_the_first_start_makes_the_other_databases_and_may_be_repeated(server: Server) -> None:
    environment = {
        "PGPASSWORD": PASSWORD,
        "PGSSLMODE": "require" if server.has_tls else "disable",
        "IOTISTIC_BILLING_DB_NAME": "billing of it's own",
        "IOTISTIC_VPN_DB_NAME": "vpn",
    }
    psql = [
        server.binaries.program("psql"),
        "-qX",
        "-v",
        "ON_ERROR_STOP=1",
        "--no-password",
        "-f",
        FILES / "first-start.sql",
    ]
    place = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d", "postgres"]
    for _ in range(2):
        subprocess.run([*psql, *place], check=True, capture_output=True, env=environment)
    names = {row["datname"] for row in server.rows("SELECT datname FROM pg_database")}
    assert {"billing of it's own", "vpn"} <= names
    assert server.rows("SELECT 1 FROM pg_extension WHERE extname = 'pg_stat_statements'")


@contextmanager
def _running(binaries: Binaries) -> Generator[Server]:
    account = choose_account(None, owner=None, uid=os.geteuid())
    folder = Path(tempfile.mkdtemp(prefix="iotistic-files-", dir="/tmp"))
    account.adopt(folder)
    folder.chmod(0o711)
    try:
        has_tls = _has_tls(binaries)
        _initdb(binaries, folder, account.credentials)
        _put_files(folder, tls=has_tls)
        if has_tls:
            _make_certificates(folder / "tls", folder)
        port = _free_port()
        command = [
            binaries.program("postgres"),
            "-D",
            folder / "data",
            *_options(folder, tls=has_tls),
            "-c",
            f"port={port}",
        ]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stderr=log, cwd=folder, **account.credentials)
        try:
            server = Server(binaries=binaries, port=port, sockets=folder, has_tls=has_tls)
            _wait(server, process, folder / "log")
            yield server
        finally:
            process.terminate()
            process.wait(PATIENCE)
    finally:
        shutil.rmtree(folder)


def _initdb(binaries: Binaries, folder: Path, credentials: Any) -> None:  # noqa: ANN401 - Popen's keywords
    """As the image does it, with the authentication methods that docker-compose.yml hands to it."""
    password_file = folder / "password"
    password_file.write_text(PASSWORD)
    password_file.chmod(0o644)
    subprocess.run(
        [
            binaries.program("initdb"), "-D", folder / "data", "-U", "postgres", "--pwfile", password_file, "--no-sync",
            "--encoding=UTF8", "--no-locale", "--data-checksums", "--auth-local=scram-sha-256", "--auth-host=scram-sha-256",
        ],
        check=True, capture_output=True, cwd=folder, **credentials,
    )  # fmt: skip


def _has_tls(binaries: Binaries) -> bool:
    told = subprocess.run(
        [binaries.program("pg_config"), "--configure"], check=True, capture_output=True, text=True
    )
    return "--with-openssl" in told.stdout or "--with-ssl" in told.stdout


def _put_files(folder: Path, *, tls: bool) -> None:
    """The shipped ones; for a build without TLS what the same templates make for it."""
    shipped = {path.name: path.read_text() for path in FILES.glob("*.conf")}
    private = [ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]
    plain = render(Layout(target=Target.compose, networks=private, tls=False, own_roles=False))
    for name, text in (shipped if tls else plain).items():
        (folder / name).write_text(text)  # the checkout itself may be closed to the server's account
        (folder / name).chmod(0o644)


def _make_certificates(place: Path, data: Path, *, keep: bool = True) -> None:
    """The command of docker-compose.yml, for a folder and an account of ours."""
    command = yaml.safe_load(COMPOSE.read_text())["services"]["certificates"]["command"].split()
    owner = data.stat()
    command[command.index("--to") + 1] = str(place)
    command[command.index("--owner") + 1] = f"{owner.st_uid}:{owner.st_gid}"
    if not keep:
        at = command.index("--unless-lasts")
        del command[at : at + 2]
    subprocess.run(
        [sys.executable, "-m", "iotistic", *command, "--data-dir", data / "authority"],
        check=True,
        capture_output=True,
        env={"PATH": os.environ["PATH"]},
        cwd=data,
    )


def _options(folder: Path, *, tls: bool) -> list[str]:
    settings = {
        "config_file": folder / "postgresql.conf",
        "hba_file": folder / "pg_hba.conf",
        "ident_file": folder / "pg_ident.conf",
        "unix_socket_directories": folder,
        "listen_addresses": "127.0.0.1",  # a test opens nothing to the network
        "shared_buffers": "16MB",
    }
    if tls:
        settings |= {
            "ssl_cert_file": folder / "tls" / "server.crt",
            "ssl_key_file": folder / "tls" / "server.key",
        }
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            server.connect().close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the server did not start:\n{log.read_text()}")
        else:
            return
