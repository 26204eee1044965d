"""pgBackRest itself, on an installed PostgreSQL, as the account of the server: taken, listed, examined, recovered."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from iotistic.data_folder import DataFolder
from iotistic.database.pool import Connection, connect
from iotistic.database.server import RunningServer, choose_account, find_binaries, start, stop
from iotistic.database.server.command import run_as
from iotistic.errors import IotisticError
from tests.support.server import start_test_server, stop_test_server, throw_away, throw_away_folder
from tests.support.terminal import typed

CONFIGURATION = """
[global]
repo1-path={place}/repository
log-path={place}
lock-path={place}
spool-path={place}
start-fast=y
[main]
pg1-path={data}
pg1-port={port}
pg1-socket-path={sockets}
pg1-user=postgres
"""


def missing() -> str | None:
    if shutil.which("pgbackrest") is None:
        return "pgBackRest is not installed (Debian: apt-get install pgbackrest)"
    try:
        find_binaries("system")
    except IotisticError as error:
        return error.message
    return None


pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A server whose files pgBackRest keeps."""

    server: RunningServer
    configuration: Path

    async def admin(self) -> Connection:
        return await connect(self.server.endpoint, "postgres", application_name="test", autocommit=True)

    async def iotistic(self, *words: str, code: int = 0, **environment: str) -> tuple[str, str]:
        known = {
            "IOTISTIC_PGBACKREST_STANZA": "main",
            "IOTISTIC_PGBACKREST_CONFIG": str(self.configuration),
            **environment,
        }
        data = self.server.folder.root
        done = await asyncio.to_thread(typed, *words, "--data-dir", str(data), folder=data, **known)
        assert done.returncode == code, done.stderr + done.stdout
        return done.stdout, done.stderr

    async def doctor(self, *, code: int, **environment: str) -> dict[str, Any]:
        out, _ = await self.iotistic("doctor", "--check", "pgbackrest", "--json", code=code, **environment)
        finding: dict[str, Any] = json.loads(out)["findings"][0]
        return finding


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kept() -> AsyncIterator[Kept]:
    running = await start_test_server("system")
    try:
        yield await _keeping(running)
    finally:
        await stop_test_server(running)


async def _keeping(running: RunningServer) -> Kept:
    account = choose_account(running.account, owner=None, uid=os.geteuid())
    place = running.folder.root / "pgbackrest"
    place.mkdir(mode=0o755)
    account.adopt(place)
    configuration = place / "pgbackrest.conf"
    configuration.write_text(
        CONFIGURATION.format(
            place=place, data=running.folder.postgres, port=running.port, sockets=running.socket_dir
        )
    )
    own = running.folder.postgres / "postgresql.auto.conf"
    command = f"pgbackrest --config={configuration} --stanza=main archive-push %p"
    own.write_text(own.read_text() + f"archive_mode = on\narchive_command = '{command}'\n")
    rules = running.folder.postgres / "pg_hba.conf"
    rules.write_text("local all postgres trust\n" + rules.read_text())
    await stop(running.folder)
    running = await start(running.folder, binaries=running.binaries, port=running.port, durable=False)
    made = await run_as(
        account, ["/usr/bin/env", "pgbackrest", f"--config={configuration}", "--stanza=main", "stanza-create"]
    )
    assert made.status == 0, made.output
    kept = Kept(server=running, configuration=configuration)
    admin = await kept.admin()
    await admin.execute("CREATE DATABASE iotistic")
    await admin.close()
    return kept


async def test_a_lost_table_comes_back_from_the_moment_before(kept: Kept) -> None:
    assert (await kept.doctor(code=1))["observed"] == "main has no backup"
    refused = await kept.iotistic("backup", "create", "--physical", "--incremental", code=1)
    assert "no backup to build on" in refused[1]
    admin = await kept.admin()
    await admin.execute("CREATE TABLE ledger AS SELECT generate_series(1, 1000) AS n")
    full = (await kept.iotistic("backup", "create", "--physical"))[0].strip()
    await admin.execute("INSERT INTO ledger SELECT generate_series(1001, 1500)")
    step = json.loads((await kept.iotistic("backup", "create", "--physical", "--incremental", "--json"))[0])
    assert step["parent"] == full
    listed = [json.loads(line) for line in (await kept.iotistic("backup", "bases", "--json"))[0].splitlines()]
    assert [each["id"] for each in listed] == [step["id"], full]
    assert {each["path"] for each in listed} == {"pgbackrest:main"}
    assert "0 h old" in (await kept.doctor(code=0))["observed"]

    await admin.execute("INSERT INTO ledger VALUES (2000)")
    cursor = await admin.execute("SELECT clock_timestamp()::text")
    (moment,) = await cursor.fetchone() or ("",)
    await admin.execute("DROP TABLE ledger")
    await admin.execute("SELECT pg_switch_wal()")
    await admin.close()
    target = throw_away_folder()
    (target.root / "in-use").unlink()
    try:
        await kept.iotistic(
            "restore", "latest", "--to-time", moment.replace(" ", "T"), "--target", str(target.root)
        )
        assert await _counted(target) == 1501
    finally:
        await throw_away(target)


async def _counted(target: DataFolder) -> int:
    running = await start(target, durable=False)
    connection = await connect(running.endpoint, "postgres", application_name="test", autocommit=True)
    cursor = await connection.execute("SELECT count(*) FROM ledger")
    (count,) = await cursor.fetchone() or (0,)
    await connection.close()
    return int(count)


async def test_a_repository_that_is_not_there_is_told(kept: Kept) -> None:
    elsewhere = {"IOTISTIC_PGBACKREST_STANZA": "unknown"}
    assert "unknown" in (await kept.doctor(code=1, **elsewhere))["observed"]
    _, err = await kept.iotistic("backup", "create", "--physical", code=6, **elsewhere)
    assert "pgBackRest's check of the stanza unknown failed" in err


async def test_a_machine_without_it_is_told_so(kept: Kept) -> None:
    _, err = await kept.iotistic("backup", "bases", code=1, PATH="/nowhere")
    assert "not installed" in err
    assert "apt-get install pgbackrest" in err
