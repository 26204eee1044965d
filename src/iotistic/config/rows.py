"""One line of `iotistic config show`."""

from dataclasses import dataclass

__all__ = ["SettingRow"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingRow:
    """A setting as it is in force."""

    variable: str
    """The name it is set by."""
    value: str | None
    """What is in force; a secret is masked; None is not set."""
    source: str
    """default, .env, environment or option; with the variable it was taken from when that is another one."""
