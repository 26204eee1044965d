"""What is known about one setting."""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from iotistic.config.kinds import Kind

__all__ = ["Setting"]

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting(Generic[T_co]):
    """One setting, as a reader of the reference page meets it."""

    variable: str
    """The environment variable, and the name in .env."""
    kind: Kind[T_co]
    """What its text means."""
    default: str | None
    """The text that stands for it when nothing is given; None means not set."""
    group: str
    """The heading it is listed under."""
    meaning: str
    """What it does, in a sentence or two."""
    fallback: str | None = None
    """The variable whose value counts when this one is not given."""
    example: str = ""
    """A value to start from, where the default is none or no help."""
    unset: str = "not set"
    """What its absence means, where there is no default."""
    in_env_file: Literal["set", "offered", "no"] = "offered"
    """How .env.example treats it: set to the example, commented out, or left out as another way to say what is there."""

    @property
    def file_variable(self) -> str | None:
        """The variable that names a file to read the value from; only secrets have one."""
        return f"{self.variable}_FILE" if self.kind.is_secret else None
