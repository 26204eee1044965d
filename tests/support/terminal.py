"""`iotistic ...` as somebody types it: a process of its own, with its own folder, environment, input and output.

Loading the program takes 0.5 to 1 s of CPU, and the suite types some hundred commands. So one process of each test worker loads it
once and forks for every command; the fork then goes through `main` like any other process. What tests of a start itself need (its
time, what it imports) is not here: they start Python.
"""

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import final

__all__ = ["typed"]

_LIMIT = 300.0
_MOST = 1 << 20


def typed(
    *words: str, folder: Path, stdin: str = "", program: str = "iotistic", **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Runs `iotistic WORDS...` in a folder that is also its home, with PATH and `environment` only."""
    known = {"PATH": os.environ["PATH"], "HOME": str(folder), **environment}
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        code = _Loaded.one().run(
            [program, *words], folder, known, [given.fileno(), out.fileno(), err.fileno()]
        )
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess([program, *words], code, out.read().decode(), err.read().decode())


@final
class _Loaded:
    """The process that has the program loaded."""

    _only: "_Loaded | None" = None

    def __init__(self) -> None:
        self._here, there = socket.socketpair()
        self._here.settimeout(_LIMIT)
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(there.fileno())],
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        atexit.register(self._end)

    @classmethod
    def one(cls) -> "_Loaded":
        if cls._only is None:
            cls._only = cls()
        return cls._only

    def run(self, words: list[str], folder: Path, environment: dict[str, str], files: list[int]) -> int:
        request = json.dumps({"words": words, "folder": str(folder), "environment": environment})
        socket.send_fds(self._here, [request.encode()], files)
        return int(self._here.recv(16))

    def _end(self) -> None:
        self._here.close()
        self._process.wait()


def _serve(number: int) -> list[str]:
    """Forks for every request; returns, in the fork, the words that were typed."""
    with socket.socket(fileno=number) as there:
        while True:
            request, files, _, _ = socket.recv_fds(there, _MOST, 3)
            if not request:
                raise SystemExit
            child = os.fork()
            if child == 0:
                break
            for file in files:
                os.close(file)
            _, status = os.waitpid(child, 0)
            there.send(str(os.waitstatus_to_exitcode(status)).encode())
    asked = json.loads(request)
    for descriptor, file in enumerate(files):
        os.dup2(file, descriptor)
        os.close(file)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    words: list[str] = asked["words"]
    return words


def _load() -> None:
    """Everything that commands import, once."""
    import typer.rich_utils  # noqa: F401, PLC0415 - only here: who merely asks for `typed` needs none of it

    import iotistic.bootstrap.platform  # noqa: F401, PLC0415
    from iotistic.cli.main import COMMANDS  # noqa: PLC0415

    for command in COMMANDS.values():
        __import__(command.module)
    gc.freeze()  # a fork would copy every page that the collector marks


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _load()
    sys.argv = _serve(int(sys.argv[1]))
    from iotistic.cli.main import main

    main()
