"""Cells of CSV as spreadsheets take them: what one would compute is shown instead, and reads back as it was.

https://owasp.org/www-community/attacks/CSV_Injection
"""

import re
from typing import Final

__all__ = ["as_cell", "meant_cell"]

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
"""How a cell begins that a spreadsheet would compute, or one that was written as text with `'`: each gets another one on its way
out and loses it on its way in."""


def as_cell(text: str) -> str:
    """What a spreadsheet shows, and does not compute: a name is what somebody far away chose."""
    return f"'{text}" if _FORMULA.match(text) else text


def meant_cell(cell: str) -> str:
    """Without the `'` that `as_cell` wrote."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
