"""An expression over tags as a condition for PostgreSQL: the one place where one becomes text for the server.

The text is a jsonpath predicate and travels as a parameter: a statement that filters by tags is a constant, whatever somebody
asks, and the index on the tags answers it as a whole (`tags @@ predicate`). Keys and values stand in it as JSON strings.
https://www.postgresql.org/docs/current/functions-json.html#FUNCTIONS-SQLJSON-PATH
"""

import json
from dataclasses import dataclass

from iotistic.devices.tag_expression import And, Equals, Expression, Has, Not, OneOf, Or

__all__ = ["TagCondition", "tag_condition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCondition:
    """What the list queries take instead of an expression."""

    predicate: str
    """A jsonpath predicate over an object of tags."""
    keys: tuple[str, ...]
    """Keys without which it cannot be true; the index finds these by `?&`, which it cannot for exists() in the predicate."""


def tag_condition(expression: Expression) -> TagCondition:
    """The condition that is true for exactly the devices the expression means."""
    return TagCondition(predicate=_predicate(expression), keys=tuple(sorted(_needed(expression))))


def _predicate(expression: Expression) -> str:
    match expression:
        case Equals():
            return f"{_member(expression.key)} == {_string(expression.value)}"
        case OneOf():
            tests = (f"{_member(expression.key)} == {_string(value)}" for value in expression.values)
            return f"({' || '.join(tests)})"
        case Has():
            return f"exists({_member(expression.key)})"
        case Not():
            return f"!({_predicate(expression.term)})"
        case And():
            return f"({' && '.join(_predicate(term) for term in expression.terms)})"
        case Or():
            return f"({' || '.join(_predicate(term) for term in expression.terms)})"


def _needed(expression: Expression) -> frozenset[str]:
    match expression:
        case Has():
            return frozenset({expression.key})
        case And():
            return frozenset[str]().union(*map(_needed, expression.terms))
        case _:
            return frozenset()


def _member(key: str) -> str:
    return f"$.{_string(key)}"


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
