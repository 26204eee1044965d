"""Each exit code of `iotistic migrate`, by the command itself: a process on a real database."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from iotistic.database.conninfo import url
from iotistic.database.locks import key_of
from iotistic.database.server import RunningServer
from tests.support.histories import Place, a_place, write
from tests.support.terminal import typed

FILES = {"001_parts.sql": "CREATE TABLE parts (id int);\n", "002_more.sql": "CREATE TABLE more (id int);\n"}
LOCK = key_of("iotistic.migrations:parts:public.schema_migrations")

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "parts", FILES)


@pytest.fixture
def iotistic(place: Place, folder: Path, tmp_path: Path) -> Command:
    """Runs `iotistic migrate ...` on the test's folder and database."""

    def call(*words: str, there: str = url(place.endpoint, place.name)) -> subprocess.CompletedProcess[str]:
        return typed("migrate", *words, "--dir", str(folder), "--url", there, folder=tmp_path)

    return call


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """While somebody else holds the history's lock."""
    program = (
        "import psycopg, sys; c = psycopg.connect(sys.argv[1], autocommit=True);"
        f" c.execute('SELECT pg_advisory_lock({LOCK})'); print('locked', flush=True); sys.stdin.read()"
    )
    arguments = [sys.executable, "-c", program, url(place.endpoint, place.name)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        try:
            yield
        finally:
            holder.communicate("")


def test_0_when_it_is_done_or_nothing_is_to_do(iotistic: Command) -> None:
    assert iotistic().returncode == 0
    assert iotistic().returncode == 0
    assert iotistic("status", "--check").returncode == 0


@pytest.mark.parametrize("words", [("--no-such-option",), ("nonsense",), ("--lock-wait", "soon")])
def test_1_for_wrong_use(iotistic: Command, words: tuple[str, ...]) -> None:
    assert iotistic(*words).returncode == 1


def test_1_for_a_folder_that_is_no_history(iotistic: Command, folder: Path) -> None:
    write(folder, {"notes.sql": ""})
    assert iotistic().returncode == 1


def test_2_when_something_is_pending_and_check_asks(iotistic: Command) -> None:
    found = iotistic("status", "--check")
    assert (found.returncode, found.stdout.count("pending")) == (2, 2)
    assert iotistic("status").returncode == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"001_parts.sql": "CREATE TABLE parts (id bigint);\n"}, "was changed after it was applied"),
        ({"001_again.sql": "SELECT 1;\n"}, "001_again.sql"),
        ({"000_late.sql": "SELECT 1;\n"}, "000_late.sql"),
    ],
    ids=["edited", "doubled", "late"],
)
def test_3_for_files_that_do_not_fit_what_was_applied(
    iotistic: Command, folder: Path, changed: dict[str, str], said: str
) -> None:
    assert iotistic().returncode == 0
    write(folder, changed)
    refused = iotistic()
    assert (refused.returncode, said in refused.stderr) == (3, True), refused.stderr


def test_3_for_a_file_that_is_gone(iotistic: Command, folder: Path) -> None:
    assert iotistic().returncode == 0
    (folder / "001_parts.sql").unlink()
    assert iotistic().returncode == 3


def test_4_when_somebody_else_keeps_the_lock(iotistic: Command, place: Place) -> None:
    with locked(place):
        busy = iotistic("--lock-wait", "0.2")
    assert (busy.returncode, "another runner works on parts" in busy.stderr) == (4, True), busy.stderr
    assert asyncio.run(place.rows("SELECT to_regclass('parts')")) == [(None,)]


def test_5_when_sql_fails_and_nothing_of_the_file_stands(
    iotistic: Command, folder: Path, place: Place
) -> None:
    write(folder, {"003_bad.sql": "CREATE TABLE bad ();\nSELECT nope;\n"})
    failed = iotistic()
    assert (failed.returncode, "003_bad.sql, line 2, column 8" in failed.stderr) == (5, True)
    assert asyncio.run(place.rows("SELECT to_regclass('more') IS NULL, to_regclass('bad') IS NULL")) == [
        (False, True)
    ]


def test_6_when_there_is_no_server(iotistic: Command) -> None:
    assert iotistic(there="postgresql://nobody@127.0.0.1:1/nothing").returncode == 6


def test_6_when_there_is_no_such_database(iotistic: Command, place: Place) -> None:
    assert iotistic(there=url(place.endpoint, "no_such_database")).returncode == 6


def test_7_when_some_tenants_failed_and_0_when_the_typed_hint_has_mended_it(
    iotistic: Command, server: RunningServer, place: Place, tmp_path: Path
) -> None:
    journals = tmp_path / "my journals"
    tenants = tmp_path / "tenants"
    tenants.write_text(f"one {place.name}\ntwo no_such_database_yet\n")
    options = ("--journals", str(journals), "--lock-timeout", "2")
    failed = iotistic("tenants", "run", "--list", str(tenants), *options)
    assert failed.returncode == 7, failed.stderr
    assert "1 applied, 1 failed of 2" in failed.stderr
    hint = failed.stderr.strip().splitlines()[-1]
    assert hint.startswith("Next: iotistic migrate tenants resume ")
    assert f"--journals '{journals}'" in hint
    assert "--lock-timeout 2.0" in hint
    assert (
        iotistic("tenants", "status", "--journals", str(journals), there="").returncode
        == 1  # status takes no --dir
    )

    async def mend() -> str:
        async with a_place(server.endpoint) as second:
            tenants.write_text(f"one {place.name}\ntwo {second.name}\n")
            words = hint.removeprefix("Next: iotistic ")
            typed = f"{sys.executable} -m iotistic {words}".replace(":...@", f":{_password(server)}@")
            process = await asyncio.create_subprocess_shell(typed, stderr=subprocess.PIPE, cwd=tmp_path)
            _, said = await process.communicate()
            assert process.returncode == 0, said
            return said.decode()

    assert "2 applied of 2" in asyncio.run(mend())


def test_8_when_lint_refuses(iotistic: Command, folder: Path) -> None:
    assert iotistic().returncode == 0
    write(folder, {"003_drop.sql": "DROP TABLE parts;\n"})
    refused = iotistic("--lint", "refuse")
    assert (refused.returncode, "003_drop.sql:1:1:" in refused.stderr) == (8, True), refused.stderr


def _password(server: RunningServer) -> str:
    return server.endpoint.password.reveal() if server.endpoint.password else ""
