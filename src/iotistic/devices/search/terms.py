"""The tags that an expression asks for, and what follows from who has them. Pure.

Who has a tag, of the devices of a page, is an integer: its lowest bit is the first of them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from iotistic.devices.tag_expression import And, Equals, Expression, Has, Not, OneOf, Or

__all__ = ["ANY_VALUE", "Members", "Term", "members_of", "terms_of"]

ANY_VALUE = ""
"""As search_page_tags has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A key with one of these values."""

    key: str
    values: frozenset[str]


Members: TypeAlias = Mapping[Term, int]


def terms_of(expression: Expression) -> frozenset[Term]:
    """Every tag that it depends on."""
    match expression:
        case Not():
            return terms_of(expression.term)
        case And() | Or():
            return frozenset[Term]().union(*map(terms_of, expression.terms))
        case _:
            return frozenset({_term(expression)})


def members_of(expression: Expression, members: Members, everybody: int) -> int:
    """Who is meant, of `everybody`, when those who have a term are its `members`; nobody has one that is not named there."""
    match expression:
        case Not():
            return everybody & ~members_of(expression.term, members, everybody)
        case And():
            meant = everybody
            for term in expression.terms:
                meant &= members_of(term, members, everybody)
            return meant
        case Or():
            meant = 0
            for term in expression.terms:
                meant |= members_of(term, members, everybody)
            return meant
        case _:
            return members.get(_term(expression), 0)


def _term(expression: Equals | OneOf | Has) -> Term:
    match expression:
        case Has():
            return Term(key=expression.key, values=frozenset({ANY_VALUE}))
        case Equals():
            return _of_values(expression.key, {expression.value})
        case OneOf():
            return _of_values(expression.key, expression.values)


def _of_values(key: str, values: Collection[str]) -> Term:
    return Term(key=key, values=frozenset(values) - {ANY_VALUE})  # no tag is empty
