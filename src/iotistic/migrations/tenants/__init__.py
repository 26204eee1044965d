"""One history for many databases."""

from iotistic.migrations.tenants.fleet import Fleet, Pace
from iotistic.migrations.tenants.journal import last_run, list_runs, read_journal
from iotistic.migrations.tenants.model import (
    FleetReport,
    Progress,
    State,
    Tenant,
    TenantResult,
    TenantsInvalid,
    Wave,
)
from iotistic.migrations.tenants.sources import Source, SourceKind, parse_lines, read_source

__all__ = [
    "Fleet",
    "FleetReport",
    "Pace",
    "Progress",
    "Source",
    "SourceKind",
    "State",
    "Tenant",
    "TenantResult",
    "TenantsInvalid",
    "Wave",
    "last_run",
    "list_runs",
    "parse_lines",
    "read_journal",
    "read_source",
]
