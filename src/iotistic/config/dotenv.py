r"""The `.env` file, read so that Docker Compose and we take the same value from the same line.

    KEY=value            # a comment after a space
    export KEY=value
    KEY='taken as it is, with $ and #'
    KEY="with \n, \" and \\"

Where the two would differ (Compose replaces `$NAME` outside of single quotes, we do not), the line is a problem instead of a
surprise.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from iotistic.config.problems import Problem

__all__ = ["DotenvEntry", "parse_dotenv", "read_dotenv"]

_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(?P<rest>.*)")
_SINGLE = re.compile(r"'(?P<text>[^']*)'\s*(?:#.*)?")
_DOUBLE = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"\s*(?:#.*)?')
_COMMENT = re.compile(r"(?:^|\s+)#.*$")
_DOLLAR = re.compile(r"\$[\w{$]")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, kw_only=True, slots=True)
class DotenvEntry:
    """One line that sets something, or fails to."""

    name: str | None
    """The variable; None when the line, or the file, names none."""
    value: str = ""
    """Its text, unquoted."""
    problem: Problem | None = None
    """Why the value is not to be relied on."""


def read_dotenv(path: Path) -> tuple[DotenvEntry, ...]:
    """The entries of the file; none when there is no such file. An unreadable file is one entry with a problem."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"byte {error.start} is no UTF-8"
        suggestion = "Give it to this user, save it as UTF-8, or remove it."
        return (_broken(None, str(path), f"The file cannot be read: {reason}.", suggestion),)
    return parse_dotenv(text, source=path.name)


def parse_dotenv(text: str, *, source: str = ".env") -> tuple[DotenvEntry, ...]:
    """The entries of the text, in order; of a repeated name the last counts."""
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
    return tuple(
        _entry(line, f"{source}:{number}") for number, line in lines if line and not line.startswith("#")
    )


def _entry(line: str, place: str) -> DotenvEntry:
    match = _LINE.fullmatch(line)
    if match is None:
        return _broken(
            None, place, "This line is neither NAME=value nor a comment.", "Put a # before it, or remove it."
        )
    name, rest = match["name"], match["rest"]
    if rest.startswith("'"):
        quoted = _SINGLE.fullmatch(rest)
        return DotenvEntry(name=name, value=quoted["text"]) if quoted else _unclosed(name, place)
    if rest.startswith('"'):
        quoted = _DOUBLE.fullmatch(rest)
        return _double_quoted(name, quoted["text"], place) if quoted else _unclosed(name, place)
    return _without_dollar(name, _COMMENT.sub("", rest).strip(), place)


def _double_quoted(name: str, text: str, place: str) -> DotenvEntry:
    return _without_dollar(
        name, re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), text), place
    )


def _without_dollar(name: str, value: str, place: str) -> DotenvEntry:
    if not _DOLLAR.search(value):
        return DotenvEntry(name=name, value=value)
    reason = f"In {place} it holds a $, which Docker Compose would replace by another variable."
    return _broken(name, place, reason, "Put the value in single quotes.")


def _unclosed(name: str, place: str) -> DotenvEntry:
    return _broken(
        name,
        place,
        f"In {place} a quote is not closed, or something follows it.",
        "Close it on the same line.",
    )


def _broken(name: str | None, place: str, reason: str, suggestion: str) -> DotenvEntry:
    return DotenvEntry(
        name=name, problem=Problem(variable=name or place, value=None, reason=reason, suggestion=suggestion)
    )
