"""What can be wrong about a question to the audit."""

from iotistic.errors import Invalid

__all__ = ["AuditFilterInvalid"]


class AuditFilterInvalid(Invalid):
    """A filter that no index serves."""

    code = "audit_filter_invalid"
