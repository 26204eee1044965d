"""The protocol of our server: requests that may go the short way (`iotistic.http.ingest_lane`) leave the framework's here.

uvicorn goes on to keep the order of requests, idle connections and the end of the server; of a request on the short way only the
task that would run the application for it is left out.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, cast, final

from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from iotistic.http.guarded_protocol import GuardedProtocol
from iotistic.http.ingest_lane import IngestLane, Passage, answer_of
from iotistic.http.request_body import DEADLINE, body_too_late
from iotistic.http.request_context import CALLER_LEFT, FAILED_KEY
from iotistic.http.trusted_proxies import TrustedProxies

__all__ = ["LaneProtocol"]


@final
class LaneProtocol(GuardedProtocol):
    """Takes the lane of the application, if it has one."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        proxies: TrustedProxies,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._proxies = proxies
        self._lane: IngestLane | None = getattr(config.app, "ingest_lane", None)
        self._awaited: _Awaited | None = None
        """The request whose body is on its way."""
        self._body_deadline: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._awaited is not None and self._body_deadline is None:
            self._body_deadline = self.loop.call_later(DEADLINE.total_seconds(), self._be_late)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self._is_awaited():
            # uvicorn stops reading until the application asks for more; here the lane has made room for all of it.
            self.flow.resume_reading()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._is_awaited():
            self._deliver()

    def connection_lost(self, exc: Exception | None) -> None:
        left = self._take_awaited()
        super().connection_lost(exc)
        if self._lane is not None and left is not None:
            self._lane.leave(left.passage)
            self._lane.note(left.passage, CALLER_LEFT)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's
        self._proxies.correct(_scope_of(cycle))
        # A client that does not read its answers is waited for in the framework.
        lane = None if self.flow.write_paused else self._lane
        passage = None if lane is None else lane.admit(_scope_of(cycle))
        if passage is None:
            super()._start_asgi_task(cycle, app)
            return
        self._awaited = _Awaited(passage, cycle, app)
        if not cycle.more_body:  # it waited behind another request
            self._deliver()

    def _is_awaited(self) -> bool:
        """Whether what is being received is the body that is awaited, and not a request behind it."""
        return self._awaited is not None and self._awaited.cycle is self.cycle

    def _deliver(self) -> None:
        if self._lane is not None and (came := self._take_awaited()) is not None:
            self._lane.deliver(came.passage, bytes(came.cycle.body), partial(self._answer, self._lane, came))

    def _be_late(self) -> None:
        if self._lane is not None and (late := self._take_awaited()) is not None:
            self._answer(self._lane, late, body_too_late(DEADLINE))

    def _take_awaited(self) -> "_Awaited | None":
        """The request, whose body is not awaited any more."""
        awaited, self._awaited = self._awaited, None
        if self._body_deadline is not None:
            self._body_deadline.cancel()
            self._body_deadline = None
        return awaited

    def _answer(self, lane: IngestLane, came: "_Awaited", answer: bytes | BaseException) -> None:
        passage, cycle = came.passage, came.cycle
        lane.leave(passage)
        if isinstance(answer, BaseException):
            _scope_of(cycle)[FAILED_KEY] = answer
            super()._start_asgi_task(cycle, came.app)
            return
        lane.note(passage, HTTPStatus.OK, len(answer))
        if not cycle.disconnected:
            standing = b"".join(
                name + b": " + value + b"\r\n" for name, value in self.server_state.default_headers
            )
            self.transport.write(answer_of(passage, answer, standing, keep_alive=cycle.keep_alive))
        cycle.response_started = cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()


@final
@dataclass(frozen=True, slots=True)
class _Awaited:
    """A request on the short way whose body is on its way."""

    passage: Passage
    cycle: RequestResponseCycle
    app: Any
    """What answers it if it fails."""


def _scope_of(cycle: RequestResponseCycle) -> Scope:
    return cast("Scope", cycle.scope)  # the same in Starlette's words
