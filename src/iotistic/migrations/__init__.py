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
    from iotistic.migrations.looking import inspect as inspect
    from iotistic.migrations.looking import list_events as list_events
    from iotistic.migrations.looking import preview as preview
    from iotistic.migrations.looking import wait_until_current as wait_until_current
    from iotistic.migrations.marks import Marker as Marker
    from iotistic.migrations.runner import apply as apply
    from iotistic.migrations.startup import bring_up as bring_up

__all__ = [
    "BILLING",
    "PLATFORM",
    "SERVICES",
    "VPN",
    "Applied",
    "Event",
    "EventKind",
    "History",
    "Marker",
    "Report",
    "RunLimits",
    "RunOptions",
    "Status",
    "apply",
    "bring_up",
    "inspect",
    "list_events",
    "preview",
    "wait_until_current",
]

_LATER = {
    "Marker": "marks",
    "apply": "runner",
    "bring_up": "startup",
    "inspect": "looking",
    "list_events": "looking",
    "preview": "looking",
    "wait_until_current": "looking",
}


def __getattr__(name: str) -> object:
    """What needs the driver, when it is first asked for (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
