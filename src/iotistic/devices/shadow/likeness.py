"""When two JSON values are the same: to Python `True == 1`, to a device the two are not."""

from typing import Any

from iotistic.devices.shadow.document import is_array, is_object

__all__ = ["alike"]


def alike(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether the values are equal as JSON. 1 and 1.0 are one number; the order of members says nothing."""
    if is_object(one) and is_object(other):
        return one.keys() == other.keys() and all(alike(value, other[name]) for name, value in one.items())
    if is_array(one) and is_array(other):
        return len(one) == len(other) and all(map(alike, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
