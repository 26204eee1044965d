"""What the agent says about itself: a constant event name and its fields, to the log and to whoever listens."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import final

from iotistic.agent.model import Level
from iotistic.clock import Clock

__all__ = ["Event", "Events", "Listener"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened."""

    timestamp: datetime
    level: Level
    name: str
    """Constant, snake_case: what to search for."""
    fields: Mapping[str, object]
    """Its nouns. None of them may be a secret."""

    def text(self) -> str:
        """`name key=value ...`, values with spaces quoted."""
        return " ".join([self.name, *(f"{key}={_word(value)}" for key, value in self.fields.items())])


Listener = Callable[[Event], None]

_LEVELS: Mapping[Level, int] = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


@final
class Events:
    """Logs events and passes them on to listeners."""

    def __init__(self, log: logging.Logger, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Calls `listener` with each event from now on."""
        self._listeners.append(listener)

    def info(self, name: str, **fields: object) -> None:
        """Something worth knowing happened."""
        self._emit("info", name, fields)

    def warning(self, name: str, **fields: object) -> None:
        """Something went wrong and the agent goes on by itself."""
        self._emit("warning", name, fields)

    def error(self, name: str, **fields: object) -> None:
        """Somebody has to do something."""
        self._emit("error", name, fields)

    def _emit(self, level: Level, name: str, fields: Mapping[str, object]) -> None:
        self._log.log(_LEVELS[level], name, extra=fields)
        event = Event(timestamp=self._clock(), level=level, name=name, fields=fields)
        for listener in self._listeners:
            listener(event)


def _word(value: object) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return (
        text
        if text and text.isprintable() and not set(' "=') & set(text)
        else json.dumps(text, ensure_ascii=False)
    )
