"""What this agent does when a job says so: a small set of actions that cannot harm the host.

Programs run only where whoever runs the agent has named them, one by one; nothing is passed to a shell.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, final

from iotistic import __version__
from iotistic.agent.facts import host_facts
from iotistic.agent.job_wire import JobStep

__all__ = ["ActionFailed", "ActionRefused", "Actions", "Done"]

_LONGEST_WAIT = 24 * 3600
_MOST_BYTES = 1 << 20
"""Of what a program prints that are kept in memory."""
_GRACE = 2.0


class ActionRefused(Exception):
    """The agent does not do that, and would not the next time."""


class ActionFailed(Exception):
    """It was done, and did not work."""

    def __init__(self, reason: str, *, output: str = "", exit_code: int | None = None) -> None:
        super().__init__(reason)
        self.output = output
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a step."""

    output: str = ""
    result: dict[str, Any] | None = None
    exit_code: int | None = None
    restart: bool = False
    """Whether the agent has to start anew before it goes on."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """The actions of one agent, with what it may."""

    commands: Sequence[str] = ()
    """Programs that may be run, by their whole path."""
    update_command: Sequence[str] = ()
    """How the agent is brought to `{version}`; empty: it is not."""
    facts: Callable[[], Any] = host_facts
    version: str = field(default=__version__)

    def require(self, step: JobStep) -> None:
        """Raises ActionRefused for what this agent does not do: asked of all steps before the first is begun."""
        match step.action:
            case "echo" | "report_facts" | "restart_agent":
                return
            case "wait":
                _seconds(step)
            case "run_command":
                self._require_command(_argv(step))
            case "update_agent":
                self._require_update(step)
            case other:
                raise ActionRefused(f"This agent knows no action {other!r}.")

    async def run(self, step: JobStep) -> Done:
        """Does it. Raises ActionRefused or ActionFailed; when cancelled, programs are ended."""
        match step.action:
            case "echo":
                return Done(output=str(step.arguments.get("text", "")))
            case "report_facts":
                return Done(result=dict(self.facts()))
            case "wait":
                await asyncio.sleep(_seconds(step))
                return Done()
            case "restart_agent":
                return Done(restart=True)
            case "run_command":
                return await _run_program(_argv(step))
            case "update_agent":
                return await self._update(step)
            case other:
                raise ActionRefused(f"This agent knows no action {other!r}.")

    def after_restart(self, step: JobStep) -> None:
        """Raises ActionFailed unless the restart did what it was for."""
        if step.action == "update_agent" and self.version != str(step.arguments.get("version")):
            raise ActionFailed(
                f"After the update the agent is at {self.version}, not {step.arguments.get('version')}."
            )

    def _require_command(self, argv: list[str]) -> None:
        if argv[0] not in self.commands:
            raise ActionRefused(
                f"This agent may not run {argv[0]!r}. Whoever runs it can allow that with --allow-command."
            )

    def _require_update(self, step: JobStep) -> None:
        version = step.arguments.get("version")
        if not isinstance(version, str) or not version:
            raise ActionRefused("`version` is the version to be updated to.")
        if not self.update_command and not self._is_there(step):
            raise ActionRefused("This agent does not update itself: it was started without --update-command.")

    def _is_there(self, step: JobStep) -> bool:
        return step.arguments.get("version") == self.version and not step.arguments.get("force")

    async def _update(self, step: JobStep) -> Done:
        if self._is_there(step):
            return Done(output=f"The agent is at {self.version} already.\n")
        version = str(step.arguments["version"])
        done = await _run_program([part.replace("{version}", version) for part in self.update_command])
        return Done(output=done.output, exit_code=done.exit_code, restart=True)


def _seconds(step: JobStep) -> float:
    seconds = step.arguments.get("seconds", 1)
    if not isinstance(seconds, int | float) or not 0 <= seconds <= _LONGEST_WAIT:
        raise ActionRefused(f"`seconds` is a number from 0 to {_LONGEST_WAIT}.")
    return float(seconds)


def _argv(step: JobStep) -> list[str]:
    argv: Any = step.arguments.get("argv")
    if not isinstance(argv, list) or not argv or not all(isinstance(part, str) for part in argv):  # pyright: ignore[reportUnknownVariableType]
        raise ActionRefused("`argv` is a list of texts: the program's whole path, and its arguments.")
    return [str(part) for part in argv]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


async def _run_program(argv: Sequence[str]) -> Done:
    """In a session of its own, so that what it starts is ended with it."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"LC_ALL": "C.UTF-8", "PATH": os.defpath},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise ActionFailed(f"{argv[0]} cannot be run: {error}.") from error
    try:
        output = await _printed(process)
        code = await process.wait()
    finally:
        await _end(process)
    if code != 0:
        raise ActionFailed(f"{argv[0]} ended with exit code {code}.", output=output, exit_code=code)
    return Done(output=output, exit_code=code)


async def _printed(process: asyncio.subprocess.Process) -> str:
    """What it prints: of more than 1 MiB the beginning and the end."""
    kept = bytearray()
    while process.stdout is not None and (chunk := await process.stdout.read(1 << 16)):
        kept += chunk
        if len(kept) > _MOST_BYTES:
            del kept[_MOST_BYTES // 2 : len(kept) - _MOST_BYTES // 4]
    return kept.decode("utf-8", "replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _GRACE)
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
