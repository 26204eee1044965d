"""What was set aside: looked at, replayed with a better time, or dropped."""

from iotistic.telemetry.quarantine.model import QuarantinedRow, QuarantineFilter, Replayed, Shift
from iotistic.telemetry.quarantine.replay import Replay
from iotistic.telemetry.quarantine.service import QuarantineService

__all__ = [
    "QuarantineFilter",
    "QuarantineService",
    "QuarantinedRow",
    "Replay",
    "Replayed",
    "Shift",
]
