"""Roles and their rights."""

from collections.abc import Collection, Sequence

from iotistic.database import roles
from iotistic.database.pool import Connection
from iotistic.database.roles import Step
from iotistic.operations.doctor.model import Circumstances, Verdict, critical, ok, skipped, warn

__all__ = ["judge_roles", "look_at_roles"]

_MANY = 3
_FIX = "`iotistic db roles plan` shows how, `iotistic db roles apply` does it"


def judge_roles(present: Collection[str], steps: Sequence[Step], _: Circumstances) -> Verdict:
    """A role that gained something is an alarm, anything else that differs a warning."""
    if not present:
        return skipped("the server has none of our roles: everything works as the one that is configured")
    drift = [step.title for step in steps if step.is_drift]
    if not steps:
        return ok(f"{len(present)} roles are as they should be")
    shown = "; ".join([step.title for step in steps][:_MANY])
    more = f" and {len(steps) - _MANY} more" if len(steps) > _MANY else ""
    return (critical if drift else warn)(f"{shown}{more}", fix=_FIX, differences=len(steps))


async def look_at_roles(connection: Connection, seen: Circumstances) -> Verdict:
    """The same plan as `iotistic db roles plan`, for the connected database."""
    present = await roles.RoleCatalog(connection).accounts(role.name for role in roles.ROLES)
    if not present:
        return judge_roles(present, [], seen)
    steps = [
        *await roles.inspect_roles(connection),
        *await roles.inspect_admission(connection, seen.database),
        *await roles.inspect_rights(connection),
        *await roles.inspect_ownership(connection),
    ]
    return judge_roles(present, steps, seen)
