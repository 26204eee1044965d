"""SQL migrations: files in a folder, one history per database, applied by whoever starts first.

    report = await apply(endpoint, "iotistic", PLATFORM, application="iotistic-api")

The nouns are here at once; what talks to a server is loaded on first use, because a command line that finds nothing to do
must not pay for loading the driver (0.3 s of CPU).
"""

from importlib import import_module
from typing import TYPE_CHECKING

from iotistic.migrations.history import BILLING, PLATFORM, SERVICES, VPN, History
from iotistic.migrations.plan import RunOptions
from iotistic.migrations.report import Applied, Event, EventKind, Report, RunLimits, Status

if TYPE_CHECKING:
    from iotistic.migrations.runner import apply as apply
    from iotistic.migrations.runner import inspect as inspect

__all__ = [
    "BILLING",
    "PLATFORM",
    "SERVICES",
    "VPN",
    "Applied",
    "Event",
    "EventKind",
    "History",
    "Report",
    "RunLimits",
    "RunOptions",
    "Status",
    "apply",
    "inspect",
]

_LATER = {"apply": "iotistic.migrations.runner", "inspect": "iotistic.migrations.runner"}


def __getattr__(name: str) -> object:
    """What needs the driver, when it is first asked for (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
