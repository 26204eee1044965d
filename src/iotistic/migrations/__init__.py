"""SQL migrations: files in a folder, one history per database, applied by whoever starts first.

    report = await apply(endpoint, "iotistic", PLATFORM, application="iotistic-api")

Everything is loaded on first use: the command line runs plain files with the lexer alone, and must not pay for the driver
(0.3 s of CPU) nor for the nouns of a full run (0.1 s).
"""

from importlib import import_module

TYPE_CHECKING = False  # importing typing costs 5 ms of CPU
if TYPE_CHECKING:
    from iotistic.migrations.history import BILLING as BILLING
    from iotistic.migrations.history import PLATFORM as PLATFORM
    from iotistic.migrations.history import SERVICES as SERVICES
    from iotistic.migrations.history import VPN as VPN
    from iotistic.migrations.history import History as History
    from iotistic.migrations.looking import inspect as inspect
    from iotistic.migrations.looking import list_events as list_events
    from iotistic.migrations.looking import preview as preview
    from iotistic.migrations.looking import wait_until_current as wait_until_current
    from iotistic.migrations.marks import Marker as Marker
    from iotistic.migrations.plan import RunOptions as RunOptions
    from iotistic.migrations.report import Applied as Applied
    from iotistic.migrations.report import Event as Event
    from iotistic.migrations.report import EventKind as EventKind
    from iotistic.migrations.report import Report as Report
    from iotistic.migrations.report import RunLimits as RunLimits
    from iotistic.migrations.report import Status as Status
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
    "BILLING": "history",
    "PLATFORM": "history",
    "SERVICES": "history",
    "VPN": "history",
    "Applied": "report",
    "Event": "report",
    "EventKind": "report",
    "History": "history",
    "Marker": "marks",
    "Report": "report",
    "RunLimits": "report",
    "RunOptions": "plan",
    "Status": "report",
    "apply": "runner",
    "bring_up": "startup",
    "inspect": "looking",
    "list_events": "looking",
    "preview": "looking",
    "wait_until_current": "looking",
}


def __getattr__(name: str) -> object:
    """A name, when it is first asked for (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
