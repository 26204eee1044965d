"""`iotistic doctor connection` as it is typed."""

import json
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from iotistic.database.conninfo import url
from iotistic.database.server import RunningServer
from iotistic.secret import Secret
from tests.support.databases import TestDatabase
from tests.support.terminal import typed


def walked(tmp_path: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return typed("doctor", "connection", *words, "--data-dir", str(tmp_path), folder=tmp_path, **environment)


def test_localhost_inside_of_a_container_is_told(tmp_path: Path) -> None:
    """The process believes to be in a pod, as a container of Kubernetes tells it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    dsn = f"postgresql://app:x@localhost:{free}/iotistic"
    outcome = walked(tmp_path, dsn, KUBERNETES_SERVICE_HOST="10.0.0.1")
    assert outcome.returncode == 2
    assert "localhost is the container itself" in outcome.stdout
    assert "DB_HOST=postgres" in outcome.stdout


def test_a_password_that_is_not_escaped_is_told_before_the_walk(tmp_path: Path) -> None:
    outcome = walked(tmp_path, "postgresql://app:pa@ss@127.0.0.1/iotistic")
    assert outcome.returncode == 1
    assert "%40" in outcome.stderr
    assert "pa@ss" not in outcome.stdout + outcome.stderr


@pytest.mark.parametrize("dsn", ["nonsense", "mysql://app@127.0.0.1/iotistic", "postgresql://"])
def test_what_is_no_address_of_a_database_is_told(tmp_path: Path, dsn: str) -> None:
    outcome = walked(tmp_path, dsn)
    assert (outcome.returncode, "Traceback" in outcome.stderr) == (1, False)
    assert "postgresql://user:password@host:5432/database" in outcome.stderr


def test_a_schema_that_is_behind_is_the_last_step(server: RunningServer, tmp_path: Path) -> None:
    outcome = walked(tmp_path, url(server.endpoint, "postgres"), "--json")
    assert outcome.returncode == 2, outcome.stderr
    steps = json.loads(outcome.stdout)["steps"]
    assert [step["name"] for step in steps if step["problem"]] == ["schema"]
    assert "iotistic migrate" in steps[-1]["problem"]["fix"]


def test_an_administrator_tells_which_of_the_causes_it_is(
    server: RunningServer, shared_database: TestDatabase, tmp_path: Path
) -> None:
    """The settings name a role that is refused; what migrations use gets in, and looks."""
    refused = replace(shared_database.endpoint("app"), password=Secret("wrong"))
    outcome = walked(
        tmp_path,
        "--json",
        DATABASE_URL=url(refused, shared_database.name),
        IOTISTIC_MIGRATION_URL=url(server.endpoint, shared_database.name),
    )
    problem = json.loads(outcome.stdout)["steps"][-1]["problem"]
    assert (outcome.returncode, problem["code"]) == (2, "28P01")
    assert "another one was sent" in problem["cause"]
