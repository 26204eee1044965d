"""The mistake everybody makes once: a Compose service name outside of Docker, or localhost inside of it."""

import ipaddress
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Advice", "Surroundings", "is_local", "misplaced_host", "surroundings"]

_CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """The facts about where we run that decide what a host name means."""

    in_container: bool
    """Whether this process runs in a container."""
    resolves: Callable[[str], bool]
    """Whether a host name is known here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """Why a host cannot be meant as it stands, and what to write instead."""

    reason: str
    suggestion: str
    certain: bool
    """False when there are set-ups in which it is right, such as a proxy beside us in the same pod."""


def surroundings(environment: Mapping[str, str]) -> Surroundings:
    """The facts of this process. A name is looked up only when it is asked for."""
    in_container = "KUBERNETES_SERVICE_HOST" in environment or any(mark.exists() for mark in _CONTAINER_MARKS)
    return Surroundings(in_container=in_container, resolves=_resolves)


def is_local(host: str) -> bool:
    """Whether the host is a socket folder or this machine's loopback."""
    if host.startswith("/") or host.lower() in {"localhost", "localhost.localdomain"}:
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def misplaced_host(host: str, surroundings: Surroundings, *, external_port: int) -> Advice | None:
    """What to say about `host` here, or None when nothing speaks against it."""
    if surroundings.in_container:
        if host.startswith("/") or not is_local(host):
            return None
        return Advice(
            reason="This runs in a container, and there localhost is the container itself.",
            suggestion="Name the database's service (DB_HOST=postgres), or host.docker.internal for the computer around it.",
            certain=False,
        )
    could_be_service = "." not in host and not is_local(host) and _address(host) is None
    if not could_be_service or surroundings.resolves(host):
        return None
    return Advice(
        reason="No host of that name is known here. It looks like a service of Docker Compose; those names exist only inside "
        "of its network.",
        suggestion=f"Outside of Docker use the published port: DB_HOST=localhost and DB_PORT={external_port} (DB_PORT_EXT). "
        "Without DB_HOST the embedded server is used.",
        certain=True,
    )


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _resolves(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None))
    except OSError:
        return False
