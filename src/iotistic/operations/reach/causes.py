"""What a refusal means and what to do: by SQLSTATE and by the point it came at, never by the text, which is translated."""

import errno

from iotistic.config import Endpoint
from iotistic.config.location import Advice, is_local
from iotistic.operations.reach.model import Problem, StepName
from iotistic.operations.reach.protocol import Refused

__all__ = ["explain_name", "explain_refusal", "explain_way"]

_NO_ROUTE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}


def explain_name(host: str, advice: Advice | None) -> Problem:
    """A name that nobody knows."""
    if advice is not None:
        return Problem(code="host_unknown", cause=advice.reason, fix=advice.suggestion)
    hint = " An `@` in a URL's password must be written %40." if "@" in host else ""
    return Problem(
        code="host_unknown",
        cause=f"No address is known for {host!r}.{hint}",
        fix="Correct DB_HOST, or look at the resolver of this machine (/etc/resolv.conf).",
    )


def explain_way(error: OSError | TimeoutError, host: str, port: int, advice: Advice | None) -> Problem:
    """Nobody answers at the address."""
    if isinstance(error, TimeoutError):
        return Problem(
            code="timeout",
            cause="The packets get no answer: a firewall, a security group or a NetworkPolicy drops them, or the server hangs.",
            fix="Try from the service's own network; allow TCP to this port from there.",
        )
    if error.errno in _NO_ROUTE:
        return Problem(
            code="no_route",
            cause="No way leads to that address: the wrong subnet, a VPN that is down, or a router or firewall that says no.",
            fix="Compare the address with the network of this machine (`ip route get ADDRESS`), or correct DB_HOST.",
        )
    if host.startswith("/"):
        return Problem(
            code="socket_missing",
            cause=f"No server listens on a socket in {host}.",
            fix="Start it, or give a host name in DB_HOST and its port in DB_PORT.",
        )
    if advice is not None and is_local(host):
        return Problem(code="refused", cause=advice.reason, fix=advice.suggestion)
    return Problem(
        code="refused",
        cause=f"Nothing listens on port {port}: not started, another port, or the first start of a container, when it listens "
        "on its socket only.",
        fix="`docker ps` and `docker logs iotistic-postgres`; the embedded server: `iotistic up`.",
    )


def explain_refusal(refused: Refused, endpoint: Endpoint, database: str) -> tuple[StepName, Problem]:
    """Which step the server stopped at, and why."""
    step, cause, fix = _CAUSES.get(refused.sqlstate) or _by_class(refused)
    if refused.sqlstate == "28000":
        step, cause, fix = _authorization(refused, endpoint, database)
    words = {"user": endpoint.user, "database": database, "message": refused.message}
    return step, Problem(code=refused.sqlstate, cause=_filled(cause, words), fix=_filled(fix, words))


def _filled(text: str, words: dict[str, str]) -> str:
    # No str.format: names and messages may hold braces.
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return text


def _authorization(refused: Refused, endpoint: Endpoint, database: str) -> tuple[StepName, str, str]:
    if refused.admitted or refused.routine == "InitializeSessionUserId":
        return (
            "password",
            "The role {user} is not permitted to log in: it is a group, or was switched off.",
            "Use the login role meant for this service (`iotistic db url --role app`), or ALTER ROLE {user} LOGIN.",
        )
    secure = "hostssl" if not is_local(endpoint.hosts[0][0]) else "host"
    line = f"{secure}  {database}  {endpoint.user}  <your network>  scram-sha-256"
    bare = endpoint.sslmode == "disable" and not endpoint.hosts[0][0].startswith("/")
    first = (
        "Come with TLS, which such lines often ask for: DB_SSLMODE=verify-full. Else add" if bare else "Add"
    )
    return (
        "rules",
        "pg_hba.conf has no line that lets {user} into {database} from here, or a line that rejects it: {message}",
        (
            f"{first} the narrowest line that does, above the rejecting ones, then SELECT pg_reload_conf(): {line}. "
            "`iotistic db hba check` shows the lines in their order."
        ),
    )


_Cause = tuple[StepName, str, str]

_CAUSES: dict[str, _Cause] = {
    "28P01": (
        "password",
        (
            "The server refused the password. It says the same for a wrong password, an unknown role, a role without a password, "
            "and one past its VALID UNTIL."
        ),
        (
            "Compare DB_PASSWORD with what the role has; from the server's own machine: SELECT rolname, rolcanlogin, rolvaliduntil, "
            "rolpassword IS NOT NULL FROM pg_authid WHERE rolname = '{user}'. POSTGRES_PASSWORD counts at a volume's first start only."
        ),
    ),
    "3D000": (
        "database",
        "There is no database {database} on this server.",
        "Correct DB_NAME, or make it: services and `iotistic migrate` create what is missing where they may.",
    ),
    "42501": (
        "database",
        "The role {user} has no right to connect to {database}.",
        "As its owner: GRANT CONNECT ON DATABASE {database} TO {user};",
    ),
    "55000": (
        "database",
        "The database {database} takes no connections: a restore that puts another in its place, or somebody closed it.",
        "Wait for the restore, if one runs (`iotistic status`); else, as its owner: ALTER DATABASE {database} ALLOW_CONNECTIONS true;",
    ),
    "53300": (
        "database",
        "No connection is left, of the server, of the database or of the role {user}: {message}",
        (
            "Lower IOTISTIC_POOL_MAX or the number of replicas, or put a pooler in front; `iotistic doctor --check connections` tells "
            "who has most."
        ),
    ),
    "57P03": (
        "state",
        "The server starts, stops or recovers: {message}",
        "Wait: services do, and `/ready` says so. If it lasts, read the server's log.",
    ),
    "57P01": (
        "state",
        "The session was ended while it began, by an administrator or by a stop of the server: {message}",
        "Try again; pools reconnect by themselves. If it comes back, `iotistic db activity` and the server's log tell who ends sessions.",
    ),
    "0A000": ("rules", "The server does not speak this protocol: {message}", "Use PostgreSQL 15 to 18."),
}


def _by_class(refused: Refused) -> _Cause:
    step: StepName = "state" if refused.sqlstate.startswith(("57", "58", "53", "XX")) else "rules"
    return step, "The server refused: {message}", "Look SQLSTATE and message up in the server's log."
