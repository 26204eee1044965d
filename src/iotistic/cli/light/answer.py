"""`iotistic migrate` answered from here when that is possible: nothing to do, or plain files to run."""

import sys
import time

from iotistic.cli.light.files import File, files_in, fingerprint_of, folder_of
from iotistic.cli.light.ledger import fingerprint_query, session_settings
from iotistic.cli.light.libpq import Connection, open_connection
from iotistic.cli.light.place import parameters_of
from iotistic.cli.light.request import Request, request_of

__all__ = ["answer"]

_DONE, _INTERRUPTED, _TERMINATED = 0, 130, 143


def answer(words: list[str], environment: dict[str, str]) -> int | None:
    """The exit code of these words after `iotistic migrate`, when they are done with; None: ask the full program.

    What was done is told as the full program tells it. With None, a part may be done and on record.
    """
    began = time.monotonic()
    request = request_of(words)
    parameters = parameters_of(request, environment) if request is not None else None
    if request is None or parameters is None:
        return None
    folder = folder_of(request)
    service = request.database if request.folder is None else request.service or folder.rpartition("/")[2]
    connection = open_connection({**parameters, **session_settings(request, service)})
    if connection is None:
        return None
    try:
        files = files_in(folder)
        code, done = _work(connection, request, service, files)
    except OSError:
        return None
    finally:
        connection.close()
    if code == _DONE:
        if request.as_json:
            _print_json(service, parameters["dbname"], files, time.monotonic() - began)
        else:
            what = f"{done} applied" if done else "nothing to do"
            sys.stderr.write(
                f"{service}: {what} ({parameters['dbname']}, {time.monotonic() - began:.2f} s)\n"
            )
    return code


def _work(
    connection: Connection, request: Request, service: str, files: list[File]
) -> tuple[int | None, int]:
    """The exit code, or None for the full program, and how many files were run."""
    if not files:
        return None, 0
    if connection.pipeline([fingerprint_query(request)]) == [[(fingerprint_of(files),)]]:
        return _DONE, 0
    if request.as_json:
        return None, 0  # a list of what was applied needs all of the full program's facts
    from iotistic.cli.light.running import Stopped, run_files  # noqa: PLC0415 - only a run pays for it

    try:
        done = run_files(connection, request, service, files)
    except Stopped:
        sys.stderr.write(
            "Stopped: the running statement was cancelled and rolled back, the lock given back.\n"
        )
        return _TERMINATED, 0
    except KeyboardInterrupt:
        return _INTERRUPTED, 0
    return (None, 0) if done is None else (_DONE, done)


def _print_json(service: str, database: str, files: list[File], seconds: float) -> None:
    from json import dumps  # noqa: PLC0415 - 6 ms that only --json pays

    run: dict[str, object] = {
        "service": service,
        "database": database,
        "applied": [],
        "pending": [],
        "head": max((file.number for file in files if file.number is not None), default=None),
        "seconds": round(seconds, 3),
        "waited_seconds": 0.0,
        "notices": [],
    }
    sys.stdout.write(dumps({"runs": [run]}, indent=2) + "\n")
