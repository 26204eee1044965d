"""Rules and targets as JSON for the tables, and back. Pure."""

from typing import Any

import msgspec

from iotistic.jobs.rollout import RolloutPolicy
from iotistic.jobs.target import JobTarget

__all__ = ["policy_from_json", "policy_to_json", "target_from_json", "target_to_json"]


def policy_to_json(policy: RolloutPolicy) -> dict[str, Any]:
    """Durations as ISO 8601."""
    return _plain(policy)


def policy_from_json(value: object) -> RolloutPolicy:
    """What `policy_to_json` wrote."""
    return msgspec.convert(value, RolloutPolicy)


def target_to_json(target: JobTarget) -> dict[str, Any]:
    """Without what is not said."""
    return {name: value for name, value in _plain(target).items() if value is not None}


def target_from_json(value: object) -> JobTarget:
    """What `target_to_json` wrote."""
    return msgspec.convert(value, JobTarget)


def _plain(value: object) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
