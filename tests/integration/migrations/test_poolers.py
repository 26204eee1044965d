"""A pooler that changes sessions between transactions would leave the lock with nobody: it is noticed before."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from iotistic.config import Endpoint
from iotistic.migrations import History, Marker, apply
from iotistic.migrations.errors import PoolerBetween
from tests.support.histories import Place, history_of
from tests.support.pgbouncer import PROGRAM, bounced
from tests.support.pooler import pooled

FILES = {"1_t.sql": "CREATE TABLE t (id int);"}

needs_pgbouncer = pytest.mark.skipif(
    PROGRAM is None, reason="there is no pgbouncer here (Debian: apt-get install pgbouncer)"
)


@needs_pgbouncer
@pytest.mark.parametrize("mode", ["transaction", "session", "statement"])
@pytest.mark.parametrize("swallows_options", [False, True], ids=["refuses options", "swallows options"])
async def test_pgbouncer_is_refused_before_anything_is_done_and_no_lock_stays_behind(
    place: Place, tmp_path: Path, mode: str, swallows_options: bool
) -> None:
    history = history_of(tmp_path, FILES)
    async with bounced(place.endpoint, mode=mode, swallows_options=swallows_options) as endpoint:
        marker = Marker(endpoint=endpoint, database=place.name, history=history, reason="test")
        for _ in range(2):  # the second time its server sessions are there already
            with pytest.raises(PoolerBetween) as caught:
                await apply(endpoint, place.name, history)
            assert "direct connection" in str(caught.value.hint)
            with pytest.raises(PoolerBetween):
                await marker.mark_applied(["1_t.sql"])
        assert await place.rows("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]
    assert await place.rows("SELECT to_regclass('t'), to_regclass('schema_migrations')") == [(None, None)]


@needs_pgbouncer
async def test_nothing_to_do_is_found_out_through_pgbouncer_too(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, FILES)
    await apply(place.endpoint, place.name, history)
    async with bounced(place.endpoint, mode="transaction", swallows_options=True) as endpoint:
        assert (await apply(endpoint, place.name, history)).applied == ()


async def test_a_pooler_in_transaction_mode_is_refused_and_no_lock_stays_behind(
    place: Place, tmp_path: Path
) -> None:
    async with pooled(place.endpoint, by_transaction=True) as endpoint:
        with pytest.raises(PoolerBetween) as caught:
            await apply(endpoint, place.name, history_of(tmp_path, FILES))
        assert caught.value.hint is not None
        assert "direct connection" in caught.value.hint
        assert await place.rows("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]
    assert await place.rows("SELECT to_regclass('t')") == [(None,)]


async def test_a_pooler_in_session_mode_will_do(place: Place, tmp_path: Path) -> None:
    async with pooled(place.endpoint, by_transaction=False) as endpoint:
        report = await apply(endpoint, place.name, history_of(tmp_path, FILES))
    assert [applied.filename for applied in report.applied] == ["1_t.sql"]


async def test_nothing_to_do_needs_no_session_of_its_own(place: Place, tmp_path: Path) -> None:
    history = history_of(tmp_path, FILES)
    await apply(place.endpoint, place.name, history)
    async with pooled(place.endpoint, by_transaction=True) as endpoint:
        assert (await apply(endpoint, place.name, history)).applied == ()


@needs_pgbouncer
async def test_behind_pgbouncer_a_url_of_its_own_brings_migrations_to_the_server(
    place: Place, tmp_path: Path
) -> None:
    history = history_of(tmp_path / "files", FILES)
    async with bounced(place.endpoint, mode="transaction", swallows_options=True) as endpoint:
        pooled_url = {"DATABASE_URL": f"{url_of(endpoint)}/{place.name}"}
        code, told = await migrate(history, pooled_url)
        assert (code, "through a pooler" in told) == (1, True), told
        direct = {"IOTISTIC_MIGRATION_URL": url_of(place.endpoint)}
        code, told = await migrate(history, pooled_url | direct)
        assert (code, "1_t.sql applied" in told) == (0, True), told
    assert await place.rows("SELECT filename FROM schema_migrations") == [("1_t.sql",)]


def url_of(endpoint: Endpoint) -> str:
    (host, port), secret = endpoint.hosts[0], endpoint.password
    return f"postgresql://{endpoint.user}{f':{secret.reveal()}' if secret else ''}@{host}:{port}"


async def migrate(history: History, environment: dict[str, str]) -> tuple[int, str]:
    """Runs the command as it stands in a deployment whose DATABASE_URL leads to a pooler."""
    folder = str(history.folder)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", "from iotistic.cli.main import main; main()", "migrate", "--dir", folder),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": folder} | environment,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        _, told = await process.communicate()
    return process.returncode or 0, told.decode()
