"""The protocol of our server: requests that may go the short way (`iotistic.http.ingest_lane`) leave the framework's here.

uvicorn goes on to keep the order of requests, idle connections and the end of the server; of a request on the short way only the
task that would run the application for it is left out. One with the headers of the request before is not even parsed.
"""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Any, cast, final

from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from iotistic.http.guarded_protocol import GuardedProtocol
from iotistic.http.ingest_lane import IngestLane
from iotistic.http.passage import Passage
from iotistic.http.remembered_head import RememberedHead, remembered
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
        self._awaited: Passage | None = None
        """The request whose body is on its way."""
        self._body_deadline: asyncio.TimerHandle | None = None
        self._head: RememberedHead | None = None
        """Of a request on the short way: the next one may have it too."""
        self._parsing = False
        """Whether the parser has seen a part of a request and not its end."""
        self._begun = 0
        """Requests that began in what is being received."""
        self._admitted: Passage | None = None
        """The first of them, if it goes the short way."""
        self._deaf = False
        """Whether the rest of a body that came too late is still on its way: it is no request."""
        self._answered_at = 0.0

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        awaited = self._awaited
        if awaited is not None and awaited.cycle is None:
            self._gather(awaited, data)
        elif self._head is None or not self._recognise(self._head, data):
            self._parse(data)
        if self._awaited is not None and self._body_deadline is None:
            self._body_deadline = self.loop.call_later(DEADLINE.total_seconds(), self._be_late)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._parsing = True
        self._begun += 1

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self._is_awaited():
            # uvicorn stops reading until the application asks for more; here the lane has made room for all of it.
            self.flow.resume_reading()

    def on_message_complete(self) -> None:
        self._parsing = False
        super().on_message_complete()
        if self._is_awaited():
            self._deliver()

    def connection_lost(self, exc: Exception | None) -> None:
        left = self._take_awaited()
        super().connection_lost(exc)
        if self._lane is not None and left is not None:
            self._lane.leave(left)
            self._lane.note(left, CALLER_LEFT)

    def timeout_keep_alive_handler(self) -> None:
        """Closes a connection that was idle all that time. A timer for each request, as uvicorn has it, costs 4 us."""
        self.timeout_keep_alive_task = None
        if not self._is_between_requests():
            return
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_later(left)
        else:
            super().timeout_keep_alive_handler()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's
        self._proxies.correct(_scope_of(cycle))
        # A client that does not read its answers is waited for in the framework.
        lane = None if self.flow.write_paused else self._lane
        passage = None if lane is None else lane.admit(_scope_of(cycle))
        if passage is None:
            super()._start_asgi_task(cycle, app)
            return
        if self._begun == 1 and cycle.keep_alive:
            self._admitted = passage
        passage.cycle = cycle
        self._awaited = passage
        if not cycle.more_body:  # it waited behind another request
            self._deliver()

    def _parse(self, data: bytes) -> None:
        """What is received goes through the parser, and the head it begins with is remembered if the short way was for it."""
        begins = self._is_between_requests()
        self._begun = 0
        self._take_admitted()
        super().data_received(data)
        admitted = self._take_admitted()
        if begins and admitted is not None:
            self._head = remembered(data, admitted.caller, admitted.size)

    def _take_admitted(self) -> Passage | None:
        admitted, self._admitted = self._admitted, None
        return admitted

    def _is_between_requests(self) -> bool:
        # There is no cycle before the first request, whatever uvicorn declares.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return not self._parsing and (cycle is None or cycle.response_complete)

    def _recognise(self, head: RememberedHead, data: bytes) -> bool:
        """Whether `data` began with the head, and its request is on the short way now."""
        found = head.body_in(data)
        if found is None or self._lane is None or not self._is_between_requests():
            return False
        if self.flow.write_paused or self.transport.is_closing():
            return False
        start, size = found
        passage = self._lane.readmit(head.caller, size)
        if passage is None:
            return False
        self.cycle = cast("RequestResponseCycle", passage)
        self._awaited = passage
        self._gather(passage, data[start:])
        return True

    def _gather(self, awaited: Passage, data: bytes) -> None:
        """Takes the next octets of a body that is not parsed; what comes behind it is."""
        rest = awaited.gather(data)
        if not awaited.missing:
            self._deliver()
        if rest:
            self._parse(rest)

    def _is_awaited(self) -> bool:
        """Whether what is being received is the body that is awaited, and not a request behind it."""
        return self._awaited is not None and self._awaited.progress is self.cycle

    def _deliver(self) -> None:
        if self._lane is not None and (came := self._take_awaited()) is not None:
            self._lane.deliver(came, partial(self._answer, self._lane, came))

    def _be_late(self) -> None:
        if self._lane is not None and (late := self._take_awaited()) is not None:
            self._answer(self._lane, late, body_too_late(DEADLINE))

    def _take_awaited(self) -> Passage | None:
        """The request, whose body is not awaited any more."""
        awaited, self._awaited = self._awaited, None
        if self._body_deadline is not None:
            self._body_deadline.cancel()
            self._body_deadline = None
        return awaited

    def _answer(self, lane: IngestLane, passage: Passage, answer: bytes | BaseException) -> None:
        lane.leave(passage)
        if isinstance(answer, BaseException):
            self._fail(passage, answer)
            return
        lane.note(passage, HTTPStatus.OK, len(answer))
        progress = passage.progress
        if not progress.disconnected:
            self.transport.write(lane.answer(passage, answer, self.server_state.default_headers))
        progress.response_complete = True
        if not progress.keep_alive:
            self.transport.close()
        self._go_on()

    def _go_on(self) -> None:
        """What uvicorn does after an answer, without a timer of its own for each."""
        if self.pipeline or self.flow.read_paused or self.transport.is_closing():
            self.on_response_complete()
            return
        self.server_state.total_requests += 1
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_later(self.timeout_keep_alive)

    def _look_later(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _fail(self, passage: Passage, error: BaseException) -> None:
        """Lets the framework tell what went wrong."""
        passage.scope()[FAILED_KEY] = error
        super()._start_asgi_task(passage.cycle or self._cycle_of(passage), cast("Any", self.app))

    def _cycle_of(self, passage: Passage) -> RequestResponseCycle:
        """What uvicorn would have made of a request that it did not get to see."""
        cycle = RequestResponseCycle(
            scope=cast("Any", passage.scope()),
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=passage.keep_alive,
            on_response=self.on_response_complete,
        )
        cycle.disconnected = passage.disconnected
        if passage.missing:
            self._deaf, cycle.keep_alive = True, False
        cycle.more_body = False
        if self.cycle is cast("RequestResponseCycle", passage):
            self.cycle = cycle
        return cycle


def _scope_of(cycle: RequestResponseCycle) -> Scope:
    return cast("Scope", cycle.scope)  # the same in Starlette's words
