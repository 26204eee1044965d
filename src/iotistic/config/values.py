"""Texts turned into values, one setting at a time, with whatever is wrong reported and stood in for."""

from collections.abc import Mapping
from typing import TypeVar, cast, final

from iotistic.config.catalogue import SETTINGS
from iotistic.config.problems import Problem, Rejected
from iotistic.config.rows import SettingRow
from iotistic.config.setting import Setting
from iotistic.config.sources import Given, Report

__all__ = ["Values"]

T = TypeVar("T")


@final
class Values:
    """Every setting's value.

    A rejected text is reported and its default stands in, so that the rest can be judged; `sound` tells whether a value may
    be held against another.
    """

    def __init__(self, found: Mapping[str, Given], report: Report) -> None:
        self.found = found
        self.report = report
        self._rejected: set[str] = set()
        self._values = {setting.variable: self._parsed(setting) for setting in SETTINGS}

    def __getitem__(self, setting: Setting[T]) -> T:
        """The value of a setting that has a default."""
        value = self._values[setting.variable]
        if value is None:
            raise KeyError(setting.variable)
        return cast("T", value)

    def find(self, setting: Setting[T]) -> T | None:
        """The value of a setting that may be missing."""
        return cast("T | None", self._values[setting.variable])

    def sound(self, *settings: Setting[object]) -> bool:
        """Whether nothing was reported about these."""
        return not any(
            setting.variable in self._rejected or self.report.about(setting.variable) for setting in settings
        )

    def text(self, setting: Setting[object]) -> str:
        """What was given, fit to be shown."""
        given = self.found.get(setting.variable)
        return setting.kind.shown(given.text) if given else setting.default or ""

    def place(self, setting: Setting[object]) -> str:
        """The variable to change: what is wrong with a value that came by another one is wrong there."""
        given = self.found.get(setting.variable)
        return (given and given.via) or setting.variable

    def row(self, setting: Setting[object]) -> SettingRow:
        """What is in force and why."""
        given = self.found.get(setting.variable)
        if given is None:
            return SettingRow(variable=setting.variable, value=setting.default, source="default")
        return SettingRow(
            variable=setting.variable, value=setting.kind.shown(given.text), source=given.source
        )

    def _parsed(self, setting: Setting[object]) -> object:
        given = self.found.get(setting.variable)
        if given is not None:
            try:
                return setting.kind.parse(self._trimmed(setting, given.text))
            except Rejected as rejected:
                self._rejected.add(setting.variable)
                self._report(setting, given, rejected)
        return None if setting.default is None else setting.kind.parse(setting.default)

    def _trimmed(self, setting: Setting[object], text: str) -> str:
        """White space around a value is nobody's intention, but a secret is taken as it is."""
        trimmed = text.strip()
        if not setting.kind.is_secret or text == trimmed:
            return trimmed
        self.report.warning(
            self.place(setting),
            "The secret begins or ends with white space, often a line break that `echo` added.",
            "Write it with `printf %s`, if that is not meant.",
        )
        return text

    def _report(self, setting: Setting[object], given: Given, rejected: Rejected) -> None:
        shape = f"({len(given.text)} characters)" if setting.kind.is_secret else given.text
        in_url = given.via == "DATABASE_URL"
        problem = Problem(
            variable=self.place(setting),
            value=None if in_url else shape,
            reason=f"{setting.variable} in it is {shape}. {rejected.reason}" if in_url else rejected.reason,
            suggestion=rejected.suggestion,
        )
        if problem not in self.report.problems:  # POSTGRES_DB is judged once for itself and once as DB_NAME
            self.report.problems.append(problem)
