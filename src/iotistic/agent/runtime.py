"""The agent itself: looks at the host every interval, keeps what it sees, and has couriers carry it to the server.

Looking and keeping never wait for the network; delivering never waits for a tick. What joins them is the spool.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, final

from iotistic import __version__
from iotistic.agent.backoff import Backoff
from iotistic.agent.bodies import Wrap, lines_body, reports_body
from iotistic.agent.bulletin import Bulletin
from iotistic.agent.collectors import Sampler
from iotistic.agent.courier import Courier
from iotistic.agent.damping import Monotonic
from iotistic.agent.delivery import Outage, Tally
from iotistic.agent.events import Events
from iotistic.agent.host_logs import open_host_logs
from iotistic.agent.identity import is_loopback
from iotistic.agent.job_actions import Actions
from iotistic.agent.job_journal import JobJournal
from iotistic.agent.job_runner import JobRunner
from iotistic.agent.rejects import Rejects
from iotistic.agent.session import Session
from iotistic.agent.settings import AgentSettings
from iotistic.agent.spool import Entry, Spool
from iotistic.agent.state_folder import StateFolder
from iotistic.agent.status import AgentStatus, QueueStatus, write_status
from iotistic.agent.surroundings import Surroundings
from iotistic.agent.transport import Transport, open_client
from iotistic.agent.wire import encode
from iotistic.clock import Clock
from iotistic.errors import Unavailable

__all__ = ["Agent", "open_agent"]

_FIRST_LOOK = 0.1
"""Seconds from the baseline to the first report: CPU time is counted in steps of 10 ms."""
_ONCE_LOOK = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Time:
    clock: Clock
    monotonic: Monotonic


@final
class Agent:
    """One agent. Made by `open_agent`, then either `run` or `run_once`."""

    def __init__(
        self,
        settings: AgentSettings,
        folder: StateFolder,
        *,
        time: _Time,
        random: Random,
        events: Events,
        transport: Transport,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._clock = time.clock
        self._monotonic = time.monotonic
        self._events = events
        self._sampler = Sampler(time.clock, time.monotonic, events.warning)
        self._started = time.clock()
        self._tally = Tally(time.clock)
        self._rejects = Rejects(folder.rejected, time.clock, events.warning)
        self._session = Session(settings, folder, transport, Backoff(random), events)
        self._metrics = self._open_spool("metrics")
        self._lines = self._open_spool("logs")
        self._logs = open_host_logs(
            settings.logs, self._lines, clock=time.clock, random=random, events=events
        )

        def outage(queue: str) -> Outage:
            return Outage(queue, Backoff(random), self._tally, events)

        def courier(lane: str, wrap: Wrap, spool: Spool) -> Courier:
            return Courier(
                lane,
                wrap,
                spool=spool,
                session=self._session,
                transport=transport,
                rejects=self._rejects,
                tally=self._tally,
                outage=outage(lane),
            )

        self._couriers = (
            courier("metrics", reports_body, self._metrics),
            courier("logs", lines_body, self._lines),
        )
        self._bulletin = Bulletin(
            session=self._session, transport=transport, outage=outage("documents"), events=events
        )
        self._jobs = JobRunner(
            session=self._session,
            transport=transport,
            journal=JobJournal(folder.job),
            actions=Actions(commands=settings.commands, update_command=settings.update_command),
            outage=outage("jobs"),
            events=events,
            patience=settings.patience,
        )
        self._surroundings = Surroundings(self._bulletin.offer, events, time.monotonic)
        self._tally.on_change = self._write_status

    async def run(self, stop: asyncio.Event) -> bool:
        """Reports, and does jobs, until `stop` is set; True: a job wants it to be started anew."""
        identity = self._session.identity
        self._events.info(
            "agent_started",
            server=self._settings.server,
            interval_seconds=self._settings.interval.total_seconds(),
            device=identity.device_uuid if identity else "not yet enrolled",
            logs=self._logs.source_name if self._logs else "none",
            pending=self._metrics.pending + self._lines.pending,
        )
        if self._settings.server.startswith("http://") and not is_loopback(self._settings.server):
            self._events.warning(
                "server_without_tls", server=self._settings.server, hint="Its address should be https://."
            )
        work: tuple[Coroutine[Any, Any, None], ...] = (
            self._tick_until(stop),
            self._session.run(),
            self._bulletin.run(),
            *(courier.run() for courier in self._couriers),
        )
        jobs = asyncio.create_task(self._jobs.run())
        tasks = [*(asyncio.create_task(part) for part in work), jobs]
        try:
            # Only the ticking and a job's wish for a restart end by themselves; whatever else ends first has failed, and its error is raised here.
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            return jobs in done
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._collect_lines()
            self._events.info("agent_stopped", pending=self._metrics.pending + self._lines.pending)

    async def run_once(self) -> None:
        """One report, delivered. Raises Unavailable when it could only be kept."""
        if self._session.identity is None:
            await self._session.enrol()
        await self._collect_lines()
        await asyncio.sleep(min(_ONCE_LOOK, self._settings.interval.total_seconds()))
        await self._tick()
        for carrier in (*self._couriers, self._bulletin):
            trouble = await carrier.drain()
            await self._session.settle()
            if trouble is not None:
                raise Unavailable(
                    f"The server did not take the report: {trouble.reason}.",
                    hint=f"It is kept in {self._folder.root} and will be sent by the next agent run there.",
                    retry_after=trouble.retry_after,
                )

    async def close(self) -> None:
        """Lets go of files and processes, and says in the status file that the agent has stopped."""
        if self._logs is not None:
            await self._logs.close()
        self._metrics.close()
        self._lines.close()
        self._write_status("stopped")

    # ------------------------------------------------------------ ticking

    async def _tick_until(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        interval = self._settings.interval.total_seconds()
        due = loop.time() + min(_FIRST_LOOK, interval)
        while not await _is_set(stop, due - loop.time()):
            await self._tick()
            for courier in self._couriers:
                courier.wake.set()
            # A host that slept or was overloaded has missed ticks: they are not made up for.
            due += interval * max(1, -(-(loop.time() - due) // interval))

    async def _tick(self) -> None:
        self._write_status()  # before this tick's report waits for its delivery, which would look like a queue
        report = self._sampler.sample({"agent_spool_dropped": self._metrics.dropped + self._lines.dropped})
        try:
            self._metrics.append([Entry(encode(report))])
        except OSError as error:
            self._metrics.count_dropped(1, reason="spool_unwritable", error=error.strerror)
        await self._collect_lines()
        self._surroundings.look()

    async def _collect_lines(self) -> None:
        if self._logs is None:
            return
        try:
            await self._logs.collect()
        except OSError as error:
            self._events.warning("log_lines_held", error=error.strerror)

    # ------------------------------------------------------------ parts

    def _open_spool(self, lane: str) -> Spool:
        path = self._folder.spool(lane)
        try:
            return Spool.open(path, limit=self._settings.spool_limit // 2, tell=self._events.warning)
        except OSError as error:
            raise Unavailable(
                f"The spool in {path} cannot be opened: {error.strerror}.",
                hint="Run the agent as the user it was first run as, and look whether the disk is full.",
                path=str(path),
            ) from error

    def _write_status(self, state: str | None = None) -> None:
        write_status(self._folder.status, self._status(state or self._session.state))

    def _status(self, state: str) -> AgentStatus:
        spools = {"metrics": self._metrics, "logs": self._lines}
        queues = {
            lane: QueueStatus(
                pending=spool.pending,
                bytes=spool.pending_bytes,
                dropped=spool.dropped,
                delivered=self._tally.delivered.get(lane, 0),
                trouble=self._tally.troubles.get(lane),
            )
            for lane, spool in spools.items()
        }
        identity = self._session.identity
        return AgentStatus(
            state=state,
            pid=os.getpid(),
            version=__version__,
            server=self._settings.server,
            device_uuid=identity.device_uuid if identity else None,
            started_at=self._started,
            updated_at=self._clock(),
            interval_seconds=self._settings.interval.total_seconds(),
            last_success_at=self._tally.last_success,
            queue_bytes=sum(queue.bytes for queue in queues.values()),
            dropped=sum(queue.dropped for queue in queues.values()),
            sent=dict(self._tally.delivered),
            receipts=dict(self._tally.receipts),
            rejected=self._rejects.count,
            log_source=self._logs.source_name if self._logs else None,
            queues=queues,
        )


@asynccontextmanager
async def open_agent(
    settings: AgentSettings, *, clock: Clock, monotonic: Monotonic, random: Random, events: Events
) -> AsyncGenerator[Agent]:
    """An agent that holds its state folder. Raises AgentRunning, NotEnrolled, OtherServer, Unavailable or Invalid."""
    folder = StateFolder(settings.state_dir)
    with folder.hold():
        async with open_client(settings.server, patience=settings.patience) as client:
            transport = Transport(client, clock, deadline=2 * settings.patience)
            time = _Time(clock=clock, monotonic=monotonic)
            agent = Agent(settings, folder, time=time, random=random, events=events, transport=transport)
            try:
                yield agent
            finally:
                await agent.close()


async def _is_set(event: asyncio.Event, within: float) -> bool:
    """Waits for the event, at most so many seconds; answers whether it is set."""
    try:
        await asyncio.wait_for(event.wait(), max(0.0, within))
    except TimeoutError:
        return False
    return True
