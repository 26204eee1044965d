"""Log lines of any number of devices: searched in both directions, and followed."""

from iotistic.telemetry.logs.arrivals import ARRIVED, CHANNEL, EVERY_LINE
from iotistic.telemetry.logs.following import RESUMABLE, ArrivedLine, LogFollowing, LogStretch, Reached
from iotistic.telemetry.logs.search import (
    LONGEST_OPEN_SEARCH,
    Direction,
    LogPosition,
    LogQuestion,
    LogSearch,
    LogSift,
    position_of,
)

__all__ = [
    "ARRIVED",
    "CHANNEL",
    "EVERY_LINE",
    "LONGEST_OPEN_SEARCH",
    "RESUMABLE",
    "ArrivedLine",
    "Direction",
    "LogFollowing",
    "LogPosition",
    "LogQuestion",
    "LogSearch",
    "LogSift",
    "LogStretch",
    "Reached",
    "position_of",
]
