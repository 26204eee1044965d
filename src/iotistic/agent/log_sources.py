"""Where host log lines come from: what a source has to offer, and the agent's own events as the last resort."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, final

from iotistic.agent.events import Event
from iotistic.agent.log_lines import clean
from iotistic.agent.model import HostLine

__all__ = ["LogSource", "OwnLog", "Position", "SourceLine", "Tell"]

Position = dict[str, str | int]
"""How far a source has been read, in its own words; kept with the last line read, given back after a restart."""
Tell = Callable[..., None]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line, and how far the source is read once this line is kept."""

    line: HostLine
    position: Position


class LogSource(Protocol):
    """Something that lines can be read from, in order, each once."""

    @property
    def name(self) -> str:
        """Which source this is; a position counts only for the source of the same name."""
        ...

    def position(self) -> Position | None:
        """Where reading stands before the first line; None when that is not worth keeping."""
        ...

    async def read(self, most: int) -> Sequence[SourceLine]:
        """What is there now, at most so many lines, without waiting for more."""
        ...

    async def close(self) -> None:
        """Lets go of files and processes."""
        ...


@final
class OwnLog:
    """The agent's own events, for hosts whose log cannot be read."""

    name = "own"
    _MOST = 1000

    def __init__(self) -> None:
        self._lines: deque[HostLine] = deque(maxlen=self._MOST)

    def note(self, event: Event) -> None:
        """Takes an event to be sent; of too many the newest count."""
        line = HostLine(
            timestamp=event.timestamp,
            level=event.level,
            service="iotistic-agent",
            message=clean(event.text()),
        )
        self._lines.append(line)

    def position(self) -> Position | None:
        """Events of an earlier life are gone."""
        return None

    async def read(self, most: int) -> Sequence[SourceLine]:
        """The events since the last read."""
        return [SourceLine(self._lines.popleft(), {}) for _ in range(min(most, len(self._lines)))]

    async def close(self) -> None:
        """Nothing to let go of."""
