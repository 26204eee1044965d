import os
import subprocess
import sys

import pytest

from iotistic.cli.light.request import request_of


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


def test_it_loads_nothing_that_is_slow_to_load() -> None:
    code = "import iotistic.cli.main, iotistic.cli.light.answer, sys; print(*sys.modules)"
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
