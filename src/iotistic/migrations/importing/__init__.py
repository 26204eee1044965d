"""Histories of other tools, taken over: what they have applied is not applied again."""

from iotistic.migrations.importing.foreign import ForeignRefused, Tool
from iotistic.migrations.importing.matching import ImportPlan, ImportRefused, Match, Unmatched
from iotistic.migrations.importing.takeover import Takeover

__all__ = ["ForeignRefused", "ImportPlan", "ImportRefused", "Match", "Takeover", "Tool", "Unmatched"]
