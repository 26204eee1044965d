"""What the server wrote since a moment: for progress while it starts, and for the error when it does not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

__all__ = ["STARTUP", "LogWatch"]

STARTUP = "startup.log"
"""What the server says before its log collector runs, and what the collector itself cannot say."""

_MOST = 256 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class LogWatch:
    """The log folder as it was, to be compared with as it is."""

    folder: Path
    sizes: dict[Path, int]
    """Bytes of each file at the beginning."""

    @classmethod
    def begin(cls, folder: Path) -> Self:
        """Remember the present sizes."""
        return cls(folder=folder, sizes=_sizes(folder))

    def grown(self) -> int:
        """Bytes written since; a file begun anew counts whole."""
        return sum(size - self._offset(path, size) for path, size in _sizes(self.folder).items())

    def lines(self) -> list[str]:
        """The lines written since, the early ones of each file left out beyond 256 kB, the startup file's last."""
        found: list[str] = []
        for path, size in sorted(_sizes(self.folder).items(), key=lambda each: each[0].name == STARTUP):
            with path.open("rb") as file:
                file.seek(max(self._offset(path, size), size - _MOST))
                found += file.read(_MOST).decode("utf-8", errors="replace").splitlines()
        return [line for line in found if line.strip()]

    def tail(self, count: int = 12) -> str:
        """The last lines that say what went wrong, for an error message."""
        lines = [
            line
            for line in self.lines()
            if "redirecting log output" not in line and "HINT:  Future log" not in line
        ]
        return "\n".join(lines[-count:]) or "(the server wrote nothing)"

    def _offset(self, path: Path, size: int) -> int:
        if path.name == STARTUP:
            return 0  # made anew for every start
        before = self.sizes.get(path, 0)
        return before if before <= size else 0


def _sizes(folder: Path) -> dict[Path, int]:
    sizes: dict[Path, int] = {}
    for path in folder.glob("*.log"):
        try:
            sizes[path] = path.stat().st_size
        except FileNotFoundError:
            continue
    return sizes
