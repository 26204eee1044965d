"""What a write makes of a half: decided here without a database, so that its laws can be tested. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from iotistic.devices.shadow.document import Document
from iotistic.devices.shadow.errors import VersionConflict
from iotistic.devices.shadow.likeness import alike
from iotistic.devices.shadow.limits import sized
from iotistic.devices.shadow.merge_patch import merged
from iotistic.devices.shadow.model import Cause, State

__all__ = ["Edit", "apply_edit", "require_version"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One write, as it was asked for."""

    cause: Cause
    content: Mapping[str, Any]
    """The patch, the whole new document, or the document of the version to go back to."""
    restored_version: int | None = None


def apply_edit(present: State, edit: Edit) -> Document | None:
    """The document of the next version, or None when the edit changes nothing. Raises DocumentTooLarge.

    A document put in place of another loses its null members, as if it were a patch on nothing: none could be taken out later.
    """
    base = dict(present.document) if edit.cause == "patch" else {}
    document = merged(base, dict(edit.content))
    return None if alike(document, dict(present.document)) else sized(document)


def require_version(present: State, expected: Collection[int] | None) -> None:
    """Raises VersionConflict unless the half is at one of the versions expected; None expects nothing."""
    if expected is not None and present.version not in expected:
        raise VersionConflict(
            f"The half is at version {present.version} now.",
            hint="Read it again, look at what has changed, and repeat the change on that version.",
            current_version=present.version,
        )
