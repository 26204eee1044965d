"""`iotistic down`."""

import asyncio
import contextlib
import signal
from typing import Annotated

import psutil
import typer

from iotistic.cli.options import DataDir, settings_from
from iotistic.cli.output import narrate, run_async
from iotistic.cli.stack.state import StackState, find_state, remove_state
from iotistic.data_folder import DataFolder
from iotistic.database import server

__all__ = ["app", "stop_everything"]

app = typer.Typer(add_completion=False)


@app.command()
def down(
    data_dir: DataDir = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for a clean end.", min=1.0)] = 30.0,
) -> None:
    """Stop what `iotistic up` started.

    Data stays where it is. Also ends what a killed `up` left behind.
    """
    folder = DataFolder(settings_from(data_dir).data_dir)
    stopped = run_async(stop_everything(folder, timeout=timeout))
    narrate(
        f"Stopped {', '.join(stopped)}; the data stays in {folder.root}."
        if stopped
        else "Nothing was running."
    )


async def stop_everything(folder: DataFolder, *, timeout: float = 30.0) -> list[str]:  # noqa: ASYNC109 - it is told to the person
    """Ends the supervisor, then whatever outlived it; answers the names of what was running."""
    stopped: list[str] = []
    state = find_state(folder.up_state)
    if state is not None:
        stopped += await _stop_stack(state, timeout)
        remove_state(folder.up_state)
    if await server.stop(folder) is not None:
        stopped.append("postgresql")
    return stopped


async def _stop_stack(state: StackState, limit: float) -> list[str]:
    stopped: list[str] = []
    supervisor = state.supervisor.find()
    if supervisor is not None:
        await _end(supervisor, limit)
        stopped.append("iotistic up")
    for name, process in state.survivors().items():
        await _end(process, limit)
        stopped.append(name)
    return stopped


async def _end(process: psutil.Process, limit: float) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGTERM)
        _, alive = await asyncio.to_thread(psutil.wait_procs, [process], timeout=limit)
        for stubborn in alive:
            stubborn.kill()
            await asyncio.to_thread(psutil.wait_procs, [stubborn], timeout=5)
