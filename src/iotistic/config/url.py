"""DATABASE_URL: a PostgreSQL connection URI taken apart.

Grammar: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS. A contract test holds this parser
to libpq's own on every form both accept. Where libpq would guess (an unescaped character in the password), this refuses and
says why.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn
from urllib.parse import unquote

from iotistic.config.problems import Rejected

__all__ = ["DatabaseUrl", "masked", "parse_database_url"]

_SCHEMES = ("postgresql://", "postgres://")
_DEFAULT_PORT = "5432"
_NO_PORT = re.compile(r":(?!\d{1,5}(?:[/,?]|$)).*")
_BY_PARTS = "or leave the password out of the URL and set DB_PASSWORD, where nothing needs escaping."
_INTO_SETTINGS = {
    "dbname": "DB_NAME",
    "host": "DB_HOST",
    "password": "DB_PASSWORD",
    "port": "DB_PORT",
    "sslcert": "DB_SSLCERT",
    "sslkey": "DB_SSLKEY",
    "sslmode": "DB_SSLMODE",
    "sslrootcert": "DB_SSLROOTCERT",
    "user": "DB_USER",
}
_PASSED_ON = frozenset({
    "channel_binding", "gssencmode", "krbsrvname", "load_balance_hosts", "require_auth",
    "ssl_max_protocol_version", "ssl_min_protocol_version", "sslcrl", "sslnegotiation", "sslsni",
})  # fmt: skip
_SET_BY_US = frozenset({
    "application_name", "client_encoding", "connect_timeout", "fallback_application_name", "keepalives", "keepalives_count",
    "keepalives_idle", "keepalives_interval", "options", "target_session_attrs", "tcp_user_timeout",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseUrl:
    """What a URL says, in the words of the DB_ variables."""

    settings: tuple[tuple[str, str], ...]
    """(variable, text) for each part that is there."""
    parameters: tuple[tuple[str, str], ...]
    """Query parameters for libpq alone."""
    ignored: tuple[str, ...]
    """Query parameters that this program sets itself."""


def parse_database_url(text: str) -> DatabaseUrl:
    """The parts of a URL. Raises Rejected, with neither the password nor a piece of it in the words."""
    scheme = next((scheme for scheme in _SCHEMES if text.startswith(scheme)), None)
    if scheme is None:
        _reject(
            "It does not start with postgresql:// or postgres://.",
            "Write postgresql://user:password@host:5432/database.",
        )
    rest = text.removeprefix(scheme)
    _refuse_unescaped(rest)
    authority, _, tail = _split(rest, "/?")
    path, _, query = tail.removeprefix("/").partition("?")
    userinfo, at, hosts = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    found = {"DB_USER": _decoded(user), "DB_PASSWORD": _decoded(password)} if at else {}
    found |= _hosts(hosts)
    found["DB_NAME"] = _decoded(path)
    parameters, ignored = _query(query, found)
    if not found.get("DB_HOST"):
        _reject("It names no host.", "Write postgresql://user:password@host:5432/database.")
    if not found.get("DB_PORT"):
        found["DB_PORT"] = ",".join(_DEFAULT_PORT for _ in found["DB_HOST"].split(","))
    return DatabaseUrl(
        settings=tuple((name, value) for name, value in found.items() if value),
        parameters=parameters,
        ignored=ignored,
    )


def masked(text: str) -> str:
    """The URL with *** for the password, even when the URL is malformed: from the first colon to the last @."""
    shown = re.sub(r"(password=)[^&]*", r"\1***", text, flags=re.IGNORECASE)
    scheme, separator, rest = shown.partition("://")
    if not separator:
        # Without a scheme nothing says where a password would be.
        return f"{len(text)} characters"
    userinfo, at, hosts = rest.rpartition("@")
    if at and ":" in userinfo:
        return f"{scheme}://{userinfo.partition(':')[0]}:***@{hosts}"
    # user:password without an @ behind it reads as host:port, and what is no port may be a password.
    return shown if at or "[" in rest else f"{scheme}://{_NO_PORT.sub(':***', rest)}"


def _reject(reason: str, suggestion: str) -> NoReturn:
    raise Rejected(reason, suggestion)


def _split(text: str, characters: str) -> tuple[str, str, str]:
    """Around the first of `characters`, which stays with the tail."""
    match = re.search(f"[{re.escape(characters)}]", text)
    return (text, "", "") if match is None else (text[: match.start()], match[0], text[match.start() :])


def _refuse_unescaped(rest: str) -> None:
    before, found, tail = _split(rest, "/?#")
    if before.count("@") > 1:
        _reject(
            "There is more than one @ before the host: one in the password is not escaped.",
            f"Write it as %40, {_BY_PARTS}",
        )
    if found and _ends_a_password(before, found, tail):
        _reject(
            f"There is an unescaped {found} in the password.", f"Write it as %{ord(found):02X}, {_BY_PARTS}"
        )
    if "#" in rest.partition("?")[0]:
        _reject("There is an unescaped # in it.", f"Write it as %23, {_BY_PARTS}")
    if re.search(r"%(?![0-9A-Fa-f]{2})", rest):
        _reject(
            "There is a % that no two hexadecimal digits follow.", f"Write a % itself as %25, {_BY_PARTS}"
        )


def _ends_a_password(before: str, found: str, tail: str) -> bool:
    """Whether `before` looks like user:password, cut short by `found`, with the @ yet to come."""
    if "@" in before or ":" not in before:
        return False
    if found == "?":
        piece, at, _ = tail.partition("@")
        return bool(at) and "=" not in piece  # name=value is a query, where @ needs no escape
    return "@" in tail.partition("?")[0]


def _decoded(text: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        _reject(
            "An escaped part of it is no UTF-8.", "Escape the UTF-8 bytes of each character, such as %C3%A9."
        )
    if "\0" in decoded:
        _reject("There is a %00 in it.", "Leave the zero byte out.")
    return decoded


def _hosts(text: str) -> dict[str, str]:
    if not text:
        return {}
    hosts: list[str] = []
    ports: list[str] = []
    for part in text.split(","):
        match = re.fullmatch(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]*))?", part)
        if match is None:
            _reject("The part after the @ is no host:port.", "An IPv6 address goes in brackets: [::1]:5432.")
        hosts.append(_decoded(match["host"].strip("[]")))
        ports.append(match["port"] or _DEFAULT_PORT)
    if not any(hosts):
        return {"DB_PORT": ",".join(ports)} if ":" in text else {}
    return {"DB_HOST": ",".join(hosts), "DB_PORT": ",".join(ports)}


def _query(query: str, found: dict[str, str]) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Moves the parameters that are settings into `found`; answers those for libpq and those we set ourselves."""
    passed: list[tuple[str, str]] = []
    ignored: list[str] = []
    for pair in filter(None, query.split("&")):
        name, equals, raw = pair.partition("=")
        value = _decoded(raw)
        if not equals:
            _reject("A query parameter has no value.", "Write name=value pairs with & between them.")
        if name in _INTO_SETTINGS:
            found[_INTO_SETTINGS[name]] = value
        elif name in _PASSED_ON:
            passed.append((name, value))
        elif name in _SET_BY_US:
            ignored.append(name)
        else:
            _reject_parameter(name)
    return tuple(passed), tuple(ignored)


def _reject_parameter(name: str) -> NoReturn:
    known = sorted([*_INTO_SETTINGS, *_PASSED_ON])
    near = get_close_matches(name, known, n=1)
    shown = name if re.fullmatch(r"\w{1,40}", name) else "one of the parameters"
    _reject(
        f"PostgreSQL knows no parameter {shown}.",
        f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}.",
    )
