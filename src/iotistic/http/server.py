"""One application on one address, until told to stop: uvicorn under our own hand.

uvicorn by itself ends with the signal that stopped it, which would skip whatever is still to be flushed and closed.
"""

import asyncio
import errno
import socket
from collections.abc import Collection, Generator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import cast, final

import uvicorn
from starlette.types import ASGIApp

from iotistic.errors import Conflict, Unavailable
from iotistic.http.lane_protocol import LaneProtocol
from iotistic.http.trusted_proxies import LOOPBACK, TrustedProxies
from iotistic.security.model import Network

__all__ = ["AddressTaken", "AddressUnusable", "HttpServer"]

_BACKLOG = 2048
_KEEP_ALIVE = 75
"""Seconds an idle connection stays open: longer than the 60 of the usual load balancers, so that they close first and no
request meets a closing connection."""


class AddressTaken(Conflict):
    """Another process listens on this address."""

    code = "address_taken"


class AddressUnusable(Unavailable):
    """Nothing can listen on this address."""

    code = "address_unusable"


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leaves signals to whoever runs the server."""
        yield


@final
class HttpServer:
    """A listening socket from the moment it is made; it answers once `run` is awaited."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        proxies: Collection[Network] = LOOPBACK,
        grace: timedelta = timedelta(seconds=6),
    ) -> None:
        """Port 0 takes a free one. `proxies` are believed about who asks; `grace` is what running requests get to finish once a stop is asked for.

        Raises AddressTaken or AddressUnusable.
        """
        self._socket = _listen(host, port)
        self._host = host
        self._port = int(self._socket.getsockname()[1])
        self._server = _Server(
            uvicorn.Config(
                app,
                http=cast("type[asyncio.Protocol]", partial(LaneProtocol, proxies=TrustedProxies(proxies))),
                proxy_headers=False,  # the short way of ingest would not get to see what uvicorn makes of them
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="none",
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=int(grace.total_seconds()),
            )
        )

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        """Where a client on this computer finds it."""
        local = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - recognised, not bound
        host = local.get(self._host, self._host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def stop(self) -> None:
        """Takes no new request and lets running ones finish; asked twice, it stops at once."""
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True

    async def run(self) -> None:
        """Answers requests until `stop`, or until cancelled."""
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self.close()

    def close(self) -> None:
        """Stops listening, for a server that never ran."""
        self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise _refused(host, port, error) from error
    listening.setblocking(False)
    return listening


def _refused(host: str, port: int, error: OSError) -> Conflict | Unavailable:
    if error.errno == errno.EADDRINUSE:
        return AddressTaken(
            f"Another process listens on port {port} of {host}.",
            hint="Set IOTISTIC_API_PORT (or --port) to another port; 0 takes a free one.",
            host=host,
            port=port,
        )
    return AddressUnusable(
        f"Nothing can listen on port {port} of {host}: {error.strerror}.",
        hint="Set IOTISTIC_API_HOST (or --host) to an address of this computer, and IOTISTIC_API_PORT above 1023.",
        host=host,
        port=port,
    )
