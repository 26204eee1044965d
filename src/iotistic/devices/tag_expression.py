"""Which devices somebody means, said by their tags: `site=berlin and hardware!=rpi3`.

    expression := conjunction ("or" conjunction)*
    conjunction := negation ("and" negation)*
    negation    := "not" negation | "(" expression ")" | "has" key
                 | key ("=" | "!=") value | key ["not"] "in" "(" value ("," value)* ")"

A key or value is a bare word (letters, digits and `. _ - : / @ +`) or stands in quotes, with a backslash before a quote or a
backslash inside. The words and, or, not, in and has mean themselves only in quotes. As in Kubernetes' selectors, `!=` and
`not in` are also true for a device without the tag.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, final

from iotistic.errors import Invalid

__all__ = [
    "And",
    "Equals",
    "Expression",
    "Has",
    "Not",
    "OneOf",
    "Or",
    "TagExpressionInvalid",
    "matches",
    "parse_tag_expression",
    "render",
]

LONGEST = 4000
"""Characters."""
MOST_TERMS = 200
DEEPEST = 40
"""Parentheses and negations inside one another; PostgreSQL's own parser and ours recurse."""

_KEYWORDS = frozenset({"and", "or", "not", "in", "has"})
_TOKEN = re.compile(
    r"""(?P<word>[\w.:/@+-]+)|(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<sign>!=|==|[=(),])""",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class TagExpressionInvalid(Invalid):
    """An expression over tags that cannot be read; `position` is the character, from 1."""

    code = "tag_expression_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equals:
    """The tag has exactly this value."""

    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """The tag has one of these values."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Has:
    """The device has a tag of this key."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The opposite."""

    term: "Expression"


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """All of them."""

    terms: tuple["Expression", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """At least one of them."""

    terms: tuple["Expression", ...]


Expression: TypeAlias = Equals | OneOf | Has | Not | And | Or


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    kind: str
    """word, quoted, keyword, sign, or end."""
    text: str
    position: int


def parse_tag_expression(text: str, *, field: str = "query.where") -> Expression:
    """The expression a text says. Raises TagExpressionInvalid, which names the position and what was expected there.

    `field` is where a request has it.
    """
    if len(text) > LONGEST:
        raise TagExpressionInvalid(
            f"The expression is longer than {LONGEST} characters.",
            hint="Split it, or give the devices a tag for what it means.",
            field=field,
        )
    try:
        return _Parser(_tokens(text)).whole()
    except TagExpressionInvalid as error:
        error.facts["field"] = field
        raise


def matches(expression: Expression, tags: Mapping[str, str]) -> bool:
    """Whether a device with these tags is meant."""
    match expression:
        case Equals():
            return tags.get(expression.key) == expression.value
        case OneOf():
            return tags.get(expression.key) in expression.values
        case Has():
            return expression.key in tags
        case Not():
            return not matches(expression.term, tags)
        case And():
            return all(matches(term, tags) for term in expression.terms)
        case Or():
            return any(matches(term, tags) for term in expression.terms)


def render(expression: Expression) -> str:
    """A text that parses to the same expression."""
    match expression:
        case Equals():
            return f"{_quote(expression.key)} = {_quote(expression.value)}"
        case OneOf():
            return f"{_quote(expression.key)} in ({', '.join(map(_quote, expression.values))})"
        case Has():
            return f"has {_quote(expression.key)}"
        case Not():
            return f"not ({render(expression.term)})"
        case And():
            return " and ".join(f"({render(term)})" for term in expression.terms)
        case Or():
            return " or ".join(f"({render(term)})" for term in expression.terms)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unreadable(text, place)
        found.append(_token(match, place + 1))
        place = match.end()
    return [*found, _Token(kind="end", text="", position=len(text) + 1)]


def _token(match: re.Match[str], position: int) -> _Token:
    word = match[0]
    if match.lastgroup == "quoted":
        return _Token(kind="quoted", text=_ESCAPED.sub(r"\1", word[1:-1]), position=position)
    if match.lastgroup == "word" and word.lower() in _KEYWORDS:
        return _Token(kind="keyword", text=word.lower(), position=position)
    if word == "==":
        return _Token(kind="sign", text="=", position=position)
    return _Token(kind=str(match.lastgroup), text=word, position=position)


def _unreadable(text: str, place: int) -> TagExpressionInvalid:
    if text[place] in "'\"":
        return _refusal(place + 1, "this quote is never closed")
    return _refusal(
        place + 1, f"{text[place]!r} means nothing here; put a value with such a character in quotes"
    )


def _refusal(position: int, why: str) -> TagExpressionInvalid:
    return TagExpressionInvalid(
        f"At character {position} of the expression: {why}.",
        hint="For example: site=berlin and (hardware!=rpi3 or has spare) and rack in (a, b).",
        position=position,
    )


@final
class _Parser:
    """Recursive descent with one token of foresight."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._terms = 0

    def whole(self) -> Expression:
        expression = self._alternatives(0)
        if self._now.kind != "end":
            raise self._expected("`and`, `or` or the end")
        return expression

    @property
    def _now(self) -> _Token:
        return self._tokens[self._place]

    def _take(self, kind: str, text: str) -> bool:
        if (self._now.kind, self._now.text) != (kind, text):
            return False
        self._place += 1
        return True

    def _alternatives(self, depth: int) -> Expression:
        terms = [self._conjunction(depth)]
        while self._take("keyword", "or"):
            terms.append(self._conjunction(depth))
        return terms[0] if len(terms) == 1 else Or(terms=tuple(terms))

    def _conjunction(self, depth: int) -> Expression:
        terms = [self._negation(depth)]
        while self._take("keyword", "and"):
            terms.append(self._negation(depth))
        return terms[0] if len(terms) == 1 else And(terms=tuple(terms))

    def _negation(self, depth: int) -> Expression:
        if depth > DEEPEST:
            raise _refusal(self._now.position, f"this is nested deeper than {DEEPEST} levels")
        if self._take("keyword", "not"):
            return Not(term=self._negation(depth + 1))
        if self._take("sign", "("):
            inner = self._alternatives(depth + 1)
            self._need(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Expression:
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise _refusal(self._now.position, f"there are more than {MOST_TERMS} conditions")
        if self._take("keyword", "has"):
            return Has(key=self._name("a key"))
        key = self._name("a key, `has`, `not` or `(`")
        if self._take("sign", "="):
            return Equals(key=key, value=self._name("a value"))
        if self._take("sign", "!="):
            return Not(term=Equals(key=key, value=self._name("a value")))
        if self._take("keyword", "in"):
            return self._list(key)
        if self._take("keyword", "not"):
            if not self._take("keyword", "in"):
                raise self._expected("`in`")
            return Not(term=self._list(key))
        raise self._expected("`=`, `!=`, `in` or `not in`")

    def _list(self, key: str) -> Expression:
        self._need("(")
        values = [self._name("a value")]
        while self._take("sign", ","):
            values.append(self._name("a value"))
        if not self._take("sign", ")"):
            raise self._expected("`,` or `)`")
        return OneOf(key=key, values=tuple(values))

    def _name(self, what: str) -> str:
        token = self._now
        if token.kind not in {"word", "quoted"}:
            raise self._expected(what)
        if "\0" in token.text:
            raise _refusal(token.position, "no tag holds a NUL character")
        self._place += 1
        return token.text

    def _need(self, sign: str) -> None:
        if not self._take("sign", sign):
            raise self._expected(f"`{sign}`")

    def _expected(self, what: str) -> TagExpressionInvalid:
        token = self._now
        found = {"end": "the end", "keyword": f"the word `{token.text}`"}.get(
            token.kind, f"{token.text[:40]!r}"
        )
        also = "; quote it to mean a key or value" if token.kind == "keyword" else ""
        return _refusal(token.position, f"expected {what}, found {found}{also}")
