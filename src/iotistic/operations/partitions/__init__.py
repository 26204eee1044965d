"""How the partitions are: runway, gaps, leftovers, growth, and when inserts will fail."""

from iotistic.operations.partitions.judgement import Facts, judge
from iotistic.operations.partitions.model import (
    DefaultPartition,
    Gap,
    Orphan,
    ParentHealth,
    PartitionsHealth,
    State,
)
from iotistic.operations.partitions.service import PartitionsService

__all__ = [
    "DefaultPartition",
    "Facts",
    "Gap",
    "Orphan",
    "ParentHealth",
    "PartitionsHealth",
    "PartitionsService",
    "State",
    "judge",
]
