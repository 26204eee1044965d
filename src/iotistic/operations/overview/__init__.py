"""What an operator wants to know at a glance: devices, sizes, growth, days of partitions left."""

from iotistic.operations.overview.model import DatabaseSize, DeviceCounts, Overview, TableSize
from iotistic.operations.overview.service import OverviewService

__all__ = ["DatabaseSize", "DeviceCounts", "Overview", "OverviewService", "TableSize"]
