"""Passwords as the server keeps them: SCRAM-SHA-256 verifiers (RFC 5802, section 3; RFC 7677), made on the client.

The form is SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, all binary parts in base64. Only this is ever sent, so that no clear
text is in a statement, and none in a log, in pg_stat_statements or in pg_stat_activity.
"""

import hashlib
import hmac
from base64 import b64decode

from psycopg import sql

from iotistic.database.errors import translated
from iotistic.database.identifiers import identifier
from iotistic.database.pool import Connection
from iotistic.secret import Secret

__all__ = ["set_password", "take_password", "verifier_matches"]


def verifier_matches(verifier: str | None, password: Secret) -> bool:
    """Whether a stored verifier belongs to `password`."""
    if verifier is None or not verifier.startswith("SCRAM-SHA-256$"):
        return False
    _, head, keys = verifier.split("$")
    iterations, salt = head.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.reveal().encode(), b64decode(salt), int(iterations))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), b64decode(keys.split(":")[0]))


async def set_password(connection: Connection, role: str, password: Secret) -> None:
    """The role signs in with this password from now on."""
    verifier = connection.pgconn.encrypt_password(
        password.reveal().encode(), role.encode(), b"scram-sha-256"
    ).decode()
    with translated():
        async with connection.transaction():
            await _say_nothing(connection)
            await connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(identifier(role), sql.Literal(verifier))
            )


async def _say_nothing(connection: Connection) -> None:
    """Keeps even the verifier out of log, statistics and the list of sessions: whoever has one may try passwords on it at home. Superusers alone may."""
    if connection.info.parameter_status("is_superuser") != "on":
        return
    await connection.execute(
        "SELECT set_config(name, value, true) FROM (VALUES ('log_statement', 'none'), ('log_min_duration_statement', '-1'),"
        " ('log_min_error_statement', 'panic'), ('pg_stat_statements.track', 'none'), ('track_activities', 'off')) AS quiet (name, value)"
    )


async def take_password(connection: Connection, role: str) -> None:
    """The role signs in by no password any more; sessions it has stay."""
    with translated():
        await connection.execute(sql.SQL("ALTER ROLE {} PASSWORD NULL").format(identifier(role)))
