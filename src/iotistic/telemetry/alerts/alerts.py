"""What people do with alerts: look, acknowledge, resolve."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.alerts.errors import AlertNotFound, AlertResolved
from iotistic.telemetry.alerts.model import Alert, AlertQuestion

__all__ = ["AlertService"]

_QUERIES: Final = Queries("iotistic.telemetry.alerts")
_LONGEST_PAGE: Final = 1_000
_MOST_FORGOTTEN: Final = 1_000
"""In one run."""


@final
class AlertService:
    """Alerts on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def list_alerts(
        self, question: AlertQuestion, *, before: int | None = None, limit: int = 100
    ) -> Sequence[Alert]:
        """The newest first, those before the number `before`, at most `limit` (up to 1,000)."""
        return await self._sql.many(
            "list_alerts",
            Alert,
            statuses=list(question.statuses),
            rule=question.rule,
            device_uuid=question.device_uuid,
            before=before,
            limit=min(limit, _LONGEST_PAGE),
        )

    async def get_alert(self, number: int) -> Alert:
        """One alert. Raises AlertNotFound."""
        found = await self._sql.one("find_alert", Alert, id=number)
        if found is None:
            raise AlertNotFound(
                f"There is no alert {number}.", hint="`iotistic alerts list` shows those that are open."
            )
        return found

    async def acknowledge(self, number: int, *, by: str, now: datetime) -> Alert:
        """Somebody has seen it; it stays open. Doing it again changes nothing. Raises AlertNotFound or AlertResolved."""
        await self._sql.run("acknowledge_alert", id=number, by=by, now=now)
        alert = await self.get_alert(number)
        if alert.status == "resolved":
            raise AlertResolved(
                f"The alert {number} was resolved at {alert.resolved_at:%Y-%m-%d %H:%M:%S} UTC."
            )
        return alert

    async def resolve(self, number: int, *, by: str, now: datetime) -> Alert:
        """It is over: lines that match from now on are counted anew. Doing it again changes nothing. Raises AlertNotFound."""
        await self._sql.run("resolve_alert", id=number, by=by, now=now)
        return await self.get_alert(number)

    async def forget_old(self, *, resolved_before: datetime, counted_before: datetime) -> int:
        """Forgets up to 1,000 alerts that were resolved before that moment, and up to as many lines that never were enough."""
        alerts = await self._sql.run("forget_alerts", moment=resolved_before, limit=_MOST_FORGOTTEN)
        counts = await self._sql.run("forget_counts", moment=counted_before, limit=_MOST_FORGOTTEN)
        return alerts + counts
