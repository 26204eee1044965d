r"""The words of PostgreSQL's SQL, found the way its own scanner finds them, without knowing any grammar.

Follows src/backend/parser/scan.l and src/fe_utils/psqlscan.l of PostgreSQL 18, with standard_conforming_strings on (a backslash
in a plain string is a backslash). Offsets count characters of the text given.
"""

import enum
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from iotistic.errors import Invalid

__all__ = [
    "Kind",
    "SourceInvalid",
    "Token",
    "place",
    "refuse",
    "skip_blank",
    "skip_quoted",
    "tokens",
    "word_before",
    "word_end",
]


class SourceInvalid(Invalid):
    """The text of a migration cannot be read as SQL: `facts` hold line, column and offset (bytes for invalid UTF-8)."""

    code = "migration_source_invalid"


class Kind(enum.Enum):
    """What sort of word a token is."""

    WORD = "word"  # keyword or bare identifier
    NAME = "name"  # "quoted identifier"
    STRING = (
        "string"  # 'text', E'text', U&'text' (its prefix is a WORD of its own, but for E), $tag$text$tag$
    )
    NUMBER = "number"
    PARAMETER = "parameter"  # $1
    MARK = "mark"  # one character of punctuation or of an operator


class Token(NamedTuple):
    """One word: its kind, its text as written and the offset of its first character."""

    kind: Kind
    text: str
    offset: int

    @property
    def upper(self) -> str:
        """The word in capitals, for comparing keywords; a quoted name never equals one."""
        return self.text.upper() if self.kind is Kind.WORD else self.text

    @property
    def end(self) -> int:
        return self.offset + len(self.text)


# PostgreSQL's scanner works on bytes and takes every one above 0x7f as a letter, a no-break space too.
# The classes are written as what they leave out of ASCII: a range up to U+10FFFF takes re 8 ms to compile, each time.
_LETTER = r"[^\x00-@\[-^`{-\x7f]"
_LETTER_OR_DIGIT = r"[^\x00-/:-@\[-^`{-\x7f]"
_LETTER_DIGIT_OR_DOLLAR = r"[^\x00-#%-/:-@\[-^`{-\x7f]"
_WORD_TAIL = re.compile(rf"{_LETTER}{_LETTER_DIGIT_OR_DOLLAR}*\Z")
_BLANK = re.compile(r"(?:[ \t\n\r\f\v]+|--[^\r\n]*)*")
# Letters glued to a number or parameter are an error for the server, but they do swallow a dollar sign or an E.
_GLUED = rf"(?:{_LETTER}{_LETTER_DIGIT_OR_DOLLAR}*)?"
_NUMBER = re.compile(rf"(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?{_GLUED}")
_PARAMETER = re.compile(rf"\$[0-9]+{_GLUED}")
_DOLLAR_TAG = re.compile(rf"\$(?:{_LETTER}{_LETTER_OR_DIGIT}*)?\$")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_PLAIN = {"'": re.compile(r"'[^']*(?:''[^']*)*'"), '"': re.compile(r'"[^"]*(?:""[^"]*)*"')}
# A literal goes on after a line break, and stays an E-string there: E'a'<newline>'b\'c' is one string.
_GOES_ON = r"(?:[ \t\f\v]|--[^\r\n]*)*[\r\n](?:[ \t\n\r\f\v]|--[^\r\n]*[\r\n])*"
_SEGMENT = r"'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'"
_ESCAPED = re.compile(rf"{_SEGMENT}(?:{_GOES_ON}{_SEGMENT})*", re.DOTALL)


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of the character at `offset`."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def refuse(text: str, offset: int, what: str, *, hint: str | None = None) -> SourceInvalid:
    """The error that `what` is wrong with the word at `offset`; `{line}` in it becomes the line."""
    line, column = place(text, offset)
    return SourceInvalid(what.format(line=line), hint=hint, line=line, column=column, offset=offset)


def skip_blank(text: str, offset: int) -> int:
    """The offset after blanks and comments. Raises SourceInvalid for a comment that never ends."""
    while True:
        blank = _BLANK.match(text, offset)
        offset = blank.end() if blank else offset
        if not text.startswith("/*", offset):
            return offset
        offset = skip_quoted(text, offset)


def skip_quoted(text: str, offset: int, *, escaped: bool = False) -> int:
    """The offset after the literal, quoted name, dollar quote or block comment that begins at `offset`.

    A dollar sign that opens no quote is skipped alone (with its number, if it is a parameter). `escaped` means an E-string.
    Raises SourceInvalid, naming where it began, for one that never ends.
    """
    first = text[offset]
    if first == "$":
        return _skip_dollar(text, offset)
    if first == "/":
        return _skip_comment(text, offset)
    found = (_ESCAPED if escaped else _PLAIN[first]).match(text, offset)
    if found is None:
        noun = "string" if first == "'" else "quoted name"
        raise refuse(
            text, offset, f"The {noun} that begins in line {{line}} never ends: no closing {first} follows."
        )
    return found.end()


def _skip_dollar(text: str, offset: int) -> int:
    tag = _DOLLAR_TAG.match(text, offset)
    if tag is None:
        parameter = _PARAMETER.match(text, offset)
        return parameter.end() if parameter else offset + 1
    end = text.find(tag[0], tag.end())
    if end < 0:
        raise refuse(
            text,
            offset,
            f"The text quoted by {tag[0]} that begins in line {{line}} never ends: no second {tag[0]} follows.",
        )
    return end + len(tag[0])


def _skip_comment(text: str, offset: int) -> int:
    depth, position = 1, offset + 2
    while depth:
        edge = _COMMENT_EDGE.search(text, position)
        if edge is None:
            raise refuse(
                text,
                offset,
                "The comment that begins in line {line} never ends: a */ is missing (comments nest, each /* needs its own).",
            )
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return position


def word_before(text: str, start: int, end: int) -> int | None:
    """Where the bare word that ends at `end` begins, looking back no further than `start`; None when no word ends there.

    Tells the $ inside a name (a$b$c) from one that opens a quote, and E'...' from the end of a longer word.
    """
    found = _WORD_TAIL.search(text, start, end)
    return found.start() if found else None


def word_end(text: str, offset: int) -> int:
    """The offset after the bare word of which `offset` is a character."""
    while offset < len(text) and (text[offset] in "_$" or text[offset].isalnum() or text[offset] >= "\x80"):
        offset += 1
    return offset


def tokens(text: str, offset: int = 0) -> Iterator[Token]:
    """The words of `text` from `offset` on; blanks and comments are left out. Raises SourceInvalid where a quote never ends."""
    position, match = offset, _NEXT.match
    while found := match(text, position):
        which, end = found.lastgroup, found.end()
        if which == "end":
            return
        if which == "comment":
            position = skip_quoted(text, end - 2)
            continue
        kind = _KINDS[which or ""]
        start = found.start(which or 0)
        if kind is None:
            kind, end = _quoted_token(text, start)
        yield Token(kind, text[start:end], start)
        position = end


# One match finds a token and the blanks and line comments before it: every file is taken to words several times.
_NEXT = re.compile(
    rf"""(?:[ \t\n\r\f\v]+|--[^\r\n]*)*(?:
      (?P<quoted>'|[eE]'|"|\$)
    | (?P<word>{_LETTER}{_LETTER_DIGIT_OR_DOLLAR}*)
    | (?P<number>{_NUMBER.pattern})
    | (?P<comment>/\*)
    | (?P<mark>.)
    | (?P<end>\Z)
    )""",
    re.DOTALL | re.VERBOSE,
)
_KINDS: Final = {"word": Kind.WORD, "number": Kind.NUMBER, "mark": Kind.MARK, "quoted": None}


def _quoted_token(text: str, offset: int) -> tuple[Kind, int]:
    first = text[offset]
    if first == "$":
        end = skip_quoted(text, offset)
        if _PARAMETER.fullmatch(text, offset, end):
            return Kind.PARAMETER, end
        return (Kind.STRING if end > offset + 1 else Kind.MARK), end
    if first in "eE":
        return Kind.STRING, skip_quoted(text, offset + 1, escaped=True)
    return (Kind.STRING if first == "'" else Kind.NAME), skip_quoted(text, offset)
