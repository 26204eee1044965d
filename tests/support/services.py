"""Services over a test's connection, with a cheap password hash and a fixed pepper."""

from iotistic.database.pool import Connection
from iotistic.secret import Secret
from iotistic.security import PasswordHasher, Peppers, SecurityService
from iotistic.security.enrolment import EnrolmentService
from iotistic.security.keyring import KeyringService
from iotistic.security.sessions import SessionService, SessionTokens

__all__ = ["HASHER", "PEPPERS", "enrolment_service", "keyring_service", "security_service", "session_service"]

PEPPERS = Peppers.of(Secret("test pepper"))
HASHER = PasswordHasher(cost=4)


def security_service(connection: Connection, *, peppers: Peppers = PEPPERS) -> SecurityService:
    return SecurityService(connection, peppers=peppers, hasher=HASHER)


def keyring_service(connection: Connection, *, peppers: Peppers = PEPPERS) -> KeyringService:
    return KeyringService(connection, peppers=peppers)


def session_service(connection: Connection, *, peppers: Peppers = PEPPERS) -> SessionService:
    return SessionService(connection, tokens=SessionTokens(peppers))


def enrolment_service(connection: Connection) -> EnrolmentService:
    return EnrolmentService(connection, peppers=PEPPERS)
