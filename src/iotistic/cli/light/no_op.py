"""`iotistic migrate` when there is nothing to do."""

# ruff: noqa: PTH100, PTH111, PTH120, PTH123, PTH208 - importing pathlib costs as much CPU as all of this

import os
import sys
import time
from importlib import import_module
from types import ModuleType

from iotistic.cli.light.libpq import rows_of
from iotistic.cli.light.place import parameters_of
from iotistic.cli.light.request import Request, request_of

# hashlib would load OpenSSL, 5 ms of CPU, for a function that Python has built in.
_SHA256_MODULE = "_sha2" if sys.version_info >= (3, 12) else "_sha256"

__all__ = ["files_in", "fingerprint_of", "is_nothing_to_do", "recorded_fingerprint", "statement_for"]


def is_nothing_to_do(words: list[str], environment: dict[str, str]) -> bool:
    """Whether these words after `iotistic migrate` ask for a run and every file is on record as it lies there; if so, says so.

    False means no more than that the full program has to look. One connection, one query, nothing written.
    """
    began = time.monotonic()
    request = request_of(words)
    if request is None:
        return False
    parameters = parameters_of(request, environment)
    if parameters is None:
        return False
    folder = _folder_of(request)
    try:
        files = files_in(folder)
    except OSError:
        return False
    if not files or recorded_fingerprint(parameters, request) != fingerprint_of(files):
        return False
    _tell(request, folder, parameters["dbname"], files, time.monotonic() - began)
    return True


def recorded_fingerprint(parameters: dict[str, str], request: Request) -> str | None:
    """One value for all that is on record; None when it could not be read."""
    session = {
        **parameters,
        "application_name": "migrate:light",
        "connect_timeout": "10",
        "client_encoding": "UTF8",
        # Behind somebody's lock the full program waits and says for whom.
        "options": "-c statement_timeout=2000 -c default_transaction_read_only=on",
    }
    rows = rows_of(session, statement_for(request.schema, request.table))
    return rows[0][0] if rows else None


def statement_for(schema: str, table: str) -> str:
    """The same as `iotistic.migrations.tables.read_fingerprint`, which a test holds it to."""
    ledger = ".".join('"' + name.replace('"', '""') + '"' for name in (schema, table))
    line = "filename || ' ' || CASE WHEN state = 'applied' THEN coalesce(checksum, '-') ELSE '-' END"
    return (
        f"SELECT encode(sha256(convert_to(string_agg({line}, E'\\n' ORDER BY filename COLLATE \"C\"), 'UTF8')), 'hex')"  # noqa: S608 - quoted
        f" FROM {ledger}"
    )


def fingerprint_of(files: dict[str, str]) -> str:
    """The same as `iotistic.migrations.files.fingerprint_of`."""
    lines = "\n".join(f"{name} {checksum}" for name, checksum in sorted(files.items()))
    return str(_hasher().sha256(lines.encode()).hexdigest())


def files_in(folder: str) -> dict[str, str]:
    """Name -> SHA-256 of every file that ends in .sql."""
    module = _hasher()
    found: dict[str, str] = {}
    for name in os.listdir(folder):
        if name.lower().endswith(".sql"):
            with open(f"{folder}/{name}", "rb", buffering=0) as file:
                found[name] = module.sha256(file.read()).hexdigest()
    return found


def _hasher() -> ModuleType:
    try:
        return import_module(_SHA256_MODULE)
    except ImportError:
        return import_module("hashlib")


def _folder_of(request: Request) -> str:
    if request.folder is not None:
        return os.path.abspath(os.path.expanduser(request.folder))
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return f"{package}/migrations/sql/{request.database}"


def _tell(request: Request, folder: str, database: str, files: dict[str, str], seconds: float) -> None:
    service = (
        (request.service or folder.rpartition("/")[2]) if request.folder is not None else request.database
    )
    if not request.as_json:
        sys.stderr.write(f"{service}: nothing to do ({database}, {seconds:.2f} s)\n")
        return
    numbers = [int(name.partition("_")[0]) for name in files if name[0].isdigit()]
    from json import dumps  # noqa: PLC0415 - 6 ms that only --json pays

    run: dict[str, object] = {
        "service": service,
        "database": database,
        "applied": [],
        "pending": [],
        "head": max(numbers, default=None),
        "seconds": round(seconds, 3),
        "waited_seconds": 0.0,
        "notices": [],
    }
    sys.stdout.write(dumps({"runs": [run]}, indent=2) + "\n")
