"""TLS on a real PostgreSQL with certificates of our own authority. The embedded server has no TLS, so this needs an installed one."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from psycopg import sql

from iotistic.clock import system_clock
from iotistic.config import Endpoint
from iotistic.config.location import Surroundings
from iotistic.database.conninfo import url
from iotistic.database.errors import DatabaseUnavailable
from iotistic.database.pool import Connection, connect
from iotistic.database.server import RunningServer, find_binaries
from iotistic.errors import IotisticError
from iotistic.operations.access import AccessRepository, judge_rules
from iotistic.operations.access.certificate_files import CertificateFolder
from iotistic.operations.access.server_certificate import find_server_certificate
from iotistic.operations.reach import Walk
from iotistic.sealing import SealingKeys
from tests.support.server import start_test_server, stop_test_server

DAY = timedelta(days=1)
HBA = """
local     all          all  scram-sha-256
hostnossl all          all  all           reject
hostssl   all          all  127.0.0.1/32  scram-sha-256
host      all          all  all           reject
host      replication  all  all           reject
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    code: int | None
    out: str


async def iotistic(secured: "Secured", home: Path, *words: str) -> Outcome:
    """The command as it is typed, with verify-full."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "iotistic", *words, "--url", url(secured.endpoint, "postgres"), "--data-dir", str(home),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    return Outcome(code=process.returncode, out=out.decode())


def installed() -> bool:
    try:
        find_binaries("system")
    except IotisticError:
        return False
    return True


pytestmark = pytest.mark.skipif(not installed(), reason="no PostgreSQL of the system, and ours has no TLS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    server: RunningServer
    folder: CertificateFolder

    @property
    def endpoint(self) -> Endpoint:
        """As a service beyond loopback has it by default: verify-full, with our authority."""
        return replace(self.server.endpoint, sslmode="verify-full", sslrootcert=self.folder.path / "ca.crt")

    async def connect(self, endpoint: Endpoint | None = None) -> Connection:
        return await connect(endpoint or self.endpoint, "postgres", application_name="test", autocommit=True)

    async def renew(self, *, hosts: tuple[str, ...] = ("127.0.0.1",), lasts: timedelta = 90 * DAY) -> str:
        """Another certificate, read by reload; answers its serial number once the server shows it."""
        serial = self.folder.write(hosts, now=system_clock(), lasts=lasts).server.serial
        shutil.chown(self.folder.path / "server.key", self.server.account)
        connection = await self.connect(replace(self.server.endpoint, sslmode="require"))
        await connection.execute("SELECT pg_reload_conf()")
        await connection.close()
        await self.shows(serial)
        return serial

    async def shows(self, serial: str) -> None:
        """Waits until a new connection is shown this certificate: a reload is a signal, and takes its time."""
        deadline = system_clock() + timedelta(seconds=60)
        while True:
            found = await find_server_certificate(self.server.endpoint)
            if found is not None and found.serial == serial:
                return
            assert system_clock() < deadline, f"the server still shows {found}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def secured() -> AsyncIterator[Secured]:
    server = await start_test_server("system")
    place = server.folder.root / "certificates"
    folder = CertificateFolder(place, SealingKeys.generate())
    serial = folder.write(["127.0.0.1"], now=system_clock(), lasts=90 * DAY).server.serial
    shutil.chown(place / "server.key", server.account)
    (server.folder.postgres / "pg_hba.conf").write_text(HBA)
    connection = await connect(server.endpoint, "postgres", application_name="test", autocommit=True)
    for setting, value in (
        ("ssl_cert_file", str(place / "server.crt")),
        ("ssl_key_file", str(place / "server.key")),
        ("ssl", "on"),
    ):
        await connection.execute(
            sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(setting), sql.Literal(value))
        )
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
    secured = Secured(server=server, folder=folder)
    await secured.shows(serial)
    yield secured
    await stop_test_server(server)


async def test_verify_full_goes_through_and_is_encrypted(secured: Secured) -> None:
    connection = await secured.connect()
    cursor = await connection.execute("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    encrypted, version = await cursor.fetchone() or (None, None)
    assert (encrypted, version) in {(True, "TLSv1.3"), (True, "TLSv1.2")}
    await connection.close()


async def test_nothing_goes_in_clear(secured: Secured) -> None:
    with pytest.raises(DatabaseUnavailable, match="no encryption"):
        await secured.connect(replace(secured.server.endpoint, sslmode="disable"))


async def test_a_server_with_a_certificate_of_somebody_else_is_not_believed(
    secured: Secured, tmp_path: Path
) -> None:
    stranger = CertificateFolder(tmp_path, SealingKeys.generate())
    stranger.write(["127.0.0.1"], now=system_clock(), lasts=DAY)
    with pytest.raises(DatabaseUnavailable, match="certificate verify failed"):
        await secured.connect(replace(secured.endpoint, sslrootcert=tmp_path / "ca.crt"))


async def test_a_server_of_another_name_is_not_believed(secured: Secured) -> None:
    """verify-ca would: it asks who signed, not for whom."""
    await secured.renew(hosts=("db.example.com",))
    with pytest.raises(DatabaseUnavailable, match=r"does not match host|not match"):
        await secured.connect()
    believing = await secured.connect(replace(secured.endpoint, sslmode="verify-ca"))
    await believing.close()
    await secured.renew()


async def test_a_renewal_needs_no_restart_and_open_sessions_stay(secured: Secured) -> None:
    before = await secured.connect()
    started = await (await before.execute("SELECT pg_postmaster_start_time()")).fetchone()
    await secured.renew()
    assert await (await before.execute("SELECT pg_postmaster_start_time()")).fetchone() == started
    after = await secured.connect()
    assert await (await after.execute("SELECT pg_postmaster_start_time()")).fetchone() == started
    await before.close()
    await after.close()


@pytest.mark.parametrize(
    ("lasts", "code", "state"), [(90 * DAY, 0, "ok"), (20 * DAY, 1, "warn"), (3 * DAY, 2, "critical")]
)
async def test_the_end_of_a_certificate_is_told_by_the_doctor(
    secured: Secured, tmp_path: Path, lasts: timedelta, code: int, state: str
) -> None:
    await secured.renew(lasts=lasts)
    found = await iotistic(secured, tmp_path, "doctor", "--check", "certificate", "--json")
    assert (found.code, f'"state": "{state}"' in found.out) == (code, True), found.out
    await secured.renew()


async def test_certificates_show_says_when_and_for_whom(secured: Secured, tmp_path: Path) -> None:
    serial = await secured.renew()
    found = await iotistic(secured, tmp_path, "certificates", "show")
    assert found.code == 0
    assert f"serial   {serial}\n" in found.out
    assert "for      127.0.0.1\n" in found.out
    await secured.renew(lasts=29 * DAY)
    assert (await iotistic(secured, tmp_path, "certificates", "show")).code == 1
    await secured.renew()


async def test_the_rules_are_read_by_the_server_and_found_right_and_a_loosened_one_is_told(
    secured: Secured, tmp_path: Path
) -> None:
    connection = await secured.connect()
    assert judge_rules(await AccessRepository(connection).rules()) == []
    assert (await iotistic(secured, tmp_path, "db", "hba", "check")).code == 0
    rules = secured.server.folder.postgres / "pg_hba.conf"
    rules.write_text("host all all 10.0.0.0/8 trust\n" + HBA)
    found = await iotistic(secured, tmp_path, "db", "hba", "check")
    rules.write_text(HBA)
    assert found.code == 2
    assert "alarm    line 1: trust lets anybody in without a password" in found.out
    assert "warning  line 1: host lets in without TLS from 10.0.0.0: hostssl" in found.out
    await connection.close()


async def test_encryption_at_once_is_told_on_a_server_that_does_not_know_it(secured: Secured) -> None:
    """PostgreSQL 17 was the first that does."""
    if secured.server.version >= (17, 0):
        pytest.skip("this server knows sslnegotiation=direct")
    endpoint = replace(secured.server.endpoint, sslmode="require", parameters=(("sslnegotiation", "direct"),))
    walk = Walk(endpoint, "postgres", surroundings=Surroundings(in_container=False, resolves=lambda _: True))
    last = [step async for step in walk.steps()][-1]
    assert last.problem is not None
    assert last.problem.code == "tls_direct_refused"


async def test_the_walk_goes_through_with_verify_full(secured: Secured) -> None:
    await secured.renew()
    walk = Walk(
        secured.endpoint, "postgres", surroundings=Surroundings(in_container=False, resolves=lambda _: True)
    )
    steps = [step async for step in walk.steps()]
    assert [step.problem for step in steps] == [None] * 6
    assert [step.name for step in steps][2] == "encryption"
