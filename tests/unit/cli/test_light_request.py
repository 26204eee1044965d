import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from iotistic.cli.light.no_op import files_in, fingerprint_of, statement_for
from iotistic.cli.light.request import request_of
from iotistic.migrations import History
from iotistic.migrations.files import look_into
from iotistic.migrations.tables import read_fingerprint


@pytest.mark.parametrize(
    "words",
    [[], ["run"], ["run", "--json"], ["--database", "vpn"], ["--dir=x", "--service", "shop", "--url", "u"]],
)
def test_a_plain_run_is_understood(words: list[str]) -> None:
    assert request_of(words) is not None


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["--help"],
        ["--dry-run"],
        ["--target", "3"],
        ["--database", "all"],
        ["--dir"],
        ["--dir", "--json"],
        ["--url="],
        ["x"],
    ],
)
def test_anything_else_is_left_to_the_full_program(words: list[str]) -> None:
    assert request_of(words) is None


def test_options_mean_what_they_mean_in_the_full_program() -> None:
    request = request_of(
        ["--dir", "a", "--service=shop", "--schema", "s", "--table", "t", "--data-dir", "d", "--json"]
    )
    assert request is not None
    assert (request.folder, request.service, request.schema, request.table) == ("a", "shop", "s", "t")
    assert (request.data_dir, request.as_json, request.database, request.url) == ("d", True, "platform", None)


def test_the_query_is_the_runners_own() -> None:
    history = History(service="x", folder=Path(), schema='odd "schema"', table="t")
    assert statement_for(history.schema, history.table) == read_fingerprint(history)


def test_files_are_hashed_as_the_runner_hashes_them(tmp_path: Path) -> None:
    (tmp_path / "001_a.sql").write_bytes(b"SELECT 1\r\n")
    (tmp_path / "002_b.SQL").write_bytes(b"")
    (tmp_path / "notes.txt").write_bytes(b"no")
    assert fingerprint_of(files_in(str(tmp_path))) == look_into(tmp_path, service="x").fingerprint
    assert files_in(str(tmp_path)) == {
        "001_a.sql": hashlib.sha256(b"SELECT 1\r\n").hexdigest(),
        "002_b.SQL": hashlib.sha256(b"").hexdigest(),
    }


def test_it_loads_nothing_that_is_slow_to_load() -> None:
    code = "import iotistic.cli.main, iotistic.cli.light.no_op, sys; print(*sys.modules)"
    clean = {"PATH": os.environ["PATH"]}
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=clean
    ).stdout.split()
    slow = {
        "psycopg",
        "typer",
        "click",
        "rich",
        "dataclasses",
        "typing",
        "re",
        "enum",
        "pathlib",
        "json",
        "hashlib",
        "asyncio",
        "datetime",
    }
    assert not slow & set(loaded)
