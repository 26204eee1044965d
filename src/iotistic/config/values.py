"""Texts turned into values, one setting at a time, with whatever is wrong reported and stood in for."""

from collections.abc import Mapping
from typing import TypeVar, cast, final

from iotistic.config.catalogue import SETTINGS, Setting
from iotistic.config.kinds import Rejected
from iotistic.config.model import SettingRow
from iotistic.config.sources import Given, Report
from iotistic.config.url import masked

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
        return not any(self.report.about(setting.variable) for setting in settings)

    def text(self, setting: Setting[object]) -> str:
        """What was given, fit to be shown."""
        given = self.found.get(setting.variable)
        return _shown(setting, given.text) if given else setting.default or ""

    def row(self, setting: Setting[object]) -> SettingRow:
        """What is in force and why."""
        given = self.found.get(setting.variable)
        if given is None:
            return SettingRow(variable=setting.variable, value=setting.default, source="default")
        return SettingRow(variable=setting.variable, value=_shown(setting, given.text), source=given.source)

    def _parsed(self, setting: Setting[object]) -> object:
        given = self.found.get(setting.variable)
        if given is not None:
            try:
                return setting.kind.parse(given.text)
            except Rejected as rejected:
                # What came by another variable is wrong there.
                place = given.via or setting.variable
                if not self.report.about(place):
                    self.report.problem(
                        place, rejected.reason, rejected.suggestion, value=_shape(setting, given.text)
                    )
        return None if setting.default is None else setting.kind.parse(setting.default)


def _shown(setting: Setting[object], text: str) -> str:
    if not setting.kind.is_secret:
        return text
    return masked(text) if "://" in text else "***"


def _shape(setting: Setting[object], text: str) -> str:
    return f"({len(text)} characters)" if setting.kind.is_secret else text
