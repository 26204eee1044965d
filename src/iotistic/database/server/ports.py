"""Which TCP port on the loopback address the server takes."""

import errno
import socket
from collections.abc import Callable

from iotistic.database.server.errors import PortTaken

__all__ = ["FIRST", "LOOPBACK", "choose_port", "is_free"]

LOOPBACK = "127.0.0.1"

FIRST = 15432
"""Above PostgreSQL's own 5432, so that a system's server keeps it, and below 32768, from where systems take outgoing ports."""

_COUNT = 1000


def choose_port(
    configured: int | None, remembered: int | None, *, free: Callable[[int], bool], first: int = FIRST
) -> tuple[int, str | None]:
    """The port, and what to tell when it is not the expected one.

    A configured port is taken or refused with PortTaken; a remembered one gives way to the next free one from `first` on.
    """
    if configured is not None:
        if free(configured):
            return configured, None
        raise PortTaken(
            f"Port {configured} is taken by another program.",
            hint="End that program, or name another port in IOTISTIC_SERVER_PORT; without one a free port is found.",
            port=configured,
        )
    if remembered is not None and free(remembered):
        return remembered, None
    port = next((port for port in range(first, first + _COUNT) if free(port)), None)
    if port is None:
        raise PortTaken(
            f"No port from {first} to {first + _COUNT - 1} is free.",
            hint="Name one in IOTISTIC_SERVER_PORT.",
            first=first,
        )
    told = (
        None
        if remembered is None
        else f"Port {remembered} is taken by another program; taking {port} instead."
    )
    return port, told


def is_free(port: int) -> bool:
    """Whether a server may listen on the port now; reuse of a closed one's address is allowed, as PostgreSQL does."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True
