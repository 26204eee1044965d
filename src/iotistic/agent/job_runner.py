"""Asks the server for jobs, one at a time, does them, and says how they ended."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Literal, final

from iotistic.agent.delivery import Outage, Trouble, trouble_of
from iotistic.agent.events import Events
from iotistic.agent.job_actions import ActionFailed, ActionRefused, Actions, Done
from iotistic.agent.job_journal import JobEntry, JobJournal
from iotistic.agent.job_wire import JobClaim, JobReport, encode_report, parse_claim, parse_is_cancelled
from iotistic.agent.job_wire import Outcome as JobOutcome
from iotistic.agent.session import Session
from iotistic.agent.transport import Blocked, Delivered, Outcome, Refused, Transport, judge
from iotistic.agent.wire import encode

__all__ = ["JobRunner"]

_LONGEST_WAIT = 25
_BREATH = 2.0
"""Seconds at least from one question to the next: a server that answers at once, because it stops, is not asked in a loop."""
_CONFLICT = 409
_NOT_FOUND = 404


@final
class JobRunner:
    """`run` is the task; it ends only when a job wants the agent to start anew."""

    def __init__(
        self,
        *,
        session: Session,
        transport: Transport,
        journal: JobJournal,
        actions: Actions,
        outage: Outage,
        events: Events,
        patience: timedelta,
    ) -> None:
        self._session = session
        self._transport = transport
        self._journal = journal
        self._actions = actions
        self._outage = outage
        self._events = events
        # Half of what the connection is given to answer, or a quiet server would look like a dead one.
        self._wait = max(1, min(_LONGEST_WAIT, round(patience.total_seconds() / 2)))

    async def run(self) -> None:
        """Does what there is to do, until cancelled or until the agent has to start anew."""
        loop = asyncio.get_running_loop()
        restart = await self._take_up()
        while not restart:
            asked = loop.time()
            claim = await self._claim()
            if claim is not None:
                restart = await self._work(JobEntry(claim=claim, step=0))
            else:
                await asyncio.sleep(max(0.0, asked + _BREATH - loop.time()))

    async def _take_up(self) -> bool:
        """What an earlier life left: a report to be sent, a restart that was wanted, or an attempt that it did not survive."""
        entry = self._journal.find()
        if entry is None:
            return False
        if entry.report is not None:
            await self._tell(entry, entry.report)
        elif entry.state == "restarting":
            try:
                self._actions.after_restart(entry.claim.steps[entry.step])
            except ActionFailed as error:
                await self._tell(entry, _report(entry, "failed", reason=str(error)))
                return False
            if entry.step + 1 == len(entry.claim.steps):
                await self._tell(entry, _report(entry, "succeeded"))
            else:
                return await self._work(replace(entry, step=entry.step + 1, state="working"))
        else:
            action = entry.claim.steps[entry.step].action
            why = f"The agent ended in the middle of step {entry.step + 1} ({action})."
            await self._tell(entry, _report(entry, "failed", reason=why))
        return False

    async def _work(self, entry: JobEntry) -> bool:
        """Does the steps from the entry's on; whether the agent has to start anew to go on."""
        claim = entry.claim
        self._events.info("job_begun", job=claim.job_id, attempt=claim.attempt, step=entry.step + 1)
        last = Done()
        try:
            for step in claim.steps:
                self._actions.require(step)
            for number in range(entry.step, len(claim.steps)):
                entry = replace(entry, step=number)
                self._journal.write(entry)
                if number and await self._is_to_stop(entry):
                    raise _Stopped  # noqa: TRY301 - as if the step had been stopped
                last = await self._do(entry)
                entry = replace(entry, output=entry.output + last.output)
                if last.restart:
                    self._journal.write(replace(entry, state="restarting"))
                    self._events.info("agent_restarting", job=claim.job_id)
                    return True
        except ActionRefused as error:
            report = _report(entry, "rejected", reason=str(error))
        except ActionFailed as error:
            report = replace(
                _report(entry, "failed", reason=str(error)),
                output=entry.output + error.output,
                exit_code=error.exit_code,
            )
        except _Stopped:
            report = _report(entry, "cancelled", reason="stopped as asked")
        except OSError as error:
            report = _report(entry, "failed", reason=f"The agent cannot write its journal: {error.strerror}.")
        else:
            report = replace(_report(entry, "succeeded"), result=last.result, exit_code=last.exit_code)
        await self._tell(entry, report)
        return False

    async def _do(self, entry: JobEntry) -> Done:
        """One step, unless its time is over or somebody ends the job before. Raises _Stopped, ActionFailed or ActionRefused."""
        step = entry.claim.steps[entry.step]
        acting = asyncio.ensure_future(self._actions.run(step))
        watching = asyncio.ensure_future(self._until_stopped(entry))
        try:
            done, _ = await asyncio.wait(
                {acting, watching}, timeout=step.timeout_seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            watching.cancel()
            if not acting.done():
                acting.cancel()
            await asyncio.gather(acting, watching, return_exceptions=True)
        if acting in done:
            return acting.result()
        if watching in done:
            watching.result()
            raise _Stopped
        raise ActionFailed(f"Step {entry.step + 1} took longer than {step.timeout_seconds:g} seconds.")

    async def _until_stopped(self, entry: JobEntry) -> None:
        """Returns once the server wants the attempt to stop, or does not know it any more."""
        claim = entry.claim
        query = f"?attempt={claim.attempt}&wait={self._wait}s"
        while True:
            match await self._send("GET", f"/{claim.job_id}{query}"):
                case Delivered(body=body) if parse_is_cancelled(body):
                    return
                case Blocked(status=status) if status in {_CONFLICT, _NOT_FOUND}:
                    return
                case _:
                    await asyncio.sleep(_BREATH)

    async def _is_to_stop(self, entry: JobEntry) -> bool:
        """Says where the job is, and hears whether to go on. No answer is no reason to stop."""
        progress = {"attempt": entry.claim.attempt, "step": entry.step}
        match await self._send("POST", f"/{entry.claim.job_id}/progress", encode(progress)):
            case Delivered(body=body):
                return parse_is_cancelled(body)
            case Blocked(status=status):
                return status in {_CONFLICT, _NOT_FOUND}
            case _:
                return False

    async def _tell(self, entry: JobEntry, report: JobReport) -> None:
        """Until the server has it, over restarts too."""
        claim = entry.claim
        try:
            self._journal.write(replace(entry, state="reporting", report=report))
        except OSError as error:
            self._events.warning("job_journal_unwritable", error=error.strerror)
        body = encode_report(report)
        while True:
            outcome = await self._send("POST", f"/{claim.job_id}/report", body)
            if isinstance(outcome, Delivered):
                break
            if isinstance(outcome, Blocked) and outcome.status in {_CONFLICT, _NOT_FOUND}:
                self._events.warning("job_report_late", job=claim.job_id, reason=outcome.problem)
                break
            if isinstance(outcome, Refused):
                why = f"The server refused the report ({outcome.status} {outcome.problem})."
                refused = JobReport(attempt=claim.attempt, outcome="failed", step=entry.step, reason=why)
                body = encode_report(refused)
            await asyncio.sleep(_BREATH if isinstance(outcome, Refused) else await self._pause(outcome))
        self._outage.end(0)
        self._journal.clear()
        self._events.info("job_ended", job=claim.job_id, attempt=claim.attempt, outcome=report.outcome)

    async def _claim(self) -> JobClaim | None:
        outcome = await self._send("POST", f"/next?wait={self._wait}s")
        if isinstance(outcome, Delivered):
            self._outage.end(0)
            return parse_claim(outcome.body) if outcome.body else None
        await asyncio.sleep(await self._pause(outcome))
        return None

    async def _pause(self, outcome: Outcome) -> float:
        """Seconds until it is worth to ask again."""
        identity = await self._session.current()
        match outcome:
            case Refused(status=status, problem=problem):
                trouble = Trouble(reason=f"{status} {problem}".rstrip())
            case Delivered():
                return 0.0
            case other:
                trouble = trouble_of(other, self._session, identity)
        return self._outage.begin(trouble, 0).total_seconds()

    async def _send(self, method: Literal["GET", "POST"], path: str, body: bytes = b"") -> Outcome:
        identity = await self._session.current()
        whole = f"/api/v1/devices/{identity.device_uuid}/jobs{path}"
        outcome = judge(await self._transport.send(method, whole, key=identity.api_key, body=body))
        if isinstance(outcome, Delivered):
            self._session.accept()
        return outcome


class _Stopped(Exception):
    """Somebody ended the job."""


def _report(entry: JobEntry, outcome: JobOutcome, *, reason: str | None = None) -> JobReport:
    return JobReport(
        attempt=entry.claim.attempt,
        outcome=outcome,
        step=entry.step,
        reason=reason,
        output=entry.output or None,
    )
