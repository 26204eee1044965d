"""Log lines of any number of devices: searched in both directions, and followed."""

from iotistic.telemetry.logs.search import (
    LONGEST_OPEN_SEARCH,
    Direction,
    LogPosition,
    LogQuestion,
    LogSearch,
    position_of,
)

__all__ = [
    "LONGEST_OPEN_SEARCH",
    "Direction",
    "LogPosition",
    "LogQuestion",
    "LogSearch",
    "position_of",
]
