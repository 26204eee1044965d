"""Which of PostgreSQL's programs is taken."""

from pathlib import Path

import pytest

from iotistic.config import Endpoint
from iotistic.database import client_tools
from iotistic.database.client_tools import ClientToolMissing, find_tool, newest_tool


def endpoint(sslmode: str) -> Endpoint:
    return Endpoint(hosts=(("db.example", 5432),), user="app", sslmode=sslmode)  # type: ignore[arg-type]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only one of its name, of a build without TLS."""
    for name, answer in {"pg_odd": "pg_odd (PostgreSQL) 18.1", "pg_config": "'--with-icu'"}.items():
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{answer}"\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "pg_odd"


@pytest.mark.parametrize("sslmode", ["disable", "prefer"])
def test_a_program_without_tls_serves_where_none_is_asked_for(program: Path, sslmode: str) -> None:
    assert find_tool("pg_odd", at_least=18, endpoint=endpoint(sslmode)).path == program
    assert newest_tool("pg_odd", endpoint(sslmode)).path == program


@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
def test_a_program_without_tls_is_not_sent_where_it_cannot_go(program: Path, sslmode: str) -> None:
    assert program.exists()
    with pytest.raises(
        ClientToolMissing, match="no pg_odd of PostgreSQL 18 or newer that knows TLS"
    ) as caught:
        find_tool("pg_odd", at_least=18, endpoint=endpoint(sslmode))
    assert "postgresql-client-18" in (caught.value.hint or "")
    with pytest.raises(ClientToolMissing, match="no pg_odd that knows TLS"):
        newest_tool("pg_odd", endpoint(sslmode))


def test_a_build_that_does_not_say_how_it_was_made_is_taken_to_know_tls(program: Path) -> None:
    (program.parent / "pg_config").unlink()
    assert find_tool("pg_odd", at_least=18, endpoint=endpoint("verify-full")).path == program


@pytest.mark.parametrize(("sslmode", "taken"), [("prefer", "newer"), ("verify-full", "older")])
def test_an_older_program_is_taken_where_only_it_knows_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sslmode: str, taken: str
) -> None:
    for folder, major, built in (("newer", 18, "'--with-icu'"), ("older", 15, "'--with-openssl'")):
        (tmp_path / folder).mkdir()
        for name, answer in {"pg_odd": f"pg_odd (PostgreSQL) {major}.1", "pg_config": built}.items():
            (tmp_path / folder / name).write_text(f'#!/bin/sh\necho "{answer}"\n')
            (tmp_path / folder / name).chmod(0o755)
    monkeypatch.setattr(
        client_tools,
        "_installed",
        lambda name: [
            client_tools.ClientTool(path=tmp_path / folder / name, major=major)
            for folder, major in (("newer", 18), ("older", 15))
        ],
    )
    assert newest_tool("pg_odd", endpoint(sslmode)).path == tmp_path / taken / "pg_odd"
