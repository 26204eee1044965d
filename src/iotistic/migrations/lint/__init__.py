"""Lint: what a migration would do to a database in use, seen before it runs.

Judges the text with the project's own lexer; no server is needed, and with table sizes from one it is quieter. What a
function body or a DO block does is not seen.
"""

from iotistic.migrations.lint.check import lint
from iotistic.migrations.lint.model import RULES, Finding, Lock, Rule
from iotistic.migrations.lint.sizes import READ_SIZES, Sizes, TableSize, Threshold, sizes_of

__all__ = [
    "READ_SIZES",
    "RULES",
    "Finding",
    "Lock",
    "Rule",
    "Sizes",
    "TableSize",
    "Threshold",
    "lint",
    "sizes_of",
]
