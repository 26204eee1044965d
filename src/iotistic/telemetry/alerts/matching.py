"""Which lines meet which rules: pure, and cheap to leave to a thread."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from iotistic.telemetry.alerts.model import Rule
from iotistic.telemetry.alerts.patterns import compile_pattern, expressions_in
from iotistic.telemetry.model import LogLevel

__all__ = ["Matched", "WatchedLine", "match"]

_BADNESS: Final[dict[LogLevel, int]] = {"debug": 0, "info": 1, "warning": 2, "error": 3, "critical": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedLine:
    """A log line that rules are held against."""

    device_uuid: UUID
    fleet: str | None
    """That its device belongs to."""
    timestamp: datetime
    level: LogLevel
    service: str
    message: str
    """Its beginning, as much as patterns see."""


Matched = dict[tuple[int, UUID], list[WatchedLine]]
"""By rule and device, in the order of the lines."""


def match(rules: Sequence[Rule], lines: Iterable[WatchedLine]) -> Matched:
    """All expressions in one walk over a line; for the other patterns the filters first."""
    found: Matched = {}
    plain = [
        (rule, compile_pattern(rule.pattern, rule.pattern_type))
        for rule in rules
        if rule.pattern_type != "regex"
    ]
    by_expression: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.pattern_type == "regex":
            by_expression.setdefault(rule.pattern, []).append(rule)
    expressions = expressions_in(by_expression)
    for line in lines:
        met = [rule for pattern in expressions(line.message) for rule in by_expression[pattern]]
        for rule in [
            *(rule for rule in met if _is_watched(rule, line)),
            *(rule for rule, matches in plain if _is_watched(rule, line) and matches(line.message)),
        ]:
            found.setdefault((rule.id, line.device_uuid), []).append(line)
    return found


def _is_watched(rule: Rule, line: WatchedLine) -> bool:
    return (
        (rule.device_uuid is None or rule.device_uuid == line.device_uuid)
        and (rule.fleet is None or rule.fleet == line.fleet)
        and (rule.service is None or rule.service == line.service)
        and (rule.minimum_level is None or _BADNESS[line.level] >= _BADNESS[rule.minimum_level])
    )
