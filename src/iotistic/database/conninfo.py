"""From an endpoint and a database name to what libpq connects with, and to a URL people can paste."""

from datetime import timedelta
from urllib.parse import quote, urlencode

from psycopg.conninfo import make_conninfo

from iotistic.config import Endpoint, SessionLimits

__all__ = ["conninfo", "milliseconds", "url"]

# A dead peer is noticed in about 10 + 3 x 5 s instead of the kernel's two hours; an unacknowledged write in 30 s.
_KEEPALIVE: dict[str, str | int] = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "connect_timeout": 10,
}


def milliseconds(duration: timedelta) -> int:
    """Whole milliseconds, the unit of PostgreSQL's timeouts; 0 switches one off."""
    return round(duration / timedelta(milliseconds=1))


def conninfo(
    endpoint: Endpoint,
    database: str,
    *,
    application_name: str,
    limits: SessionLimits | None = None,
    read_write: bool = True,
    settings: dict[str, str] | None = None,
) -> str:
    """A libpq connection string.

    `limits` become session settings, so that no statement on any connection runs unbounded. With several hosts and
    `read_write`, libpq goes on to the next until one accepts writes. `settings` are further session settings by name.
    The result holds the password: it is for libpq, never for a log.
    """
    session = dict(settings or {})
    if limits is not None:
        session["statement_timeout"] = str(milliseconds(limits.statement_timeout))
        session["lock_timeout"] = str(milliseconds(limits.lock_timeout))
        session["idle_in_transaction_session_timeout"] = str(milliseconds(limits.idle_in_transaction_timeout))
    parameters: dict[str, str | int | None] = {
        **_KEEPALIVE,
        **dict(endpoint.parameters),
        "host": ",".join(host for host, _ in endpoint.hosts),
        "port": ",".join(str(port) for _, port in endpoint.hosts),
        "user": endpoint.user,
        "password": endpoint.password.reveal() if endpoint.password else None,
        "dbname": database,
        "application_name": application_name[:63],  # NAMEDATALEN - 1: the server cuts the rest
        "sslmode": endpoint.sslmode,
        "sslrootcert": str(endpoint.sslrootcert) if endpoint.sslrootcert else None,
        "sslcert": str(endpoint.sslcert) if endpoint.sslcert else None,
        "sslkey": str(endpoint.sslkey) if endpoint.sslkey else None,
        "target_session_attrs": "read-write" if read_write and len(endpoint.hosts) > 1 else None,
        "options": " ".join(f"-c {name}={_escaped(value)}" for name, value in session.items()) or None,
    }
    return make_conninfo("", **{name: value for name, value in parameters.items() if value is not None})


def url(endpoint: Endpoint, database: str) -> str:
    """A `postgresql://` URL with the password in it, for psql and other tools. Print it only when asked to."""
    user = quote(endpoint.user, safe="")
    password = f":{quote(endpoint.password.reveal(), safe='')}" if endpoint.password else ""
    hosts = ",".join(f"{_url_host(host)}:{port}" for host, port in endpoint.hosts)
    query = {
        "sslmode": endpoint.sslmode if endpoint.sslmode != "prefer" else None,
        "sslrootcert": endpoint.sslrootcert,
        "sslcert": endpoint.sslcert,
        "sslkey": endpoint.sslkey,
    }
    given = {name: str(value) for name, value in query.items() if value is not None}
    tail = urlencode({**given, **dict(endpoint.parameters)})
    return f"postgresql://{user}{password}@{hosts}/{quote(database, safe='')}{'?' + tail if tail else ''}"


def _url_host(host: str) -> str:
    if host.startswith("/"):
        return quote(host, safe="")  # a socket folder
    return f"[{host}]" if ":" in host else host


def _escaped(value: str) -> str:
    # In `options` a backslash takes the next character literally, and a space ends the option.
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
