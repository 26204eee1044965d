"""The same view, the same text, whichever server prints it.

Before PostgreSQL 16 every column of a view's outermost query was printed with its table (`SELECT devices.name FROM devices`),
since then only where the query reads more than one (ruleutils.c, `varprefix`). Here it is dropped where there is only one.
"""

from collections.abc import Sequence
from typing import Final

from iotistic.migrations.lexer import Kind, Token, identifier, tokens

__all__ = ["without_needless_prefixes"]

_OPENING: Final = {"(", "["}
_CLOSING: Final = {")", "]"}
_ENDS_FROM: Final = {"WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR"}
_SEVERAL: Final = {"JOIN", "UNION", "INTERSECT", "EXCEPT", ","}


def without_needless_prefixes(text: str) -> str:
    """A view's query as PostgreSQL 16 and newer print it."""
    words = tuple(tokens(text))
    depths = _depths(words)
    source = _only_source(words, depths)
    if source is None:
        return text
    inner = _inside_subqueries(words)
    parts: list[str] = []
    copied = 0
    for index, token in enumerate(words[:-2]):
        following = words[index + 2]
        begins = index == 0 or words[index - 1].text != "."
        is_prefix = begins and token.kind in {Kind.WORD, Kind.NAME} and words[index + 1].text == "."
        if (
            is_prefix
            and identifier(token) == source
            and following.text != "*"
            and not inner[index]
            and not _called(words, index)
        ):
            parts.append(text[copied : token.offset])
            copied = following.offset
    return "".join(parts) + text[copied:]


def _called(words: Sequence[Token], index: int) -> bool:
    """Whether `name.name` at `index` goes on as a schema does: a function call, or a third part."""
    after = words[index + 3].text if index + 3 < len(words) else ""
    return after in {"(", "."}


def _depths(words: Sequence[Token]) -> list[int]:
    depth, depths = 0, list[int]()
    for token in words:
        if token.text in _CLOSING:
            depth -= 1
        depths.append(depth)
        if token.text in _OPENING:
            depth += 1
    return depths


def _only_source(words: Sequence[Token], depths: Sequence[int]) -> str | None:
    """The alias of the one thing the outermost query reads from; None when it reads none or several."""
    top = [index for index, depth in enumerate(depths) if depth == 0]
    if any(words[index].upper in {"UNION", "INTERSECT", "EXCEPT"} for index in top):
        return None
    starts = [index for index in top if words[index].upper == "FROM" and words[index - 1].upper != "DISTINCT"]
    if len(starts) != 1:
        return None
    clause = [index for index in top if index > starts[0]]
    names: list[str] = []
    for index in clause:
        token = words[index]
        if token.upper in _SEVERAL:
            return None
        if token.upper in _ENDS_FROM or token.text == ";":
            break
        if token.kind in {Kind.WORD, Kind.NAME} and token.upper not in {"ONLY", "LATERAL", "TABLESAMPLE"}:
            names.append(identifier(token))
    return names[-1] if names else None


def _inside_subqueries(words: Sequence[Token]) -> list[bool]:
    stack, inside = [False], list[bool]()
    for index, token in enumerate(words):
        if token.text in _OPENING:
            opens_query = index + 1 < len(words) and words[index + 1].upper in {"SELECT", "WITH", "VALUES"}
            stack.append(stack[-1] or opens_query)
        elif token.text in _CLOSING and len(stack) > 1:
            stack.pop()
        inside.append(stack[-1])
    return inside
