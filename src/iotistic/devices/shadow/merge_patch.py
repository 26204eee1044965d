"""JSON Merge Patch, RFC 7396: members of the patch replace those of the target, null removes, arrays are replaced whole.

Pure. A document that came out of a merge has no null member (only inside arrays, which the RFC leaves as they are), and of two such
documents each can be reached from the other by a patch: `merged(old, patch_between(old, new)) == new`.
"""

from iotistic.devices.shadow.document import Document, is_object
from iotistic.devices.shadow.likeness import alike

__all__ = ["merged", "patch_between"]


def merged(target: Document, patch: Document) -> Document:
    """The target with the patch on it; neither of the two is changed."""
    result = dict(target)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif is_object(value):
            inner = result.get(name)
            # What is no object counts as an empty one, so the nulls inside of a new member vanish as well.
            result[name] = merged(inner if is_object(inner) else {}, value)
        else:
            result[name] = value
    return result


def patch_between(old: Document, new: Document) -> Document:
    """The smallest patch that makes `new` out of `old`; neither has a null member."""
    patch: Document = dict.fromkeys(old.keys() - new.keys())
    for name, value in new.items():
        before = old.get(name)
        if is_object(before) and is_object(value):
            inner = patch_between(before, value)
            if inner:
                patch[name] = inner
        elif name not in old or not alike(before, value):
            patch[name] = value
    return patch
