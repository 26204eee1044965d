"""`iotistic secrets` and `iotistic system-config seal` as an operator types them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from iotistic.bootstrap.sealing import sealing_keys
from iotistic.config import load_settings
from iotistic.configuration import place_of, reveal_reference
from iotistic.database.conninfo import url
from tests.support.databases import TestDatabase
from tests.support.terminal import typed

Run = Callable[..., subprocess.CompletedProcess[str]]
SECRET = "correct horse battery staple"
BROKER = "mqtt.brokers.1"


@pytest.fixture
def run(database: TestDatabase, tmp_path: Path) -> Run:
    def run(*words: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "DATABASE_URL": url(database.endpoint("app"), database.name),
            "IOTISTIC_DATA_DIR": str(tmp_path / "data"),
            **variables,
        }
        return typed(*words, folder=tmp_path, stdin=stdin, **environment)

    return run


def stored(run: Run) -> str:
    text: str = json.loads(run("system-config", "get", BROKER).stdout)["password"]
    return text


def opened(text: str, home: Path) -> str:
    settings = load_settings({"IOTISTIC_DATA_DIR": str(home / "data")}, dotenv=None)
    return reveal_reference(
        text, {}, sealing=sealing_keys(settings), about=place_of(BROKER, "password")
    ).reveal()


def test_a_password_is_sealed_in_a_setting_and_stands_nowhere_in_clear(run: Run, tmp_path: Path) -> None:
    sealed = run("system-config", "seal", BROKER, "password", stdin=SECRET + "\n")
    assert sealed.returncode == 0, sealed.stderr
    assert stored(run).startswith("sealed:1:")
    assert opened(stored(run), tmp_path) == SECRET
    history = run("system-config", "history", BROKER, "--json").stdout
    assert SECRET not in history + sealed.stdout + sealed.stderr


def test_an_empty_secret_and_one_for_no_setting_are_refused(run: Run) -> None:
    assert run("system-config", "seal", BROKER, "password", stdin="\n").returncode == 1
    refused = run("system-config", "seal", "mqtt.brokers.77", "password", stdin=SECRET)
    assert (refused.returncode, "There is no setting" in refused.stderr) == (1, True)


def test_the_key_is_changed_and_the_old_one_forgotten_without_losing_a_secret(
    run: Run, tmp_path: Path
) -> None:
    run("system-config", "seal", BROKER, "password", stdin=SECRET)
    run("certificates", "create", "--host", "db")
    before = stored(run)
    assert run("secrets", "rotate-key").returncode == 0
    keys = json.loads(run("secrets", "status", "--json").stdout)["keys"]
    assert [(key["is"], key["secrets"]) for key in keys] == [("seals and opens", 0), ("opens", 2)]
    rewrapped = run("secrets", "rewrap", "--drop")
    assert rewrapped.returncode == 0, rewrapped.stderr
    (key,) = json.loads(run("secrets", "status", "--json").stdout)["keys"]
    assert (key["is"], key["secrets"]) == ("seals and opens", 2)
    assert stored(run) != before
    assert opened(stored(run), tmp_path) == SECRET
    assert run("certificates", "create", "--host", "db").returncode == 0  # the authority's key opens


def test_a_key_that_is_missing_is_told(run: Run) -> None:
    run("system-config", "seal", BROKER, "password", stdin=SECRET)
    key = run("secrets", "new-key").stdout.strip()
    status = run("secrets", "status", IOTISTIC_SEALING_KEY=key)
    assert (status.returncode, "missing: what it sealed cannot be read" in status.stdout) == (1, True)
    assert key not in status.stdout + status.stderr
    assert run("secrets", "rotate-key", IOTISTIC_SEALING_KEY=key).returncode == 3
