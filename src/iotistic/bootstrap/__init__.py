"""The composition root: the only place that knows every adapter and builds one thing out of all."""

from iotistic.bootstrap.endpoints import Endpoints, ServerNotRunning
from iotistic.bootstrap.exporting import export_devices, export_metrics
from iotistic.bootstrap.following import follow_desired, follow_events
from iotistic.bootstrap.housekeeping import make_housekeeper
from iotistic.bootstrap.platform import Finding, Platform, Work, open_platform
from iotistic.bootstrap.provisioning import make_partitions, provision, run_migrations

__all__ = [
    "Endpoints",
    "Finding",
    "Platform",
    "ServerNotRunning",
    "Work",
    "export_devices",
    "export_metrics",
    "follow_desired",
    "follow_events",
    "make_housekeeper",
    "make_partitions",
    "open_platform",
    "provision",
    "run_migrations",
]
