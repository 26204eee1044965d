"""Who works in the databases: the roles, what they may do, and a plan to make a server so.

Facts, then a pure plan, then acts; `iotistic up` and `iotistic db roles apply` use the same.
"""

from iotistic.database.roles.acts import (
    DatabaseMissing,
    admit_roles,
    carry_out,
    ensure_database,
    ensure_own_database,
    ensure_password,
    ensure_roles,
    grant_defaults,
    inspect_admission,
    inspect_ownership,
    inspect_rights,
    inspect_roles,
    may_create_databases,
)
from iotistic.database.roles.book import APP, OWNER, ROLES, works_as
from iotistic.database.roles.facts import RoleCatalog
from iotistic.database.roles.model import Account, Role
from iotistic.database.roles.rotation import LoginSession, Sessions, prepare_login
from iotistic.database.roles.step import Step
from iotistic.database.roles.verifier import set_password, take_password, verifier_matches

__all__ = [
    "APP",
    "OWNER",
    "ROLES",
    "Account",
    "DatabaseMissing",
    "LoginSession",
    "Role",
    "RoleCatalog",
    "Sessions",
    "Step",
    "admit_roles",
    "carry_out",
    "ensure_database",
    "ensure_own_database",
    "ensure_password",
    "ensure_roles",
    "grant_defaults",
    "inspect_admission",
    "inspect_ownership",
    "inspect_rights",
    "inspect_roles",
    "may_create_databases",
    "prepare_login",
    "set_password",
    "take_password",
    "verifier_matches",
    "works_as",
]
