"""The step from a connection to an encrypted one: asked for, or begun at once (sslnegotiation=direct, PostgreSQL 17 and newer).

https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
"""

import ssl
from typing import final

from iotistic.config import Endpoint
from iotistic.operations.reach.model import Problem, Step, Stopped, stopped
from iotistic.operations.reach.protocol import Conversation

__all__ = ["Encryption"]

_PROTOCOL = "postgresql"
"""What both sides have to name (ALPN) where TLS begins at once."""

_HAS_ENDED, _OTHER_NAME, _OTHER_ADDRESS = 10, 62, 64
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""

_MISSING = Problem(
    code="tls_missing",
    cause="The server has no certificate (ssl = off).",
    fix="Give it one; on a network that only the two share, DB_SSLMODE=disable.",
)
_FILE_MISSING = Problem(
    code="tls_file_missing",
    cause="There is nothing to check the server's certificate against, or our own is missing.",
    fix="DB_SSLROOTCERT=/path/ca.pem, or `system` for a public authority.",
)
_NO_DIRECT = Problem(
    code="tls_direct_refused",
    cause="sslnegotiation=direct begins TLS without asking; a server older than PostgreSQL 17, or without TLS, hangs up.",
    fix="Take sslnegotiation out of DATABASE_URL: TLS is asked for then, which every server understands.",
)
_DIRECT_IS_WEAK = Problem(
    code="tls_direct_weak",
    cause="sslnegotiation=direct has no way back to a connection in clear, so it wants at least sslmode=require.",
    fix="DB_SSLMODE=verify-full, or take sslnegotiation out of DATABASE_URL.",
)
_NO_PROTOCOL = Problem(
    code="not_postgres",
    cause="What speaks TLS on that port does not name PostgreSQL (ALPN): a web server, or a proxy that ends TLS itself.",
    fix="Correct DB_PORT, or take sslnegotiation out of DATABASE_URL.",
)
_ENDED = Problem(
    code="tls_expired",
    cause="The server's certificate has ended.",
    fix="Renew it (`iotistic certificates create` for one of ours), then SELECT pg_reload_conf(): no restart is needed.",
)
_UNTRUSTED = Problem(
    code="tls_untrusted",
    cause="The server's certificate is from an authority that is not trusted here, or is no certificate.",
    fix="DB_SSLROOTCERT=/path/ca.pem of its authority.",
)


@final
class Encryption:
    """How a connection to one host becomes an encrypted one."""

    def __init__(self, endpoint: Endpoint, host: str) -> None:
        self._endpoint = endpoint
        self._host = host
        self._is_direct = dict(endpoint.parameters).get("sslnegotiation") == "direct"

    async def begin(self, conversation: Conversation) -> Step:
        """Raises Stopped; NotPostgres, EOFError and OSError as the other side has it."""
        mode = self._endpoint.sslmode
        if self._is_direct:
            await self._begin_directly(conversation)
            return Step(name="encryption", observed=f"the connection is encrypted at once (sslmode={mode})")
        if await conversation.ask_for_tls():
            await self._start(conversation)
            return Step(name="encryption", observed=f"the connection is encrypted (sslmode={mode})")
        if mode in {"allow", "prefer"}:
            return Step(
                name="encryption", observed=f"the server offers no TLS, and sslmode={mode} goes on without"
            )
        raise stopped("encryption", f"the server offers no TLS, and sslmode={mode} asks for it", _MISSING)

    async def _begin_directly(self, conversation: Conversation) -> None:
        if self._endpoint.sslmode in {"allow", "prefer"}:
            raise stopped(
                "encryption", f"sslnegotiation=direct with sslmode={self._endpoint.sslmode}", _DIRECT_IS_WEAK
            )
        try:
            await self._start(conversation)
        except (EOFError, ConnectionError) as error:
            raise stopped("encryption", "the server hung up on TLS that began at once", _NO_DIRECT) from error
        if conversation.protocol() != _PROTOCOL:
            raise stopped("encryption", "the other side names no protocol of ours", _NO_PROTOCOL)

    async def _start(self, conversation: Conversation) -> None:
        try:
            await conversation.start_tls(self._context(), self._host)
        except FileNotFoundError as error:
            raise stopped("encryption", f"{error.filename} is not there", _FILE_MISSING) from error
        except ssl.SSLError as error:
            raise self._refused(error) from error

    def _refused(self, error: ssl.SSLError) -> Stopped:
        if self._is_direct and not isinstance(error, ssl.SSLCertVerificationError):
            return stopped("encryption", "the server hung up on TLS that began at once", _NO_DIRECT)
        said = str(getattr(error, "verify_message", "") or error.reason)
        return stopped("encryption", said, _untrusted(getattr(error, "verify_code", 0), self._host))

    def _context(self) -> ssl.SSLContext:
        mode, root = self._endpoint.sslmode, self._endpoint.sslrootcert
        context = ssl.create_default_context(
            cafile=None if root is None or str(root) == "system" else str(root)
        )
        context.check_hostname = mode == "verify-full"
        if mode not in {"verify-ca", "verify-full"}:
            context.verify_mode = ssl.CERT_NONE
        if self._endpoint.sslcert is not None:
            context.load_cert_chain(self._endpoint.sslcert, self._endpoint.sslkey)
        if self._is_direct:
            context.set_alpn_protocols([_PROTOCOL])
        return context


def _untrusted(verify_code: int, host: str) -> Problem:
    if verify_code in {_OTHER_NAME, _OTHER_ADDRESS}:
        return Problem(
            code="tls_wrong_name",
            cause=f"The server's certificate is for another name than {host}.",
            fix="Connect by the name in the certificate; do not lower the mode.",
        )
    return _ENDED if verify_code == _HAS_ENDED else _UNTRUSTED
