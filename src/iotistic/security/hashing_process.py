"""bcrypt in a process of its own, which takes what the rest of the machine leaves over.

In a thread it would stand behind requests only until it wants the interpreter's lock back: a thread of low priority that holds the lock and
is not let on a processor holds up every request. `bcrypt_worker.py` is what runs there.
"""

import select
import subprocess
import sys
from pathlib import Path
from threading import Lock
from typing import final

__all__ = ["HashingProcess"]

_WORKER = Path(__file__).with_name("bcrypt_worker.py")
_LONGEST_ANSWER = 4096


@final
class HashingProcess:
    """Answers one question at a time, to whichever thread asks. Started by the first, and anew if it is gone."""

    def __init__(self, *, patience: float = 5.0) -> None:
        """`patience`: seconds after which a machine that leaves nothing over is asked to hurry, at ordinary priority."""
        self._patience = patience
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_over = False

    def hashpw(self, password: bytes, salt: bytes) -> bytes:
        """As bcrypt.hashpw. Raises ValueError for what is no salt, and EOFError after `end`."""
        question = b"%s %s\n" % (password.hex().encode(), salt.hex().encode())
        with self._lock:
            answer = self._asked(question)
        if not answer:
            raise ValueError("bcrypt takes no such salt")
        return bytes.fromhex(answer.decode())

    def end(self) -> None:
        """For good: who waits for an answer gets none."""
        self._is_over = True
        if self._process is not None:
            self._process.kill()
        with self._lock:
            self._leave()

    def _asked(self, question: bytes) -> bytes:
        try:
            return self._ask(question, self._patience)
        except (TimeoutError, BrokenPipeError, EOFError):
            self._leave()
        try:  # in the place of one that somebody ended, or that starves
            return self._ask(question, None)
        finally:
            self._leave()

    def _ask(self, question: bytes, patience: float | None) -> bytes:
        if self._is_over:
            raise EOFError("no password is hashed any more")
        if self._process is None:
            self._process = _start("apart" if patience is not None else "hurry")
        return _answered(self._process, question, patience)

    def _leave(self) -> None:
        if self._process is not None:
            self._process.kill()
            with self._process:  # closes its pipes and waits for it
                self._process = None


def _start(how: str) -> subprocess.Popen[bytes]:
    # -I: nothing of the environment changes what it imports. Passwords go through pipes, never into an argument.
    return subprocess.Popen(  # noqa: S603 - our own file, by our own interpreter
        [sys.executable, "-I", str(_WORKER), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )


def _answered(process: subprocess.Popen[bytes], question: bytes, patience: float | None) -> bytes:
    if process.stdin is None or process.stdout is None:
        raise LookupError("pipes that were asked for")
    process.stdin.write(question)
    readable, _, _ = select.select([process.stdout], [], [], patience)
    if not readable:
        raise TimeoutError
    answer = process.stdout.read(_LONGEST_ANSWER)
    if not answer.endswith(b"\n"):
        raise EOFError("the process is gone")
    return answer.strip()
