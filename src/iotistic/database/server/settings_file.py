"""The server's configuration files: ours, rewritten at every start, and the operator's, which wins.

`iotistic.conf` is included at the head of `postgresql.conf`, so a line there overrides it, and ALTER SYSTEM overrides both.
It also is the mark by which a data folder is known to be ours, and it remembers the port.
"""

import os
import re
from collections.abc import Container, Mapping
from pathlib import Path

from iotistic.database.server.account import Account

__all__ = [
    "NAME",
    "REPLACED",
    "parse_settings",
    "remembered_port",
    "render_settings",
    "with_include",
    "write_settings",
]

NAME = "iotistic.conf"

REPLACED = frozenset(
    {
        "datestyle",
        "log_timezone",
        "max_connections",
        "max_wal_size",
        "min_wal_size",
        "shared_buffers",
        "timezone",
    }
)
"""What initdb chooses and we choose better; its other choices (locale, kind of shared memory) stay."""

_LINE = re.compile(r"^(?P<name>[A-Za-z_][\w.]*) = '(?P<value>(?:[^'\\]|''|\\\\)*)'$", re.MULTILINE)
_ACTIVE = re.compile(r"^(?P<name>[A-Za-z_][\w.]*)\s*=")

_HEADER = """\
# Written by Iotistic at every start from the size of this machine: changes made here are lost.
# Yours go into postgresql.conf below the include, or through ALTER SYSTEM; both win over this file.
"""
_INCLUDE = f"""\
# Settings made by Iotistic; whatever this file or ALTER SYSTEM says later wins over them.
include '{NAME}'

"""


def render_settings(settings: Mapping[str, str]) -> str:
    """The text of iotistic.conf, sorted by name; values are quoted, with quotes and backslashes doubled."""
    lines = [f"{name} = '{_escaped(value)}'" for name, value in sorted(settings.items())]
    return _HEADER + "\n".join(lines) + "\n"


def parse_settings(text: str) -> dict[str, str]:
    """The settings in a text that `render_settings` made."""
    return {match["name"]: _unescaped(match["value"]) for match in _LINE.finditer(text)}


def with_include(text: str, ours: Container[str]) -> str:
    """The postgresql.conf of initdb with our file included at its head and its own choices for `ours` commented out."""
    lines = [f"#{line}" if _is_active(line, ours) else line for line in text.splitlines()]
    return _INCLUDE + "\n".join(lines) + "\n"


def remembered_port(data: Path) -> int | None:
    """The TCP port of the last start, None when there is none."""
    try:
        text = (data / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    port = parse_settings(text).get("port", "")
    return int(port) if port.isdecimal() else None


def write_settings(data: Path, text: str, account: Account, *, name: str = NAME) -> None:
    """Replace a configuration file of `data` whole: a crash leaves the old one or the new one.

    As root it writes into a folder of another account: the draft is made exclusively, so a link planted there is not followed.
    """
    draft = data / f"{name}.new"
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    account.adopt(draft)
    draft.replace(data / name)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _unescaped(value: str) -> str:
    return value.replace("''", "'").replace("\\\\", "\\")


def _is_active(line: str, ours: Container[str]) -> bool:
    match = _ACTIVE.match(line)
    return match is not None and match["name"].lower() in ours
