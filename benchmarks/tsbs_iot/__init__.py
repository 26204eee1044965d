"""The "iot" workload of the Time Series Benchmark Suite, re-created: a fleet of trucks, what they measure, in the order it arrives.

https://github.com/timescale/tsbs names the fields, walks and disorder; the code and the random numbers are our own, so counts
and answers are comparable between runs of this one, not with published ones.
"""

from tsbs_iot.disorder import arrivals
from tsbs_iot.trucks import (
    DIAGNOSTICS,
    READINGS,
    STEP,
    Report,
    Truck,
    measurements,
    trucks,
)

__all__ = ["DIAGNOSTICS", "READINGS", "STEP", "Report", "Truck", "arrivals", "measurements", "trucks"]
