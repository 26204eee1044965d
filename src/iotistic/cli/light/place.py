"""Where a plain request connects to, by the rules of `iotistic.config`, as far as they are simple.

A contract test holds every answer from here to the settings' own; whatever it cannot say for sure, it leaves to them.
"""

# ruff: noqa: PTH111, PTH113, PTH118, PTH123 - importing pathlib costs as much CPU as all of this

import os
import sys
from os.path import expanduser, isfile, join

from iotistic.cli.light.request import Request

__all__ = ["parameters_of"]

Environment = dict[str, str]

_DEFAULT_NAMES = {"platform": "iotistic", "billing": "billing", "vpn": "vpn"}
_SCHEMES = ("postgresql://", "postgres://")
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_OURS = ("DB_", "DATABASE_", "IOTISTIC_", "POSTGRES_")
_PLAIN = {"DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_SSLMODE"}
_HARMLESS = {"DB_PORT_EXT", "IOTISTIC_DATA_DIR"}
_WITHOUT_TLS = {"disable", "prefer"}
_ROOTS_DATA_DIR = "/var/lib/iotistic"
# Lines of postmaster.pid, see iotistic.database.server.pidfile.
_PORT, _ADDRESS, _STATUS = 3, 5, 7


def parameters_of(request: Request, environment: Environment) -> dict[str, str] | None:
    """Libpq's parameters for the database of `request`, or None when that takes more than a glance."""
    ours = {name for name, value in environment.items() if name.startswith(_OURS) and value} - _HARMLESS
    if isfile(".env") or not ours <= _PLAIN | {"DATABASE_URL"}:
        return None
    url = request.url or environment.get("DATABASE_URL")
    if url:
        return _of_url(url, request) if not ours - {"DATABASE_URL"} else None
    if ours:
        return _of_variables(request, environment)
    return _of_embedded(request, environment)


def _of_url(url: str, request: Request) -> dict[str, str] | None:
    scheme = next((scheme for scheme in _SCHEMES if url.startswith(scheme)), None)
    rest = url.removeprefix(scheme or "")
    userinfo, at, tail = rest.rpartition("@")
    authority, _, path = tail.partition("/")
    database, _, query = path.partition("?")
    user, _, password = userinfo.partition(":")
    host, _, port = authority.partition(":")
    mode = query.removeprefix("sslmode=") if query else "prefer"
    plain = scheme and at and user and host and not set(rest) & set("%#[],&") and rest.count("@") == 1
    if (
        not plain
        or "/" in database
        or "/" in userinfo
        or "?" in userinfo + authority
        or (query and query == mode)
    ):
        return None
    # A database in DATABASE_URL is the platform's; one in --url is whichever the command is about.
    if not database or (request.url is None and request.database != "platform"):
        database = _DEFAULT_NAMES[request.database]
    return _parameters((host, port or "5432"), (user, password), database, mode)


def _of_variables(request: Request, environment: Environment) -> dict[str, str] | None:
    host = environment.get("DB_HOST", "")
    named = environment.get("DB_NAME") if request.database == "platform" else None
    return _parameters(
        (host, environment.get("DB_PORT") or "5432"),
        (environment.get("DB_USER") or "postgres", environment.get("DB_PASSWORD") or ""),
        named or _DEFAULT_NAMES[request.database],
        environment.get("DB_SSLMODE") or "prefer",
    )


def _of_embedded(request: Request, environment: Environment) -> dict[str, str] | None:
    folder = request.data_dir or environment.get("IOTISTIC_DATA_DIR") or _default_data_dir(environment)
    if folder is None:
        return None
    folder = expanduser(folder)
    try:
        lines = _read(join(folder, "postgres", "postmaster.pid")).split("\n")
        login = _login(folder)
        password = _read(join(folder, "secrets", login)).strip()
    except (OSError, UnicodeDecodeError):
        return None
    if len(lines) <= _STATUS or lines[_STATUS].strip() != "ready":
        return None
    address = lines[_ADDRESS].strip()
    host = "127.0.0.1" if address in {"*", "0.0.0.0"} else address  # noqa: S104 - compared, not bound
    name = _DEFAULT_NAMES[request.database]
    return _parameters((host, lines[_PORT].strip()), (login, password), name, "disable")


def _login(folder: str) -> str:
    """As `iotistic.bootstrap.logins` decides it: a word in the data folder, once passwords were rotated."""
    try:
        chosen = _read(join(folder, "secrets", "owner-login")).strip()
    except FileNotFoundError:
        return "iotistic_migrator"
    return "iotistic_migrator_b" if chosen == "iotistic_migrator_b" else "iotistic_migrator"


def _parameters(
    server: tuple[str, str], login: tuple[str, str], database: str, mode: str
) -> dict[str, str] | None:
    (host, port), (user, password) = server, login
    local = host in _LOCAL
    if not (local or (host and mode == "disable")) or mode not in _WITHOUT_TLS or "," in host + port:
        return None
    if not port.isascii() or not port.isdigit() or not database or not user:
        return None
    found = {"host": host, "port": port, "user": user, "dbname": database, "sslmode": mode}
    return {**found, "password": password} if password else found


def _default_data_dir(environment: Environment) -> str | None:
    if os.geteuid() == 0:
        return _ROOTS_DATA_DIR
    base = environment.get("XDG_DATA_HOME", "")
    if base.startswith("/"):
        return join(base, "iotistic")
    return expanduser("~/.local/share/iotistic") if sys.platform == "linux" else None


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
