"""How commands speak: data to stdout, narration and errors to stderr, one exit code a kind of outcome.

Exit codes: 0 done · 1 the request is wrong (usage, settings, a name that does not exist, a right that is missing) ·
3 the present state forbids it · 6 something needed cannot be reached · 70 a bug · 130 interrupted. `iotistic migrate`
adds 2 (pending), 4 (lock busy), 5 (SQL failed), 7 (some tenants failed) and 8 (lint refused); `iotistic partitions` adds 2
(attention, or steps to take) and 5 (some steps failed), `iotistic maintenance` 5 (some of it failed).
"""

import asyncio
import dataclasses
import json
import logging
import os
import pwd
import sys
import traceback
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import typer

from iotistic.errors import Conflict, IotisticError, Unavailable
from iotistic.provenance import Provenance, acting

__all__ = [
    "exit_code",
    "narrate",
    "print_error",
    "print_json",
    "print_json_lines",
    "print_table",
    "readable_bytes",
    "run",
    "run_async",
    "shortened",
]

T = TypeVar("T")

BUG = 70
INTERRUPTED = 130
_UNIT = 1024
_PARSER_SAYS = "Value error, "
"""What pydantic, with which Typer reads values, puts before the words of whoever objects."""


def run(app: typer.Typer, name: str, arguments: Sequence[str]) -> int:
    """Runs one command's Typer app and answers the exit code; errors are told, never shown as a traceback.

    A bug is shown as one, with the exit code of bugs: 1 would say that the request is wrong, and to the doctor's readers "a warning".
    """
    # What libraries log is not for the person at the terminal: the error that comes of it is told. Services configure their own.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        return _run(app, name, arguments)
    except Exception:  # noqa: BLE001 - the outermost edge of the process
        traceback.print_exc()
        narrate("This is a bug in iotistic: please report it with the lines above.")
        return BUG


def _run(app: typer.Typer, name: str, arguments: Sequence[str]) -> int:
    try:
        code = app(args=list(arguments), prog_name=f"iotistic {name}", standalone_mode=False)
    except IotisticError as error:
        print_error(error)
        return exit_code(error)
    except typer.Abort:
        narrate("Nothing was done.")
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except typer.TyperException as error:
        # A usage error knows the command it is about: `iotistic devices export`, not its group.
        context = getattr(error, "ctx", None)
        command = f"iotistic {name}" if context is None else context.command_path
        told = error.format_message().replace(_PARSER_SAYS, "")
        narrate(f"error: {told}\nRun `{command} --help` for its options.")
        return 1
    except BrokenPipeError:
        # The reader (head, less) has gone: nothing is left to say, and Python's own flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code if isinstance(code, int) else 0


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """The one way from a command into the asynchronous world; what it changes, this account of the machine has changed."""
    with acting(Provenance(actor_kind="system", actor=f"command line, {_account()}")):
        return asyncio.run(work)


def exit_code(error: IotisticError) -> int:
    """The exit code of an error's kind."""
    match error:
        case Conflict():
            return 3
        case Unavailable():
            return 6
        case _:
            return 1


def print_error(error: IotisticError) -> None:
    """What went wrong and what to do, on stderr."""
    label, plain = ("\033[1;31merror:\033[0m", "\033[2m") if _colour() else ("error:", "")
    narrate(f"{label} {error.message}")
    if error.hint:
        narrate(f"{plain}{error.hint}\033[0m" if plain else error.hint)


def narrate(text: str) -> None:
    """A line for the person at the terminal."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def print_json(value: object) -> None:
    """One JSON document on stdout; times as RFC 3339, our values by their fields, everything else unknown by its text."""
    sys.stdout.write(json.dumps(value, indent=2, default=_plain) + "\n")


def print_json_lines(values: Iterable[object]) -> None:
    """One JSON object a line on stdout."""
    for value in values:
        sys.stdout.write(json.dumps(value, default=_plain) + "\n")


def print_table(rows: Sequence[Mapping[str, object]], columns: Sequence[str], *, empty: str) -> None:
    """Rows as an aligned table with a heading; `empty` is said on stderr when there is none."""
    if not rows:
        narrate(empty)
        return
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(column), *(len(line[i]) for line in cells)) for i, column in enumerate(columns)]
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    heading = "  ".join(
        column.upper().replace("_", " ").ljust(width) for column, width in zip(columns, widths, strict=True)
    )
    sys.stdout.write(f"{bold}{heading.rstrip()}{plain}\n")
    for line in cells:
        sys.stdout.write(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
        )


def shortened(text: str, most: int) -> str:
    """The text, or its beginning with an ellipsis: at most `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def readable_bytes(count: int) -> str:
    """1536 as 1.5 KiB."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < _UNIT:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _UNIT
    return f"{size:.1f} TiB"


def _account() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's random number
        return f"user {os.getuid()}"


def _colour() -> bool:
    return sys.stderr.isatty()


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return str(value)
