"""What of a shadow is shown where, and by which tag it is known. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from iotistic.devices.shadow import Half, Shadow, Versions

__all__ = ["DELTA", "HALVES", "WHOLE", "View", "whole_tag"]


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """What a route shows of a shadow."""

    topics: tuple[str, ...]
    """What wakes who waits for a change of it."""
    tag: Callable[[Versions], str]
    shown: Callable[[Shadow], object]


def whole_tag(versions: Versions) -> str:
    """Of a view of both halves: of a device in a fleet it changes with the fleet and its settings as well."""
    inherited = f".f{versions.fleet}.s{versions.settings}" if versions.fleet else ""
    return f"d{versions.desired}.r{versions.reported}{inherited}"


def _shown(shadow: Shadow) -> object:
    return {
        "device_uuid": shadow.device_uuid,
        "desired": shadow.desired,
        "reported": shadow.reported,
        "inherited": shadow.inherited,
        "delta": shadow.delta,
    }


def _delta(shadow: Shadow) -> object:
    versions = shadow.versions
    return {
        "desired_version": versions.desired,
        "reported_version": versions.reported,
        "settings_version": versions.settings,
        "delta": shadow.delta,
    }


WHOLE = View(topics=("desired", "reported", "fleet"), tag=whole_tag, shown=_shown)
DELTA = View(topics=WHOLE.topics, tag=WHOLE.tag, shown=_delta)
HALVES: dict[Half, View] = {
    "desired": View(
        topics=("desired",), tag=lambda versions: f"d{versions.desired}", shown=lambda shadow: shadow.desired
    ),
    "reported": View(
        topics=("reported",),
        tag=lambda versions: f"r{versions.reported}",
        shown=lambda shadow: shadow.reported,
    ),
}
