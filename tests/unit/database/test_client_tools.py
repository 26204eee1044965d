"""Which of a machine's client programs is taken: one that can connect as the server is to be asked."""

from pathlib import Path

import pytest

from iotistic.config import Endpoint
from iotistic.database import client_tools
from iotistic.database.client_tools import ClientTool, ClientToolMissing, find_newest


def installed(folder: Path, major: int, built: str | None) -> ClientTool:
    """A psql, and the pg_config beside it, which says how it was built; None: there is none."""
    folder.mkdir()
    if built is not None:
        program = folder / "pg_config"
        program.write_text(f'#!/bin/sh\necho "{built}"\n', encoding="utf-8")
        program.chmod(0o755)
    return ClientTool(path=folder / "psql", major=major)


def endpoint(sslmode: str) -> Endpoint:
    return Endpoint(hosts=(("db.example.com", 5432),), user="ada", sslmode=sslmode)


@pytest.fixture
def bare(tmp_path: Path) -> ClientTool:
    return installed(tmp_path / "bare", 18, "'--without-icu'")


@pytest.mark.parametrize("sslmode", ["disable", "allow", "prefer"])
def test_where_no_tls_is_asked_for_the_newest_is_taken(
    bare: ClientTool, tmp_path: Path, sslmode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = installed(tmp_path / "older", 15, "'--with-openssl'")
    monkeypatch.setattr(client_tools, "_installed", lambda _: [older, bare])
    assert find_newest("psql", endpoint(sslmode)) is bare


@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
@pytest.mark.parametrize("built", ["'--with-openssl'", "'--with-ssl=openssl'", None])
def test_where_tls_is_asked_for_an_older_one_that_speaks_it_is_taken(
    bare: ClientTool, tmp_path: Path, sslmode: str, built: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = installed(tmp_path / "older", 15, built)
    monkeypatch.setattr(client_tools, "_installed", lambda _: [older, bare])
    assert find_newest("psql", endpoint(sslmode)) is older


def test_where_none_speaks_tls_that_is_said(bare: ClientTool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_tools, "_installed", lambda _: [bare])
    with pytest.raises(ClientToolMissing, match="no psql that speaks TLS"):
        find_newest("psql", endpoint("verify-full"))
