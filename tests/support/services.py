"""Services over a test's connection, with a cheap password hash and a fixed pepper."""

from iotistic.database.pool import Connection
from iotistic.sealing import SealingKeys
from iotistic.secret import Secret
from iotistic.security import PasswordHasher, Peppers, SecurityService
from iotistic.security.enrolment import EnrolmentService
from iotistic.security.keyring import KeyringService
from iotistic.security.logins import LoginService
from iotistic.security.second_factor import SecondFactorService
from iotistic.security.sessions import SessionService, SessionTokens
from iotistic.security.signing import SigningService

__all__ = [
    "HASHER",
    "PEPPERS",
    "SEALING",
    "enrolment_service",
    "keyring_service",
    "login_service",
    "second_factor_service",
    "security_service",
    "session_service",
]

PEPPERS = Peppers.of(Secret("test pepper"))
HASHER = PasswordHasher(cost=4)
SEALING = SealingKeys.generate()


def security_service(connection: Connection, *, peppers: Peppers = PEPPERS) -> SecurityService:
    return SecurityService(connection, peppers=peppers, hasher=HASHER)


def keyring_service(connection: Connection, *, peppers: Peppers = PEPPERS) -> KeyringService:
    return KeyringService(connection, peppers=peppers)


def second_factor_service(
    connection: Connection, *, peppers: Peppers = PEPPERS, sealing: SealingKeys = SEALING
) -> SecondFactorService:
    return SecondFactorService(connection, sealing=sealing, peppers=peppers)


def login_service(connection: Connection) -> LoginService:
    return LoginService(
        connection, hasher=HASHER, peppers=PEPPERS, second_factors=second_factor_service(connection)
    )


def session_service(connection: Connection, *, peppers: Peppers = PEPPERS) -> SessionService:
    signing = SigningService(connection, sealing=SEALING)
    return SessionService(connection, tokens=SessionTokens(peppers), signing=signing)


def enrolment_service(connection: Connection) -> EnrolmentService:
    return EnrolmentService(connection, peppers=PEPPERS)
