"""What reports amount to by quarter of an hour, hour and day: made by themselves, and kept when the reports are gone."""

from iotistic.telemetry.rollups.level import DAYS, HOURS, LEVELS, QUARTERS, Level, LevelName
from iotistic.telemetry.rollups.service import RollupService, RollupState, Step

__all__ = [
    "DAYS",
    "HOURS",
    "LEVELS",
    "QUARTERS",
    "Level",
    "LevelName",
    "RollupService",
    "RollupState",
    "Step",
]
