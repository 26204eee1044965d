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
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, kw_only=True, slots=True)
class DotenvEntry:
    """One line that sets something, or fails to."""

    name: str
    """The variable; for a line that names none, the file and line number."""
    value: str
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
        problem = Problem(
            variable=str(path),
            value=None,
            reason=f"The file cannot be read: {reason}.",
            suggestion="Give it to this user, save it as UTF-8, or remove it.",
        )
        return (DotenvEntry(name=str(path), value="", problem=problem),)
    return parse_dotenv(text, source=path.name)


def parse_dotenv(text: str, *, source: str = ".env") -> tuple[DotenvEntry, ...]:
    """The entries of the text, in order; of a repeated name the last counts."""
    found: list[DotenvEntry] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            found.append(_entry(stripped, f"{source}:{number}"))
    return tuple(found)


def _entry(line: str, place: str) -> DotenvEntry:
    match = _LINE.fullmatch(line)
    if match is None:
        return _broken(
            place, place, "This line is neither NAME=value nor a comment.", "Put a # before it, or remove it."
        )
    name, rest = match["name"], match["rest"]
    if rest.startswith("'"):
        quoted = _SINGLE.fullmatch(rest)
        return DotenvEntry(name=name, value=quoted["text"]) if quoted else _unclosed(name, place)
    if rest.startswith('"'):
        quoted = _DOUBLE.fullmatch(rest)
        if quoted is None:
            return _unclosed(name, place)
        value = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), quoted["text"])
        return _with_dollar_checked(name, value, place)
    return _with_dollar_checked(name, _COMMENT.sub("", rest).strip(), place)


def _with_dollar_checked(name: str, value: str, place: str) -> DotenvEntry:
    if not re.search(r"\$[\w{$]", value):
        return DotenvEntry(name=name, value=value)
    return _broken(
        name,
        place,
        f"In {place} it holds a $, which Docker Compose would replace by another variable.",
        "Put the value in single quotes.",
    )


def _unclosed(name: str, place: str) -> DotenvEntry:
    return _broken(
        name,
        place,
        f"In {place} a quote is not closed, or something follows it.",
        "Close it on the same line.",
    )


def _broken(name: str, place: str, reason: str, suggestion: str) -> DotenvEntry:
    problem = Problem(
        variable=name if name != place else place, value=None, reason=reason, suggestion=suggestion
    )
    return DotenvEntry(name=name, value="", problem=problem)
