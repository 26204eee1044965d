"""`iotistic users totp|change-password|disable|enable` as an operator types them."""

import os
import subprocess
import sys
from base64 import b32decode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iotistic.database.conninfo import url
from iotistic.security.second_factor.codes import code_at, step_of
from tests.support.databases import TestDatabase
from tests.support.terminal import typed

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(database: TestDatabase, tmp_path: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": url(database.endpoint("app"), database.name),
        "IOTISTIC_DATA_DIR": str(tmp_path / "data"),
        "IOTISTIC_PASSWORD_COST": "10",
    }


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return typed("users", *words, folder=tmp_path, stdin=stdin, **environment)

    return run


def enrolled(environment: dict[str, str], folder: Path) -> tuple[bytes, list[str]]:
    """The seed of an app that was set up for ada, and the recovery codes."""
    with subprocess.Popen(
        [sys.executable, "-m", "iotistic", "users", "totp", "enrol", "ada"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        uri, text = process.stdout.readline().strip(), process.stdout.readline().strip()
        assert f"secret={text}&" in uri
        seed = b32decode(text)
        process.stdin.write(code_at(seed, step_of(datetime.now(UTC))) + "\n")
        process.stdin.close()
        return seed, process.stdout.read().split()


def test_an_account_from_its_first_password_to_its_lost_telephone(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    password = run("create", "ada", "--role", "viewer").stdout.strip()
    seed, codes = enrolled(environment, tmp_path)
    assert len(codes) == 10
    wrong = run("change-password", "ada", stdin="not the password\n")
    assert (wrong.returncode != 0, "password is wrong" in wrong.stderr) == (True, True)
    changed = run("change-password", "ada", stdin=f"{password}\n{codes[0]}\nanother long password\n")
    assert changed.returncode == 0, changed.stderr
    assert "another long password" not in changed.stdout + changed.stderr
    assert '"recovery_codes_left": 9' in run("totp", "status", "ada", "--json").stdout
    assert len(run("totp", "new-codes", "ada").stdout.split()) == 10
    assert run("totp", "reset", "ada").returncode == 0
    again = run("totp", "reset", "ada")
    assert (again.returncode != 0, "no second factor" in again.stderr) == (True, True)
    assert run("totp", "new-codes", "ada").returncode != 0
    assert len(seed) == 20


@pytest.mark.parametrize("words", [["sessions"], ["log-out"], ["bindings"]])
def test_a_name_that_is_no_account_is_told_and_not_taken_for_one_without_anything(
    run: Run, words: list[str]
) -> None:
    asked = run(*words, "nobody")
    assert asked.returncode != 0
    assert "There is no account 'nobody'." in asked.stderr
    assert run("create", "bob").returncode == 0
    known = run(*words, "bob")
    assert known.returncode == 0, known.stderr


def test_an_account_is_switched_off_and_on_but_not_the_last_owner(run: Run) -> None:
    run("create", "ada", "--role", "owner")
    last = run("disable", "ada")
    assert (last.returncode != 0, "Nobody would be owner" in last.stderr) == (True, True)
    run("create", "bert", "--role", "viewer")
    assert run("disable", "bert").returncode == 0
    assert '"username": "bert"' in (listed := run("list", "--json").stdout)
    assert [line for line in listed.splitlines() if "bert" in line and '"is_active": false' in line]
    assert run("enable", "bert").returncode == 0
    unknown = run("disable", "nobody")
    assert (unknown.returncode != 0, "no account 'nobody'" in unknown.stderr) == (True, True)
