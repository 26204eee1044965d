"""What can be done with the audit: adding to it and reading it. Nobody changes or removes an entry."""

from collections.abc import Mapping, Sequence
from typing import Any, final
from uuid import UUID

from psycopg.types.json import Jsonb

from iotistic.audit.errors import AuditFilterInvalid
from iotistic.audit.model import AuditEntry, AuditFilter
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements

__all__ = ["AuditService"]

_QUERIES = Queries("iotistic.audit")
_EVERYTHING = AuditFilter()
_LONGEST_PAGE = 1000


@final
class AuditService:
    """`audit_log` on one connection; whoever opened the transaction commits it, and said who acts in it."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def record(
        self,
        action: str,
        resource: str,
        resource_id: object,
        *,
        device_uuid: UUID | None = None,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Adds an entry about what is no row of an audited table: those are written down by themselves.

        A Secret in `before` or `after` raises TypeError, since it is no JSON.
        """
        await self._sql.run(
            "record",
            action=action,
            resource=resource,
            resource_id=str(resource_id),
            device_uuid=device_uuid,
            before=None if before is None else Jsonb(dict(before)),
            after=None if after is None else Jsonb(dict(after)),
        )

    async def list_entries(
        self, which: AuditFilter = _EVERYTHING, *, before_id: int | None = None, limit: int = 100
    ) -> Sequence[AuditEntry]:
        """Entries, newest first, those before the entry `before_id`, at most `limit` (up to 1,000). Raises AuditFilterInvalid."""
        if which.resource_id is not None and which.resource is None:
            raise AuditFilterInvalid(
                "Which one is only known together with what.",
                hint="Give `resource` too.",
                field="query.resource_id",
            )
        return await self._sql.many(
            "list_entries",
            AuditEntry,
            before_id=before_id,
            actor=which.actor,
            action=which.action,
            resource=which.resource,
            resource_id=which.resource_id,
            device_uuid=which.device_uuid,
            request_id=which.request_id,
            since=which.start,
            until=which.end,
            limit=min(limit, _LONGEST_PAGE),
        )
