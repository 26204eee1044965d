"""What a device has still to do: the leaves desired of it, or inherited, that it does not report, or reports otherwise.

As in the device shadow of AWS IoT: what only the device reports is no part of the delta, and an array is one leaf. Pure.
"""

from iotistic.devices.shadow.document import Document, is_object
from iotistic.devices.shadow.likeness import alike

__all__ = ["delta_of"]


def delta_of(desired: Document, reported: Document) -> Document:
    """The part of `desired` that differs from `reported` or is absent there. Merged into `reported`, it leaves no delta."""
    delta: Document = {}
    for name, wanted in desired.items():
        present = reported.get(name)
        if is_object(wanted) and is_object(present):
            inner = delta_of(wanted, present)
            if inner:
                delta[name] = inner
        elif name not in reported or not alike(wanted, present):
            delta[name] = wanted
    return delta
