r"""Which files are plain enough to be run from here, taken to statements in one pass of one regular expression.

Plain is a file that the full program would run the same way and say nothing about: one transaction, no directive, no COPY
data, nothing that lint could have an opinion on. `iotistic.migrations.lexer` reads everything; it costs 20 ms of CPU to load
and five times as long to run. What stands here reads only what is simple beyond doubt: a backslash outside quotes, an
E-string, a nested comment, a carriage return, a byte that is not UTF-8 end it with None. Tests hold every answer to the
lexer's own, over texts made at random too.
"""

import re

__all__ = ["plain_statements"]

# One match is a word, a number, something quoted, a mark, or the blanks and comments between those. A letter is, as for
# PostgreSQL's scanner, every byte above 0x7f too; classes say what they leave out, which compiles in a tenth of the time.
_NEXT = re.compile(
    r"((?:[ \t\n\f\v]+|--[^\n]*|/\*[^*/]*(?:\*(?!/)[^*/]*|/(?!\*)[^*/]*)*\*/)+)"
    r"|[^\x00-@\[-^`{-\x7f][^\x00-#%-/:-@\[-^`{-\x7f]*(?!')"
    r"|[0-9]+(?:\.[0-9]+)?(?![^\x00-#%-\-/:-@\[-^`{-\x7f])"
    r"""|'[^']*(?:''[^']*)*'|"[^"]*(?:""[^"]*)*\""""
    r"|\$((?:[^\x00-@\[-^`{-\x7f][^\x00-/:-@\[-^`{-\x7f]*)?)\$.*?\$\2\$"
    r"|[-;()+*<>=~!@#%^&|`?,.\[\]:{}]|/(?!\*)",
    re.DOTALL,
)
_BLANK = 1
_BLANKS = " \t\n\f\v"

# What these begin, lint has no rule for. The second set is quiet only while every table is empty.
_HARMLESS = {
    ("COMMENT",),
    ("CREATE", "FUNCTION"),
    ("CREATE", "OR"),
    ("CREATE", "PROCEDURE"),
    ("CREATE", "SEQUENCE"),
    ("CREATE", "TABLE"),
    ("CREATE", "TRIGGER"),
    ("CREATE", "TYPE"),
    ("CREATE", "VIEW"),
    ("GRANT",),
    ("INSERT",),
    ("SELECT",),
}
_ON_EMPTY_TABLES = {("ALTER", "TABLE"), ("CREATE", "INDEX"), ("CREATE", "UNIQUE"), ("DELETE",), ("UPDATE",)}
_QUESTIONABLE = {
    *("ATOMIC", "CASCADE", "CONCURRENTLY", "DETACH", "DROP", "OF", "PASSWORD", "RENAME", "ROLE", "SCHEMA"),
    *("AUTHORIZATION", "LOGGED", "METHOD", "OWNER", "TABLESPACE", "UNLOGGED", "STDIN", "STDOUT"),
}
# What the lexer has rules of its own for, and what may be the beginning of a secret.
_STRANGE = (
    *("\0", "\r", "-----BEGIN", "://", "SCRAM-SHA", "$2", "AKIA", "eyJ"),
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
)


def plain_statements(content: bytes, *, fresh: bool) -> tuple[list[str], str] | None:
    """The statements of a plain file, and its normalised text; None when it is not plain. `fresh`: no table has a row."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    if any(mark in text for mark in _STRANGE) or "migrate:" in text.lower():
        return None
    statements = _read(text)
    if not statements or not all(_is_plain(parts, fresh=fresh) for _, parts in statements):
        return None
    return [statement for statement, _ in statements], "".join(
        ["".join(parts) + ";\n" for _, parts in statements]
    )


def _read(text: str) -> list[tuple[str, list[str]]] | None:
    """Each statement as written, and the parts of its normal form; None when something in the text is not simple."""
    statements: list[tuple[str, list[str]]] = []
    position = 0
    while position < len(text):
        found = _statement(text, position)
        if found is None:
            return None
        start, end, parts = found
        if parts:
            statements.append((text[start:end].rstrip(_BLANKS), parts))
        position = end + 1
    return statements


def _statement(text: str, position: int) -> tuple[int, int, list[str]] | None:
    """Where the next statement begins and ends, and the parts of its normal form."""
    parts: list[str] = []
    start, depth, blank = position, 0, False
    for found in _NEXT.finditer(text, position):
        if found.start() != position or depth < 0:
            return None
        if found.lastindex != _BLANK:
            part = found[0]
            if part == ";":
                break
            depth += (part == "(") - (part == ")")
            if not parts:
                start = position
            elif blank:
                if parts[-1][-1] == part[0] == "'":
                    return None  # a line break between two strings joins them
                parts.append(" ")
            parts.append(part)
        blank = found.lastindex == _BLANK
        position = found.end()
    return None if depth or text[position : position + 1] not in {"", ";"} else (start, position, parts)


def _is_plain(parts: list[str], *, fresh: bool) -> bool:
    words = [part.upper() for part in parts if part != " "]
    starts = {tuple(words[:1]), tuple(words[:2])}
    if not starts & (_HARMLESS | _ON_EMPTY_TABLES if fresh else _HARMLESS):
        return False
    required = "NULL" in words and "NOT" in words and "DEFAULT" not in words and words[0] == "ALTER"
    return not required and not _QUESTIONABLE & set(words)
