"""Who changed what of everything that decides who comes in and what devices do: `audit_log`."""

from iotistic.audit.errors import AuditFilterInvalid
from iotistic.audit.model import AuditEntry, AuditFilter
from iotistic.audit.refusals import RefusalBook, Refused
from iotistic.audit.service import AuditService

__all__ = ["AuditEntry", "AuditFilter", "AuditFilterInvalid", "AuditService", "RefusalBook", "Refused"]
