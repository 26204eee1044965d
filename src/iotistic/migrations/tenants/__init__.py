"""One history for many databases."""

from iotistic.migrations.tenants.control import CONTROL_TABLES, ControlPlace, read_control
from iotistic.migrations.tenants.fleet import Fleet
from iotistic.migrations.tenants.journal import Record, RunMissing, last_run, list_runs, merged, read_journal
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
from iotistic.migrations.tenants.template import CreatedTenant, TenantExists, create_tenant
from iotistic.migrations.tenants.voyage import Pace

__all__ = [
    "CONTROL_TABLES",
    "ControlPlace",
    "CreatedTenant",
    "Fleet",
    "FleetReport",
    "Pace",
    "Progress",
    "Record",
    "RunMissing",
    "Source",
    "SourceKind",
    "State",
    "Tenant",
    "TenantExists",
    "TenantResult",
    "TenantsInvalid",
    "Wave",
    "create_tenant",
    "last_run",
    "list_runs",
    "merged",
    "parse_lines",
    "read_control",
    "read_journal",
    "read_source",
]
