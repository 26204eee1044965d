"""Where texts come from and which one counts: option over environment over .env over default."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from iotistic.config.catalogue import SETTINGS
from iotistic.config.dotenv import DotenvEntry
from iotistic.config.problems import Problem

__all__ = ["OPTION", "Given", "Level", "Report", "environment", "gather", "with_files_read"]

Level = int
DOTENV: Level = 1
ENVIRONMENT: Level = 2
OPTION: Level = 3
_LABELS = {DOTENV: ".env", ENVIRONMENT: "environment", OPTION: "option"}

# In a pod, Kubernetes sets NAME_PORT=tcp://10.0.0.1:80 for every service of its namespace; one called "db" or
# "iotistic-api" lands on our names.
_SERVICE_LINK = re.compile(r"(?:tcp|udp|sctp)://\S+")
_OURS = ("IOTISTIC_", "DB_")


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """A text somebody set."""

    text: str
    """What was set; may be a secret."""
    level: Level
    """How strong its source is."""
    via: str | None = None
    """The variable it was taken from, when that is another one."""

    @property
    def source(self) -> str:
        """Said in `iotistic config show`."""
        label = _LABELS[self.level]
        return f"{self.via} ({label})" if self.via else label


class Report:
    """Collects what is wrong, so that everything is told at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def problem(self, variable: str, reason: str, suggestion: str, *, value: str | None = None) -> None:
        """Something that stops us."""
        self.problems.append(Problem(variable=variable, value=value, reason=reason, suggestion=suggestion))

    def warning(self, variable: str, reason: str, suggestion: str, *, value: str | None = None) -> None:
        """Something that looks like a mistake."""
        self.warnings.append(Problem(variable=variable, value=value, reason=reason, suggestion=suggestion))

    def about(self, variable: str) -> bool:
        """Whether a problem with this variable was told already."""
        return any(problem.variable == variable for problem in self.problems)


def environment() -> Mapping[str, str]:
    """The process environment. Nothing else in the project reads it, and nothing reads it at import."""
    return dict(os.environ)  # noqa: TID251 - the one place


def gather(
    environment: Mapping[str, str],
    dotenv: Iterable[DotenvEntry],
    overrides: Mapping[str, str],
    report: Report,
) -> dict[str, Given]:
    """Name -> what counts, for the names that are ours or look like it. An empty text means not set, whatever is below it."""
    known = {name for setting in SETTINGS for name in (setting.variable, setting.file_variable) if name}
    found: dict[str, Given] = {}
    for entry in dotenv:
        if entry.name is not None and not _is_ours(entry.name, known):
            continue  # somebody else's variable
        if entry.problem is not None:
            report.problems.append(entry.problem)
        elif entry.name is not None:
            found[entry.name] = Given(text=entry.value, level=DOTENV)
    for name, text in environment.items():
        if not _is_ours(name, known):
            continue
        if _SERVICE_LINK.fullmatch(text):
            _warn_of_service_link(name, text, known, report)
        else:
            found[name] = Given(text=text, level=ENVIRONMENT)
    found |= {name: Given(text=text, level=OPTION) for name, text in overrides.items()}
    return {name: given for name, given in found.items() if given.text.strip()}


def with_files_read(found: Mapping[str, Given], report: Report) -> dict[str, Given]:
    """The same with every NAME_FILE replaced by NAME and the file's content, as container secrets are handed over."""
    result = dict(found)
    for setting in SETTINGS:
        variable, file_variable = setting.variable, setting.file_variable
        if file_variable is None or file_variable not in result:
            continue
        file, direct = result.pop(file_variable), result.get(variable)
        if direct is not None and direct.level == file.level:
            report.problem(variable, f"{file_variable} is set as well.", "Keep one of the two.")
        elif direct is None or file.level > direct.level:
            text = _read(Path(file.text).expanduser(), file_variable, report)
            if text is not None:
                result[variable] = Given(text=text, level=file.level, via=file_variable)
    return result


def _is_ours(name: str, known: set[str]) -> bool:
    return name in known or name.startswith(_OURS)


def _warn_of_service_link(name: str, text: str, known: set[str], report: Report) -> None:
    if name in known:
        report.warning(
            name,
            "Kubernetes set this for a service of that name; it is not taken as a setting.",
            "Set `enableServiceLinks: false` in the pod, or rename the service.",
            value=text,
        )


def _read(path: Path, variable: str, report: Report) -> str | None:
    try:
        text = path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        report.problem(
            variable,
            f"The file cannot be read: {reason}.",
            "Name a file that this user may read.",
            value=str(path),
        )
        return None
    if not text:
        report.problem(variable, "The file is empty.", "Write the secret into it.", value=str(path))
        return None
    return text
