"""Whom a job is for. Pure."""

from dataclasses import dataclass
from uuid import UUID

from iotistic.jobs.errors import TargetInvalid

__all__ = ["MOST_NAMED", "JobTarget", "require_target"]

MOST_NAMED = 1000
"""Devices that are named one by one; of more, a fleet or an expression says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTarget:
    """Exactly one of the three."""

    devices: tuple[UUID, ...] | None = None
    fleet: str | None = None
    """The devices of a fleet."""
    where: str | None = None
    """What the tags of the devices say."""


def require_target(target: JobTarget, *, is_continuous: bool = False) -> JobTarget:
    """The target itself. Raises TargetInvalid."""
    if sum(one is not None for one in (target.devices, target.fleet, target.where)) != 1:
        raise TargetInvalid(
            "A job is for devices, for a fleet, or for those that an expression means: exactly one of the three.",
            field="body.target",
        )
    if target.devices is not None and is_continuous:
        raise TargetInvalid(
            "A list of devices does not grow: only a fleet or an expression can be continuous.",
            field="body.target",
        )
    if target.devices is not None and len(target.devices) > MOST_NAMED:
        raise TargetInvalid(
            f"At most {MOST_NAMED} devices are named one by one.",
            hint="Give them a tag or a fleet.",
            field="body.target.devices",
        )
    return target
