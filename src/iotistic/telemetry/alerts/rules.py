"""What can be done with the rules of alerts."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final, final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.alerts.errors import CONSTRAINTS, RuleNotFound, TooManyRules
from iotistic.telemetry.alerts.model import Rule, RuleDraft
from iotistic.telemetry.alerts.patterns import compile_pattern

__all__ = ["MOST_RULES", "RuleService"]

MOST_RULES: Final = 500
"""Each line is held against each rule: 500 keywords cost 0.2 ms of CPU a line, 500 expressions, looked for together, 0.03 ms."""

_QUERIES: Final = Queries("iotistic.telemetry.alerts")
_LONGEST_PAGE: Final = 1_000


@final
class RuleService:
    """Rules on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def create_rule(self, name: str, draft: RuleDraft, *, created_by: str) -> Rule:
        """Watches lines that are stored from its commit on. Raises RuleNameTaken, RuleInvalid, PatternInvalid, TooManyRules."""
        compile_pattern(draft.pattern, draft.pattern_type)
        if await self._sql.value("count_rules") >= MOST_RULES:
            raise TooManyRules(
                f"There are {MOST_RULES} rules already.", hint="Delete some, or join patterns by |."
            )
        await self._sql.run("insert_rule", name=name, created_by=created_by, **asdict(draft))
        return await self.get_rule(name)

    async def find_rule(self, name: str) -> Rule | None:
        """The rule of this name."""
        return await self._sql.one("find_rule", Rule, name=name)

    async def get_rule(self, name: str) -> Rule:
        """The same; raises RuleNotFound."""
        found = await self.find_rule(name)
        if found is None:
            raise _unknown(name)
        return found

    async def list_rules(self, *, after: str | None = None, limit: int = 100) -> Sequence[Rule]:
        """Rules by name, those behind the name `after`, at most `limit` (up to 1,000)."""
        return await self._sql.many("list_rules", Rule, after=after, limit=min(limit, _LONGEST_PAGE))

    async def replace_rule(self, name: str, draft: RuleDraft) -> Rule:
        """Says anew what it watches; lines that were too few for an alert so far are forgotten. Raises as create_rule, and RuleNotFound."""
        compile_pattern(draft.pattern, draft.pattern_type)
        if not await self._sql.run("replace_rule", name=name, **asdict(draft)):
            raise _unknown(name)
        rule = await self.get_rule(name)
        await self._sql.run("forget_counts_of", rule_id=rule.id)
        return rule

    async def delete_rule(self, name: str) -> None:
        """Deletes the rule and its alerts. Raises RuleNotFound."""
        if not await self._sql.run("delete_rule", name=name):
            raise _unknown(name)


def _unknown(name: str) -> RuleNotFound:
    return RuleNotFound(
        f"There is no rule {name!r}.", hint="`iotistic alerts rules list` shows them all.", name=name
    )
