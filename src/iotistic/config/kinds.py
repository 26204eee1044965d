"""The kinds of values a setting may have: text in, value out, or a reason and a suggestion."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Generic, NoReturn, TypeVar

from iotistic.config.problems import Rejected
from iotistic.config.url import masked
from iotistic.secret import Secret

__all__ = [
    "DATABASE_NAME",
    "DURATION",
    "FREE_PORT",
    "HOSTS",
    "LIMIT",
    "NETWORKS",
    "PATH",
    "PEPPERS",
    "PORT",
    "PORTS",
    "ROLE",
    "SEALING_KEY",
    "SECRET",
    "SERVER_URL",
    "STORAGE",
    "TEXT",
    "URL",
    "Kind",
    "choice",
    "count",
    "secret",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_DURATION = re.compile(r"(?P<number>[0-9]{1,9})\s*(?P<unit>[a-z]*)")
_STORAGE = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/ ]+)*/?|(/[^/]+)+/?")
_SERVER_URL = re.compile(r"https?://[^/@\s?#]+/?")
_SEALING_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
_HIGHEST_PORT = 65535
# PostgreSQL cuts longer names silently (NAMEDATALEN - 1), and two names may then become one.
_LONGEST_NAME = 63
# The server keeps these limits as milliseconds in 32 bits.
_LONGEST_LIMIT = timedelta(milliseconds=2**31 - 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind(Generic[T_co]):
    """One kind of value."""

    name: str
    """Said in the reference page."""
    parse: Callable[[str], T_co]
    """The value of a text; raises Rejected."""
    mask: Callable[[str], str] | None = None
    """What to show instead of the text, when that is a secret."""

    @property
    def is_secret(self) -> bool:
        """Whether the text may never be shown."""
        return self.mask is not None

    def shown(self, text: str) -> str:
        """The text, fit for any eye."""
        return self.mask(text) if self.mask else text


def _reject(reason: str, suggestion: str) -> NoReturn:
    raise Rejected(reason, suggestion)


def _port(text: str, *, lowest: int = 1) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not lowest <= int(text) <= _HIGHEST_PORT:
        _reject("This is no TCP port.", f"Give a whole number from {lowest} to {_HIGHEST_PORT}.")
    return int(text)


def _free_port(text: str) -> int:
    return _port(text, lowest=0)


def _ports(text: str) -> tuple[int, ...]:
    return tuple(_port(part.strip()) for part in text.split(","))


def _hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(part.strip() for part in text.split(","))
    for host in hosts:
        if "://" in host:
            _reject(
                "This is a URL, not a host name.",
                "Put the URL in DATABASE_URL, or keep only the host's name here.",
            )
        if not host.startswith("/") and not re.fullmatch(r"[\w.-]+|[0-9a-fA-F:.]+(%[\w.-]+)?", host):
            hint = " A port goes in DB_PORT." if re.fullmatch(r"[\w.-]+:[0-9]+", host) else ""
            _reject(
                "This is no host.",
                f"Give a name, an address, a socket folder such as /var/run/postgresql, or several with commas.{hint}",
            )
    return hosts


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        _reject("This is no duration.", "Write a whole number and a unit: 500ms, 30s, 5min, 2h or 1d.")
    number, unit = int(match["number"]), match["unit"]
    if unit in _UNITS:
        return number * _UNITS[unit]
    if number == 0 and not unit:
        return timedelta(0)
    if not unit:
        _reject("The unit is missing.", f"Write {number}s, {number}ms or {number}min.")
    likely = {
        "m": "min",
        "sec": "s",
        "mins": "min",
        "minutes": "min",
        "seconds": "s",
        "hours": "h",
        "days": "d",
    }.get(unit)
    better = f"Write {number}{likely}." if likely else "Units are ms, s, min, h and d."
    _reject(f"{unit} is no unit here.", better)


def _positive_duration(text: str) -> timedelta:
    value = _duration(text)
    if not value:
        _reject("It has to be longer than nothing.", "Write for example 10s.")
    return value


def _limit(text: str) -> timedelta:
    value = _duration(text)
    if value > _LONGEST_LIMIT:
        _reject("PostgreSQL cannot count so far.", "The most is 24d; 0 means no limit.")
    return value


def _database_name(text: str) -> str:
    if not text.isprintable() or len(text.encode()) > _LONGEST_NAME:
        _reject("PostgreSQL has no such name.", f"Give at most {_LONGEST_NAME} bytes of printable text.")
    return text


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        _reject("Nobody's home folder is called that.", "Write the path in full.")


def _stars(_text: str) -> str:
    return "***"


def choice(*words: T) -> Kind[T]:
    """One of `words`; capitals do not matter."""
    by_text = {str(word): word for word in words}
    listed = f"{', '.join(list(by_text)[:-1])} or {list(by_text)[-1]}"

    def parse(text: str) -> T:
        found = by_text.get(text.lower())
        if found is None:
            _reject("This is none of the choices.", f"Choose {listed}.")
        return found

    return Kind(name=listed, parse=parse)


def count(lowest: int, highest: int) -> Kind[int]:
    """A whole number from `lowest` to `highest`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
            _reject("This number is not allowed.", f"Give a whole number from {lowest} to {highest}.")
        return int(text)

    return Kind(name=f"{lowest} to {highest}", parse=parse)


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip() != "none")
    except ValueError:
        _reject(
            "It is no list of networks.",
            "Write 10.0.0.0/8 or 10.0.0.0/8,2001:db8::/32, or none for no proxy at all.",
        )


_PEPPER = re.compile(r"(?P<version>[1-9][0-9]{0,3}):(?P<pepper>[^,:\s]{32,})")


def _peppers(text: str) -> Mapping[int, Secret]:
    found: dict[int, Secret] = {}
    for part in text.split(","):
        pepper = _PEPPER.fullmatch(part.strip())
        if pepper is None or int(pepper["version"]) in found:
            _reject(
                "It is no list of peppers with their versions, each once.",
                "Write 1:PEPPER or 1:PEPPER,2:PEPPER, each of 32 characters or more.",
            )
        found[int(pepper["version"])] = Secret(pepper["pepper"])
    return found


def secret(shortest: int = 1) -> Kind[Secret]:
    """A secret of at least `shortest` characters."""

    def parse(text: str) -> Secret:
        if len(text) < shortest:
            _reject(f"It is shorter than {shortest} characters.", "Make one with `openssl rand -base64 32`.")
        return Secret(text)

    return Kind(name="secret", parse=parse, mask=_stars)


def _storage(text: str) -> str:
    if not _STORAGE.fullmatch(text):
        _reject("It is neither a bucket nor an absolute path.", "Write s3://BUCKET/PREFIX or /mnt/backups.")
    return text.rstrip("/")


def _server_url(text: str) -> str:
    if not _SERVER_URL.fullmatch(text):
        _reject("It is no URL of a server.", "Write https://HOST or https://HOST:PORT, without credentials.")
    return text.rstrip("/")


def _sealing_key(text: str) -> Secret:
    """Said here already, by its form alone: loading the cryptography for that would slow down every command."""
    if not all(_SEALING_KEY.fullmatch(key.strip()) for key in text.split(",")):
        _reject(
            "It is no sealing key, nor several with commas: each is 43 characters of URL-safe base64.",
            "Make one with `iotistic secrets new-key`.",
        )
    return Secret(text)


_ROLES = ("owner", "admin", "manager", "operator", "viewer")


def _roles(text: str) -> tuple[str, ...]:
    """Said by name here: a role that is misspelt would ask for nothing."""
    roles = tuple(part.strip() for part in text.split(","))
    if not set(roles) <= set(_ROLES):
        _reject("It is no list of roles.", f"Write some of {','.join(_ROLES)}, with commas.")
    return roles


TEXT: Kind[str] = Kind(name="text", parse=str)
ROLE: Kind[str] = Kind(name="role name", parse=_database_name)
DATABASE_NAME: Kind[str] = Kind(name="database name", parse=_database_name)
PORT: Kind[int] = Kind(name="port", parse=_port)
FREE_PORT: Kind[int] = Kind(name="port", parse=_free_port)
PORTS: Kind[tuple[int, ...]] = Kind(name="port, or one per host", parse=_ports)
HOSTS: Kind[tuple[str, ...]] = Kind(name="host, or several with commas", parse=_hosts)
NETWORKS: Kind[tuple[IPv4Network | IPv6Network, ...]] = Kind(name="networks, with commas", parse=_networks)
ROLES: Kind[tuple[str, ...]] = Kind(name="roles, with commas", parse=_roles)
DURATION: Kind[timedelta] = Kind(name="duration", parse=_positive_duration)
LIMIT: Kind[timedelta] = Kind(name="duration, 0 for none", parse=_limit)
PATH: Kind[Path] = Kind(name="path", parse=_path)
SECRET: Kind[Secret] = secret()
PEPPERS: Kind[Mapping[int, Secret]] = Kind(name="secrets by version", parse=_peppers, mask=_stars)
URL: Kind[Secret] = Kind(name="URL", parse=Secret, mask=masked)
STORAGE: Kind[str] = Kind(name="path or s3://bucket/prefix", parse=_storage)
SERVER_URL: Kind[str] = Kind(name="URL", parse=_server_url)
SEALING_KEY: Kind[Secret] = Kind(name="secret", parse=_sealing_key, mask=_stars)
