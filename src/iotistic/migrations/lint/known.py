"""What the files so far have made: lint of one statement depends on it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from iotistic.migrations.directives import Directives, Phase
from iotistic.migrations.lexer import Statement, Token
from iotistic.migrations.lint.reader import Name, Reader, split_commas

__all__ = ["Known", "created_table"]

_BEFORE_TABLE: Final = ("GLOBAL", "LOCAL", "TEMPORARY", "TEMP", "UNLOGGED")


@dataclass(slots=True, kw_only=True)
class Known:
    """Grows statement by statement; `begin_file` forgets what only one file may know."""

    schema: str
    """What a name without schema means."""
    roles: frozenset[str] | None = None
    """Roles every installation has; None: any role will do."""
    transaction: bool = True
    """Whether this file is one transaction."""
    contract: bool = False
    """Whether this file says that it takes away what no running code uses any more."""
    new: set[Name] = field(default_factory=set[Name])
    """Tables and materialized views this file has made."""
    unvalidated: set[tuple[Name, str]] = field(default_factory=set[tuple[Name, str]])
    """(table, constraint) that this file has added as NOT VALID."""
    partitioned: set[Name] = field(default_factory=set[Name])
    """Partitioned tables of this and all files before."""
    checks: dict[tuple[Name, str], str] = field(default_factory=dict[tuple[Name, str], str])
    """(table, constraint) -> the column that CHECK (column IS NOT NULL) is about."""
    not_null: set[tuple[Name, str]] = field(default_factory=set[tuple[Name, str]])
    """(table, column) proved by a validated check."""

    remade: set[Name] = field(default_factory=set[Name])
    """Views this file makes, so that dropping them first takes nothing away."""
    made_roles: set[str] = field(default_factory=set[str])
    """Roles that this or an earlier file makes."""

    def begin_file(self, directives: Directives, statements: Sequence[Statement]) -> None:
        """Forgets what only the file before may know."""
        self.remade = {self.full(view) for view in map(_created_view, statements) if view is not None}
        self.transaction = directives.transaction
        self.contract = directives.phase is Phase.CONTRACT
        self.new = set()
        self.unvalidated = set()

    def full(self, name: Name) -> Name:
        """The name with its schema."""
        return name.within(self.schema)

    def is_new(self, name: Name | None) -> bool:
        """Whether this file made it, so that nobody can be waiting for it."""
        return name is not None and self.full(name) in self.new

    def learn(self, statement: Statement) -> None:
        """Takes in what `statement` makes or proves."""
        words = statement.tokens()
        table = created_table(words)
        if table is not None:
            self.new.add(self.full(table))
            if any(pair == ("PARTITION", "BY") for pair in _pairs(words)):
                self.partitioned.add(self.full(table))
            return
        reader = Reader(words)
        if reader.take("ALTER", "TABLE"):
            self._learn_alterations(reader)
        elif reader.take("CREATE") and reader.take_any("ROLE", "USER", "GROUP"):
            role = reader.name()
            self.made_roles |= {role.name} if role else set()

    def _learn_alterations(self, reader: Reader) -> None:
        reader.take("IF", "EXISTS")
        reader.take("ONLY")
        table = reader.name()
        if table is None:
            return
        for action in split_commas(reader.left):
            self._learn_action(self.full(table), action)

    def _learn_action(self, table: Name, action: Reader) -> None:
        if action.take("RENAME", "TO"):
            renamed = action.name()
            if renamed is not None and table in self.new:
                self.new.add(Name(table.schema, renamed.name))
        elif action.take("VALIDATE", "CONSTRAINT"):
            name = action.name()
            column = self.checks.get((table, name.name)) if name else None
            if column is not None:
                self.not_null.add((table, column))
        elif action.take("ADD"):
            self._learn_constraint(table, action)

    def _learn_constraint(self, table: Name, action: Reader) -> None:
        if not action.take("CONSTRAINT"):
            return
        name = action.name()
        valid = not action.has("NOT", "VALID")
        if name is None:
            return
        if not valid:
            self.unvalidated.add((table, name.name))
        if action.take("CHECK"):
            condition = Reader(action.group())
            column = condition.name()
            if column is not None and condition.take("IS", "NOT", "NULL") and not condition.left:
                self.checks[table, name.name] = column.name
                if valid:
                    self.not_null.add((table, column.name))


def created_table(words: Sequence[Token]) -> Name | None:
    """The table or materialized view that a CREATE or SELECT INTO makes; None for every other statement."""
    reader = Reader(words)
    if not reader.take("CREATE"):
        return None
    while reader.take_any(*_BEFORE_TABLE):
        pass
    if not (reader.take("TABLE") or reader.take("MATERIALIZED", "VIEW") or reader.take("FOREIGN", "TABLE")):
        return None
    reader.take("IF", "NOT", "EXISTS")
    return reader.name()


def _created_view(statement: Statement) -> Name | None:
    reader = Reader(statement.tokens())
    if not reader.take("CREATE"):
        return None
    reader.take("OR", "REPLACE")
    reader.take_any("TEMPORARY", "TEMP")
    reader.take_any("RECURSIVE", "MATERIALIZED")
    return reader.name() if reader.take("VIEW") else None


def _pairs(words: Sequence[Token]) -> Iterator[tuple[str, str]]:
    return ((first.upper, second.upper) for first, second in pairwise(words))
