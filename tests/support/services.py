"""Services over a test's connection, with a cheap password hash and a fixed pepper."""

from iotistic.clock import Clock, system_clock
from iotistic.database.pool import Connection
from iotistic.secret import Secret
from iotistic.security import PasswordHasher, Peppers, SecurityService
from iotistic.security.enrolment import EnrolmentService

__all__ = ["HASHER", "PEPPERS", "enrolment_service", "security_service"]

PEPPERS = Peppers.of(Secret("test pepper"))
HASHER = PasswordHasher(cost=4)


def security_service(connection: Connection, *, clock: Clock = system_clock) -> SecurityService:
    return SecurityService(connection, peppers=PEPPERS, hasher=HASHER, clock=clock)


def enrolment_service(connection: Connection) -> EnrolmentService:
    return EnrolmentService(connection, peppers=PEPPERS)
