"""What can be wrong about shadows."""

from iotistic.errors import Conflict, Denied, Invalid, NotFound, TooLarge

__all__ = [
    "DocumentInvalid",
    "DocumentTooLarge",
    "HalfNotYours",
    "ShadowFrozen",
    "VersionConflict",
    "VersionNotFound",
]


class DocumentInvalid(Invalid):
    """A document that no shadow can hold: too deep, or with a value that would not come back as it was."""

    code = "shadow_document_invalid"


class DocumentTooLarge(TooLarge):
    """A half of a shadow would be larger than it may be."""

    code = "shadow_too_large"


class HalfNotYours(Denied):
    """Devices report, people desire; neither writes for the other, and no device for another."""

    code = "shadow_half_not_yours"


class VersionConflict(Conflict):
    """The half is not at the version the writer built on; `current_version` says where it is."""

    code = "shadow_version_conflict"


class VersionNotFound(NotFound):
    """The half never had this version."""

    code = "shadow_version_not_found"


class ShadowFrozen(Conflict):
    """The device is retired; its shadow can be read and not written."""

    code = "shadow_frozen"
