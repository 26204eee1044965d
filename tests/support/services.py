"""Services over a test's connection, with a cheap password hash and a fixed pepper."""

from iotistic.clock import Clock, system_clock
from iotistic.database.pool import Connection
from iotistic.secret import Secret
from iotistic.security import PasswordHasher, Peppers, SecurityService

__all__ = ["HASHER", "PEPPERS", "security_service"]

PEPPERS = Peppers.of(Secret("test pepper"))
HASHER = PasswordHasher(cost=4)


def security_service(connection: Connection, *, clock: Clock = system_clock) -> SecurityService:
    return SecurityService(connection, peppers=PEPPERS, hasher=HASHER, clock=clock)
