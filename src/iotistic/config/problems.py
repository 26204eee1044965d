"""What can be wrong with settings, told all at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from iotistic.config.rows import SettingRow
from iotistic.errors import Invalid

__all__ = ["Problem", "Rejected", "SettingsInvalid"]


class Rejected(Exception):
    """A text that is no value of its kind."""

    def __init__(self, reason: str, suggestion: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.suggestion = suggestion


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong with one variable."""

    variable: str
    """The name to change."""
    value: str | None
    """What was given; of a secret only its shape ("12 characters"); None when it is missing."""
    reason: str
    """Why it cannot stand."""
    suggestion: str
    """What to write instead, or where to look."""

    def __str__(self) -> str:
        given = self.variable if self.value is None else f"{self.variable}={self.value}"
        return f"{given}: {self.reason} {self.suggestion}"


class SettingsInvalid(Invalid):
    """The settings cannot be used; `problems` lists everything that is wrong with them, not only the first.

    `rows` is what `iotistic config show` prints all the same.
    """

    code = "settings_invalid"

    def __init__(self, problems: Iterable[Problem], rows: Iterable[SettingRow] = ()) -> None:
        self.problems = tuple(problems)
        self.rows = tuple(rows)
        noun = "setting is" if len(self.problems) == 1 else "settings are"
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(
            f"{len(self.problems)} {noun} wrong:\n{lines}",
            hint="`iotistic config show` prints what is in force and where each value comes from.",
            problems=[problem.variable for problem in self.problems],
        )
