"""What `HashingProcess` starts: lines of password and salt in hexadecimal come in, hashes go out, until nobody asks any more.

It imports nothing of the platform, so that it is there in 30 ms, with 10 MB.
"""

import contextlib
import os
import signal
import sys

import bcrypt

__all__ = ["main"]

_NICENESS = 19


def _step_back() -> None:
    """Lets everything else go first. Where the system knows no such policy, behind everything that has not stepped back, too."""
    os.nice(_NICENESS)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # a container may forbid it
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _hashed(line: str) -> str:
    password, salt = (bytes.fromhex(part) for part in line.rstrip("\n").split(" "))
    try:
        return bcrypt.hashpw(password, salt).hex()
    except ValueError:
        return ""


def main() -> None:
    """Until its input ends, which it does when the process that started it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C means the service, which ends this one
    if sys.argv[1:] == ["apart"]:
        _step_back()
    for line in sys.stdin:
        sys.stdout.write(_hashed(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
