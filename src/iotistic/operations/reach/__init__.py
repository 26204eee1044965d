"""Why a database cannot be reached: a walk in steps that names the first one that fails."""

from iotistic.operations.reach.inside import InsideView
from iotistic.operations.reach.model import Problem, Step, StepName
from iotistic.operations.reach.probe import Walk

__all__ = ["InsideView", "Problem", "Step", "StepName", "Walk"]
