"""Sessions of a process beside its pool: what listens, ingests or checks keys keeps one to itself."""

from dataclasses import dataclass
from typing import final

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.config import Settings
from iotistic.database.pool import Connection, connect
from iotistic.database.shared_lookup import PLANNED_ONCE

__all__ = ["DirectSessions"]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class DirectSessions:
    """Opens them on the platform database, in autocommit."""

    settings: Settings
    endpoints: Endpoints
    application_name: str

    async def open(self, purpose: str, role: str) -> Connection:
        """For listening and ingest, whose roles bound their statements."""
        return await connect(
            self.endpoints.of(role),
            self.settings.names.platform,
            application_name=f"{self.application_name}-{purpose}",
            autocommit=True,
        )

    async def for_key_check(self) -> Connection:
        """Bounded as the pool's are, and planned once."""
        return await connect(
            self.endpoints.of("app"),
            self.settings.names.platform,
            application_name=f"{self.application_name}-key-check",
            autocommit=True,
            limits=self.settings.limits,
            session_settings=PLANNED_ONCE,
        )
