"""Every block of docs/handbook.md is run as it stands, top to bottom, on a server of this test's own: what a page promises, happens."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest_asyncio
from psycopg import sql

from iotistic import migrations
from iotistic.database.conninfo import url
from iotistic.database.pool import connect
from iotistic.database.roles import ensure_database
from iotistic.database.server import RunningServer
from iotistic.partitioning import Maintainer
from tests.support.databases import TEMPLATE, Databases
from tests.support.server import start_test_server, stop_test_server

PAGE = Path(__file__).parents[2] / "docs" / "handbook.md"
CONTAINER = re.compile(r"docker exec (-i |-it )?iotistic-postgres ")
NEW_PASSWORD = re.compile(r"ALTER USER postgres WITH PASSWORD '([^']+)'")


@dataclass(kw_only=True)
class Shell:
    """Runs lines as the container, or the command line, would: in a folder of its own, against one server."""

    folder: Path
    server: RunningServer
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        endpoint = self.server.endpoint
        (host, port), *_ = endpoint.hosts
        password = endpoint.password.reveal() if endpoint.password else ""
        programs = Path(sys.executable).parent
        self.environment |= {
            "PATH": f"{programs}:{self.server.binaries.bin_dir}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "PGHOST": host,
            "PGPORT": str(port),
            "PGPASSWORD": password,
            "PGOPTIONS": "-c client_min_messages=warning",
            "DATABASE_URL": url(endpoint, "iotistic"),
            "IOTISTIC_DATA_DIR": str(self.folder / "data"),
        }

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", CONTAINER.sub("", line)],  # noqa: S607 - of PATH, as people have it
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if done.returncode == 0 and (changed := NEW_PASSWORD.search(line)):
            self.environment["PGPASSWORD"] = changed[1]
            self.environment["DATABASE_URL"] = re.sub(
                r"(://postgres):[^@]*@", rf"\1:{changed[1]}@", self.environment["DATABASE_URL"]
            )
        return done


def blocks() -> Iterator[tuple[str, str]]:
    """Each line of the page's blocks, with the language of its block."""
    for language, text in re.findall(r"^```(sh|sql)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        for line in text.splitlines():
            yield language, line


@pytest_asyncio.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    """A server with the three databases, the platform's with partitions for today."""
    server = await start_test_server()
    databases = await Databases.prepare(server)
    async with databases._administrator() as administrator:
        await administrator.execute(
            sql.SQL("CREATE DATABASE iotistic TEMPLATE {} OWNER iotistic_owner").format(
                sql.Identifier(TEMPLATE)
            )
        )
        for history in (migrations.BILLING, migrations.VPN):
            await ensure_database(administrator, history.service)
            await migrations.apply(server.endpoint, history.service, history, application="test")
    owner = await connect(server.endpoint, "iotistic", application_name="test", autocommit=True)
    await Maintainer(owner).run()
    await owner.close()
    yield Shell(folder=tmp_path, server=server)
    await stop_test_server(server)


async def test_every_block_of_the_page_runs(shell: Shell) -> None:
    failed: list[str] = []
    for language, line in blocks():
        if language == "sql":
            shell.environment["STATEMENT"] = line
            done = shell.run('psql -U postgres -d iotistic -v ON_ERROR_STOP=1 -c "$STATEMENT"')
        else:
            done = shell.run(line.replace("psql -U", "psql -v ON_ERROR_STOP=1 -U"))
        if done.returncode != 0:
            failed.append(f"{line}\n  exit {done.returncode}: {(done.stderr + done.stdout).strip()[-600:]}")
    assert not failed, "\n".join(failed)


def test_the_page_has_the_statements_that_people_copy() -> None:
    """A page without blocks would pass the test above."""
    lines = [line for _, line in blocks()]
    assert len(lines) >= 55
    text = "\n".join(lines)
    for promised in (
        "SELECT value FROM system_config WHERE key = 'mqtt.brokers.1'",
        "SELECT drop_old_partitions('device_logs', 7)",
        "pg_dump -U postgres iotistic | gzip > backup.sql.gz",
        "DROP DATABASE iotistic",
        "SELECT * FROM device_metrics WHERE device_uuid = ",
        "FROM metric_series WHERE device_uuid = ",
        "VACUUM ANALYZE",
        "iotistic migrate unmark --yes -- 057_add_mqtt_tls_config.sql",
    ):
        assert promised in text
