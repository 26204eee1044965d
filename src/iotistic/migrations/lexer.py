r"""A migration file as text: decoded, split into statements, normalised for the checksum that forgives comments.

Splits where psql would, and refuses what only psql understands. A file is read whole before anything runs, so that a
missing quote in its last line is found before its first statement touches the database.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from iotistic.migrations.statement import ConcurrentIndex, Control, Statement, copy_stream, identifier
from iotistic.migrations.tokens import (
    Kind,
    SourceInvalid,
    Token,
    place,
    refuse,
    skip_blank,
    skip_quoted,
    tokens,
    word_before,
    word_end,
)

__all__ = [
    "ConcurrentIndex",
    "Control",
    "Kind",
    "SourceInvalid",
    "Statement",
    "Token",
    "decode",
    "identifier",
    "normal_form",
    "normalise",
    "place",
    "split",
    "tokens",
]

# Whole comments and plain strings are taken in one step: the loop then turns only on what needs a decision.
_POINT = re.compile(r"""--[^\r\n]*|'[^']*'|"[^"]*"|[;()$\\'"]|/\*""")
_META = re.compile(r"\\([A-Za-z!?]*[^\s;]*)[ \t]*([^\r\n]*)")
_LINE_REST = re.compile(r"[ \t\f\v\r]*(?:--[^\n]*)?(?:\n|\Z)")
_COPY_END = re.compile(r"^\\\.[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
_BREAK = re.compile(r"\r\n?")
_MARK = "\ufeff"
_MARK_BYTES = _MARK.encode()


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, a byte-order mark dropped. Raises SourceInvalid naming the offset of the first wrong byte."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceInvalid(
            "The file is UTF-16; migrations are UTF-8.",
            hint="Convert it: `iconv -f UTF-16 -t UTF-8`.",
            offset=0,
            line=1,
            column=1,
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _wrong_byte(data, error.start, f"is not UTF-8 ({error.reason})") from error
    if "\0" in text:
        raise _wrong_byte(data, data.index(0), "is zero, which no PostgreSQL text can hold")
    return text.removeprefix(_MARK)


def _wrong_byte(data: bytes, offset: int, what: str) -> SourceInvalid:
    before = data[:offset].removeprefix(_MARK_BYTES)
    line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
    return SourceInvalid(
        f"Byte {offset} (0x{data[offset]:02x}, line {line}) {what}.",
        hint="Save the file as UTF-8 without byte zero.",
        offset=offset,
        line=line,
        column=column,
    )


def split(text: str) -> tuple[Statement, ...]:
    r"""The statements of a file in order; empty ones and comments are left out.

    Raises SourceInvalid, naming the line, for a quote, comment, parenthesis, BEGIN ATOMIC body or COPY block that never
    ends, and for a psql command. A \restrict line before the first statement and its \unrestrict are skipped: pg_dump
    writes the pair.
    """
    return tuple(_statements(text))


def _statements(text: str) -> Iterator[Statement]:
    position, ordinal, line, counted, key = len(_MARK) if text.startswith(_MARK) else 0, 0, 1, 0, ""
    while True:
        start = skip_blank(text, position)
        if start == len(text):
            return
        first = text[start]
        if first == ";":
            position = start + 1
            continue
        if first == "\\":
            position, key = _skip_restriction(text, start, key=key, leading=ordinal == 0)
            continue
        end = _end(text, start)
        line += text.count("\n", counted, start)
        counted = start
        data, position = _copy_block(text, start, end)
        yield Statement(
            text=text[start:end].rstrip(" \t\n\r\f\v"),  # a no-break space is a word
            offset=start,
            line=line,
            column=start - text.rfind("\n", 0, start),
            ordinal=ordinal,
            copy_data=data,
        )
        ordinal += 1


def _skip_restriction(text: str, offset: int, *, key: str, leading: bool) -> tuple[int, str]:
    """The offset after a line of pg_dump's pair and the key that is open then; every other backslash is refused."""
    found = _META.match(text, offset)
    name, argument = (found[1], found[2].strip()) if found else ("", "")
    if found and name == "restrict" and argument and leading and not key:
        return found.end(), argument
    if found and name == "unrestrict" and key and argument == key:
        return found.end(), ""
    raise _psql_only(text, offset)


def _psql_only(text: str, offset: int) -> SourceInvalid:
    found = _META.match(text, offset)
    command = f"\\{found[1] if found else ''}"
    return refuse(
        text,
        offset,
        f"Line {{line}} holds the psql command {command.replace('{', '{{').replace('}', '}}')}, which only psql understands.",
        hint="Write it as SQL, or remove it: a migration is sent to the server as it is.",
    )


def _end(text: str, start: int) -> int:
    """The offset of the semicolon that ends the statement begun at `start`, or the end of the text."""
    opened: list[int] = []
    position = floor = start
    while point := _POINT.search(text, position):
        at, position = point.span()
        first = text[at]
        if first == ";":
            if not opened:
                return _routine_end(text, start, at)
            continue
        if first == "(":
            opened.append(at)
        elif first == ")":
            del opened[-1:]
        elif first == "\\":
            raise _psql_only(text, at)
        elif first != "-":
            floor = position = _after_quote(text, floor, at)
    if opened:
        raise refuse(text, opened[-1], "The parenthesis opened in line {line} is never closed.")
    return _routine_end(text, start, len(text))


def _after_quote(text: str, floor: int, at: int) -> int:
    """The offset after the quote at `at`; `floor` is where the last quote before it ended."""
    first = text[at]
    if first == "$" and word_before(text, floor, at) is not None:
        return word_end(text, at)
    escaped = first == "'" and at > floor and text[at - 1] in "eE" and _stands_alone(text, floor, at - 1)
    return skip_quoted(text, at, escaped=escaped)


def _stands_alone(text: str, floor: int, at: int) -> bool:
    """Whether the letter at `at` is a word by itself, not the end of a longer one or glued to a number."""
    return word_before(text, floor, at + 1) == at and (at == 0 or text[at - 1] not in "0123456789")


def _routine_end(text: str, start: int, end: int) -> int:
    """`end`, or the end of the function or procedure whose BEGIN ATOMIC body holds that semicolon."""
    if text[start] not in "cC" or "atomic" not in text[start:end].lower() or not _is_routine(text, start):
        return end
    depth, before, body, opened = 0, "", 0, start
    for token in tokens(text, start):
        word = token.upper
        if word == ";" and not depth and not body:
            return token.offset
        if word == "\\":
            raise _psql_only(text, token.offset)
        depth += {"(": 1, ")": -1}.get(word, 0)
        if not depth and word == "ATOMIC" and before == "BEGIN":
            body, opened = body + 1, token.offset
        elif not depth and body and before not in {"AS", "."}:  # after those, END and CASE are names
            body += {"CASE": 1, "END": -1}.get(word, 0)
        before = word
    if body:
        raise refuse(
            text, opened, "The BEGIN ATOMIC body that begins in line {line} never ends: its END is missing."
        )
    return len(text)


def _is_routine(text: str, start: int) -> bool:
    words = [token.upper for token in islice(tokens(text, start), 4)]
    rest = words[3:] if words[1:3] == ["OR", "REPLACE"] else words[1:]
    return words[:1] == ["CREATE"] and rest[:1] in (["FUNCTION"], ["PROCEDURE"])


def _copy_block(text: str, start: int, end: int) -> tuple[str | None, int]:
    """The data lines of COPY ... FROM STDIN, and where the next statement may begin."""
    after = min(end + 1, len(text))
    if text[start : start + 4].upper() != "COPY" or copy_stream(text[start:end]) != "STDIN":
        return None, after
    rest = _LINE_REST.match(text, after)
    if rest is None:
        raise refuse(
            text, after, "Line {line} goes on after COPY ... FROM STDIN; its data begins on the next line."
        )
    closing = _COPY_END.search(text, rest.end())
    if closing is None:
        raise refuse(
            text,
            start,
            "The data of the COPY that begins in line {line} never ends: a line with \\. alone is missing.",
        )
    return text[rest.end() : closing.start()], closing.end()


def normalise(text: str) -> str:
    """The text without what the server never sees: comments gone, blanks outside quotes one space, one break between statements.

    Strings and quoted names stay as they are. Line endings inside dollar quotes and COPY data become line feeds: those hold
    code and lines, and a checkout on Windows must not look like an edit. Raises SourceInvalid like `split`.
    """
    return normal_form(_statements(text))


def normal_form(statements: Iterable[Statement]) -> str:
    """The same from statements, for who has split the text already."""
    lines: list[str] = []
    for statement in statements:
        lines.append(_normal_text(statement.text) + ";\n")
        if statement.copy_data is not None:
            lines.append(_BREAK.sub("\n", statement.copy_data) + "\\.\n")
    return "".join(lines)


# What separates words, and what may hold such a separator without its being one.
_SEPARATOR = re.compile(r"""[ \t\n\r\f\v]+|--[^\r\n]*|/\*|['"$]""")


def _normal_text(text: str) -> str:
    """One statement with a space where blanks or comments stood; a line break between two strings, which it joins."""
    parts: list[str] = []
    position = floor = gap = 0
    while found := _SEPARATOR.search(text, position):
        at, end = found.span()
        first = text[at]
        if first in "'\"$":
            end = floor = _after_quote(text, floor, at)
            if first == "$":  # its quote is the only one that line endings do not belong to
                parts += [text[gap:at], _BREAK.sub("\n", text[at:end])]
                gap = end
        else:
            end = skip_blank(text, at)
            parts.append(text[gap:at])
            joins = text[at - 1 : at] == text[end : end + 1] == "'" and _has_break(text, at, end)
            parts.append("\n" if joins else " ")
            floor = gap = end
        position = end
    parts.append(text[gap:])
    return "".join(parts).rstrip(" ")


def _has_break(text: str, start: int, end: int) -> bool:
    return any(mark in text[start:end] for mark in "\r\n")
