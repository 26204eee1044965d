"""Day partitions: made ahead, retired behind, without stopping what is written meanwhile."""

from iotistic.partitioning.catalog import PartitionCatalog, runway
from iotistic.partitioning.maintainer import Failure, Maintainer, Outcome
from iotistic.partitioning.plan import Attach, Create, Drop, Finalise, Retire, Step, plan
from iotistic.partitioning.policy import Leaf, Policy, Runway, Situation, Stray

__all__ = [
    "Attach",
    "Create",
    "Drop",
    "Failure",
    "Finalise",
    "Leaf",
    "Maintainer",
    "Outcome",
    "PartitionCatalog",
    "Policy",
    "Retire",
    "Runway",
    "Situation",
    "Step",
    "Stray",
    "plan",
    "runway",
]
