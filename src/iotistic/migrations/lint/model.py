"""What lint says: rules by name, findings with a lock, a reason and a safe way."""

from dataclasses import dataclass
from enum import StrEnum

from iotistic.migrations.lint.reader import Name

__all__ = ["RULES", "Finding", "Hit", "Lock", "Rule"]


class Lock(StrEnum):
    """The table lock a statement takes, by PostgreSQL's name for it."""

    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"
    """Stops reads and writes."""
    EXCLUSIVE = "EXCLUSIVE"
    """Stops writes and locking reads."""
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    """Stops writes."""
    SHARE = "SHARE"
    """Stops writes."""
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    """Stops other schema changes, not reads and writes."""
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    """Stops only who wants the same rows."""

    @property
    def stops(self) -> str:
        """What everybody else cannot do meanwhile, in words."""
        return _STOPS[self]


_STOPS = {
    Lock.ACCESS_EXCLUSIVE: "reads and writes wait",
    Lock.EXCLUSIVE: "writes wait",
    Lock.SHARE_ROW_EXCLUSIVE: "writes wait",
    Lock.SHARE: "writes wait",
    Lock.SHARE_UPDATE_EXCLUSIVE: "only other schema changes wait",
    Lock.ROW_EXCLUSIVE: "only writers of the same rows wait",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing lint looks for."""

    name: str
    """What findings and waivers call it."""
    summary: str
    """What it finds, in a line."""
    by_size: bool = False
    """Whether the harm grows with the table, so that a small one is quiet."""


_ALL = (
    Rule(name="index-not-concurrent", summary="An index built with writes stopped.", by_size=True),
    Rule(
        name="index-if-not-exists",
        summary="CONCURRENTLY IF NOT EXISTS, which takes a broken index for a good one.",
    ),
    Rule(name="drop-index-not-concurrent", summary="An index dropped behind readers."),
    Rule(name="column-type", summary="A column's type changed: the table may be rewritten.", by_size=True),
    Rule(
        name="volatile-default",
        summary="A new column computed for every row: the table is rewritten.",
        by_size=True,
    ),
    Rule(name="table-rewrite", summary="A setting whose change rewrites the table.", by_size=True),
    Rule(
        name="set-not-null",
        summary="SET NOT NULL without a validated CHECK: the table is scanned.",
        by_size=True,
    ),
    Rule(
        name="required-column", summary="A new NOT NULL column without a default: fails when there are rows."
    ),
    Rule(
        name="constraint-not-valid",
        summary="A foreign key or CHECK that scans the table under its lock.",
        by_size=True,
    ),
    Rule(
        name="validate-apart",
        summary="NOT VALID and VALIDATE in one transaction: the first one's lock stays.",
        by_size=True,
    ),
    Rule(
        name="unique-using-index",
        summary="A unique or primary key whose index is built under the lock.",
        by_size=True,
    ),
    Rule(name="partition-of", summary="A partition made below an existing parent: all of its readers wait."),
    Rule(name="detach-not-concurrent", summary="A partition detached behind all readers of its parent."),
    Rule(name="drop-column", summary="A column that running code may still name."),
    Rule(name="drop-table", summary="A table or view that running code may still name."),
    Rule(name="rename-column", summary="A column that running code knows under its old name."),
    Rule(name="rename-table", summary="A table that running code knows under its old name or schema."),
    Rule(name="rename-enum-value", summary="An enum value that running code knows under its old name."),
    Rule(name="drop-cascade", summary="CASCADE: what else goes is not written down."),
    Rule(name="truncate", summary="All rows of a table go at once."),
    Rule(
        name="unbatched-write",
        summary="An UPDATE or DELETE of a whole table in one transaction.",
        by_size=True,
    ),
    Rule(
        name="vacuum-full",
        summary="VACUUM FULL, CLUSTER: the table is rewritten behind everybody.",
        by_size=True,
    ),
    Rule(name="reindex-not-concurrent", summary="REINDEX with writes stopped.", by_size=True),
    Rule(name="lock-table", summary="A table locked by hand."),
    Rule(name="unknown-role", summary="A role that an installation may not have."),
    Rule(name="secret", summary="A password, key or certificate in the text."),
    Rule(name="unknown-rule", summary="A waiver for a rule that does not exist."),
    Rule(name="unneeded-waiver", summary="A waiver that nothing in the file needs."),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _ALL}
"""Every rule by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a rule found in one statement."""

    rule: str
    why: str
    """What happens if it runs as it is."""
    rewrite: str
    """How to reach the same safely: SQL where possible."""
    lock: Lock | None = None
    table: Name | None = None
    """The table it is about: new ones are exempt, small ones can be."""
    offset: int = 0
    """Where in the statement's text."""
    only_if_big: bool = False
    """Whether it is worth a word only where the table is known to be big."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place in one file that should not run as it is."""

    filename: str
    line: int
    """From 1."""
    column: int
    """From 1."""
    rule: str
    """A key of RULES."""
    lock: Lock | None
    """The lock that makes it dangerous, if one does."""
    table: str | None
    """The table it is about, if it is about one."""
    why: str
    """What happens if it runs as it is."""
    rewrite: str
    """How to reach the same safely."""
