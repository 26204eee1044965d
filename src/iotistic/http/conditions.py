"""Conditional requests (RFC 9110, section 13): entity tags, and the lists of them that callers send."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from iotistic.errors import Conflict

__all__ = ["Condition", "PreconditionFailed", "entity_tag", "parse_condition"]

_TAG = re.compile(r'(?P<weak>W/)?"(?P<name>[\x21\x23-\x7e\x80-\xff]*)"')


class PreconditionFailed(Conflict):
    """What If-Match names is not what is there now; `current_version` says what is."""

    code = "precondition_failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """The tags of an If-Match or If-None-Match."""

    strong: frozenset[str]
    weak: frozenset[str]
    anything: bool
    """A star: whatever is there."""

    def knows(self, name: str) -> bool:
        """By the weak comparison, which If-None-Match is for."""
        return self.anything or name in self.strong or name in self.weak

    def versions(self, prefix: str) -> Collection[int] | None:
        """By the strong comparison, which If-Match is for: the versions named, None for any.

        What is no tag of ours matches nothing, so that a mistake refuses a write and lets none through.
        """
        if self.anything:
            return None
        form = re.compile(rf"{re.escape(prefix)}(0|[1-9][0-9]{{0,17}})")
        found = (form.fullmatch(name) for name in self.strong)
        return frozenset(int(match[1]) for match in found if match)


def entity_tag(name: str) -> str:
    """As it stands in a header."""
    return f'"{name}"'


def parse_condition(header: str | None) -> Condition | None:
    """The condition in a header; None where there is no header."""
    if header is None:
        return None
    tags = list(_TAG.finditer(header))
    return Condition(
        strong=frozenset(tag["name"] for tag in tags if not tag["weak"]),
        weak=frozenset(tag["name"] for tag in tags if tag["weak"]),
        anything=header.strip() == "*",
    )
