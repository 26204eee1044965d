"""Running PostgreSQL's programs as the server's account, in an environment that cannot mislead them."""

import asyncio
import os
import signal
import subprocess
from dataclasses import dataclass

from iotistic.database.server.account import Account
from iotistic.database.server.errors import AccountUnusable

__all__ = ["ENVIRONMENT", "Answer", "refused", "run_as"]

ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
"""Nothing is inherited: PGDATA, PGPORT, PGOPTIONS and the like would steer the programs elsewhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a finished program left."""

    status: int
    output: str
    """Standard output and error, interleaved."""


async def run_as(account: Account, command: list[str], *, stdin: str = "") -> Answer:
    """Run to the end with `stdin` as its input; cancelled, the program and its children end at once.

    In a session of its own, so that Ctrl-C reaches this process first and alone. Raises AccountUnusable when this process may
    not become the account, OSError when the account may not run the program.
    """
    try:
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - returns after the fork; programs are ours to choose
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            **account.credentials,
        )
    except PermissionError as error:
        raise refused(account, error, command[0]) from error
    try:
        output, _ = await asyncio.to_thread(process.communicate, stdin)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return Answer(status=process.returncode, output=output)


def refused(account: Account, error: PermissionError, program: str) -> Exception:
    """What a refused start of a program means: the program may not be run, or this process may not become the account.

    The two are told apart by the file that `subprocess` names: what fails before the program is reached names the folder.
    """
    if error.filename == program:
        return error
    return AccountUnusable(
        f"This process may not run programs as {account.name}.",
        hint="A container that drops the capabilities SETUID and SETGID must start the command as an ordinary user.",
        account=account.name,
    )
