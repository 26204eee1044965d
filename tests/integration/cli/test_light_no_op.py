"""`iotistic migrate` with nothing to do, by the light path and by the full program: the same words, and never a false peace."""

import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from iotistic.database.server import RunningServer
from iotistic.migrations import History, apply
from tests.support.histories import Place, a_place, history_of

FILES = {
    "001_parts.sql": "CREATE TABLE parts (id int);",
    "R__view.sql": "CREATE OR REPLACE VIEW v AS SELECT 1 AS a;",
}
LIGHT = "import sys; from iotistic.cli.light.answer import answer; code = answer(sys.argv[1:], {}); sys.exit(9 if code is None else code)"
FULL = "import sys; from iotistic.cli.migrate import app; from iotistic.cli.output import run; sys.exit(run(app, 'migrate', sys.argv[1:]))"
NOT_SURE = 9


@pytest_asyncio.fixture
async def place(server: RunningServer) -> AsyncIterator[Place]:
    async with a_place(server.endpoint) as place:
        yield place


@pytest.fixture
def history(tmp_path: Path) -> History:
    return history_of(tmp_path / "shop", FILES)


def words_for(place: Place, history: History) -> list[str]:
    (host, port), secret = place.endpoint.hosts[0], place.endpoint.password
    login = f"{place.endpoint.user}:{secret.reveal()}" if secret else place.endpoint.user
    return ["--dir", str(history.folder), "--url", f"postgresql://{login}@{host}:{port}/{place.name}"]


def run(code: str, words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def without_times(text: str) -> str:
    return re.sub(r"\d+\.\d+", "0", text)


async def test_both_say_the_same_words(place: Place, history: History, tmp_path: Path) -> None:
    await apply(place.endpoint, place.name, history)
    words = words_for(place, history)
    light, full = run(LIGHT, words, tmp_path), run(FULL, ["run", *words], tmp_path)
    assert (light.returncode, light.stdout) == (full.returncode, full.stdout) == (0, "")
    assert without_times(light.stderr) == without_times(full.stderr) != ""


async def test_both_write_the_same_json(place: Place, history: History, tmp_path: Path) -> None:
    await apply(place.endpoint, place.name, history)
    words = [*words_for(place, history), "--json"]
    light, full = run(LIGHT, words, tmp_path), run(FULL, ["run", *words], tmp_path)
    assert without_times(light.stdout) == without_times(full.stdout)
    assert json.loads(light.stdout)["runs"][0]["head"] == 1


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM schema_migrations WHERE filename = '001_parts.sql'",
        "UPDATE schema_migrations SET checksum = 'other' WHERE filename = '001_parts.sql'",
        "UPDATE schema_migrations SET state = 'running' WHERE filename = '001_parts.sql'",
        "INSERT INTO schema_migrations (migration_number, name, filename, checksum) VALUES (2, 'gone', '002_gone.sql', 'x')",
        "ALTER TABLE schema_migrations DROP COLUMN state",
    ],
)
async def test_whatever_is_not_exactly_as_it_should_be_is_left_to_the_full_program(
    place: Place, history: History, tmp_path: Path, change: str
) -> None:
    await apply(place.endpoint, place.name, history)
    await place.run(change)
    found = run(LIGHT, words_for(place, history), tmp_path)
    assert (found.returncode, found.stdout, found.stderr) == (NOT_SURE, "", "")


async def test_an_edited_file_is_left_to_the_full_program(
    place: Place, history: History, tmp_path: Path
) -> None:
    await apply(place.endpoint, place.name, history)
    assert isinstance(history.folder, Path)
    (history.folder / "R__view.sql").write_text("CREATE OR REPLACE VIEW v AS SELECT 2 AS a;")
    assert run(LIGHT, words_for(place, history), tmp_path).returncode == NOT_SURE


async def test_a_locked_history_is_not_waited_for(place: Place, history: History, tmp_path: Path) -> None:
    await apply(place.endpoint, place.name, history)
    async with place.connection() as connection, connection.transaction():
        await connection.execute("LOCK TABLE schema_migrations")
        assert run(LIGHT, words_for(place, history), tmp_path).returncode == NOT_SURE


async def test_an_absent_server_or_folder_is_left_to_the_full_program(
    place: Place, history: History, tmp_path: Path
) -> None:
    gone = ["--dir", str(history.folder), "--url", "postgresql://me@127.0.0.1:1/x"]
    assert run(LIGHT, gone, tmp_path).returncode == NOT_SURE
    nowhere = words_for(place, History(service="x", folder=tmp_path / "nowhere"))
    assert run(LIGHT, nowhere, tmp_path).returncode == NOT_SURE
