"""The configuration files of a PostgreSQL in a container, from one template each: for Docker Compose and Kubernetes, with TLS and without."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from ipaddress import IPv4Network, IPv6Network
from string import Template
from typing import Final

from iotistic.database.roles import ROLES

__all__ = ["NAMES", "Layout", "Network", "Target", "config_map", "render"]

Network = IPv4Network | IPv6Network

NAMES: Final = ("postgresql.conf", "pg_hba.conf", "pg_ident.conf")


class Target(StrEnum):
    """What runs the container."""

    compose = "compose"
    kubernetes = "kubernetes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the files are to be for."""

    target: Target
    networks: Sequence[Network]
    """Where clients may come from."""
    tls: bool
    """Whether everything but the socket has to be encrypted."""
    own_roles: bool
    """Whether only our roles may come from another machine; else anybody with a password, the superuser too."""


def render(layout: Layout) -> dict[str, str]:
    """The files by name."""
    folder = resources.files("iotistic.operations.access").joinpath("templates")
    words = {
        "what": _WHAT[layout.target],
        "where": _WHERE[layout.target],
        "tls": _WITH_TLS if layout.tls else _WITHOUT_TLS,
        "host": f"{_host(layout):<10}",
        "without_tls": _REFUSE_PLAIN if layout.tls else "",
        "networks": "\n".join(_lines(layout)),
    }
    return {
        name: Template(folder.joinpath(name).read_text(encoding="utf-8")).substitute(words) for name in NAMES
    }


def config_map(files: dict[str, str], name: str) -> str:
    """A ConfigMap of Kubernetes with these files in it, as YAML."""
    lines = ["apiVersion: v1", "kind: ConfigMap", "metadata:", f"  name: {name}", "data:"]
    for file, text in files.items():
        lines += [f"  {file}: |", *(f"    {line}".rstrip() for line in text.splitlines())]
    return "\n".join(lines) + "\n"


def _lines(layout: Layout) -> Iterable[str]:
    users = ",".join(f"+{role.name}" for role in ROLES) if layout.own_roles else "all"
    databases = "all"
    if layout.own_roles:
        yield "# No superuser from another machine; the roles of `iotistic db roles list` and whoever is a member of one, with either login."
        yield _line("host", "all", "postgres", "all", "reject")
    else:
        yield _NETWORKS
    for network in layout.networks:
        yield _line(_host(layout), databases, users, str(network), "scram-sha-256")
    yield ""
    yield "# Base backups by the role that is for them, from the same networks."
    for network in layout.networks:
        yield _line(_host(layout), "replication", "+iotistic_backup", str(network), "scram-sha-256")


def _line(kind: str, database: str, user: str, address: str, method: str) -> str:
    return f"{kind:<10} {database:<12} {user:<16} {address:<15} {method}"


def _host(layout: Layout) -> str:
    return "hostssl" if layout.tls else "host"


_WHAT: Final = {
    Target.compose: "# PostgreSQL in the container iotistic-postgres (docker-compose.yml mounts this file; image postgres:16-alpine).",
    Target.kubernetes: "# PostgreSQL in a pod, from a ConfigMap (image postgres:16-alpine).",
}
_WHERE: Final = {
    Target.compose: " to the container iotistic-postgres",
    Target.kubernetes: " to PostgreSQL in the pod",
}
_NETWORKS: Final = "# The Compose network, and the computer around it through the published port: Docker hands both private addresses."
_REFUSE_PLAIN: Final = f"""
# Nothing goes over the network in clear, not even the first word of a login.
{_line("hostnossl", "all", "all", "all", "reject")}
{_line("hostnossl", "replication", "all", "all", "reject")}
"""
_WITHOUT_TLS: Final = """# TLS is off (`--no-tls`): only for a network that nobody else is on, or a build of PostgreSQL that has none.
#ssl = on"""
_WITH_TLS: Final = """# TLS for everything but the socket (pg_hba.conf). A new certificate is read at the next reload, without a restart; open sessions stay.
ssl = on
ssl_cert_file = '/etc/postgresql/tls/server.crt'
ssl_key_file = '/etc/postgresql/tls/server.key'
ssl_min_protocol_version = 'TLSv1.2'"""
