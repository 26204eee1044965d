"""The certificate a server shows to whoever asks for TLS; nobody signs in for that."""

import asyncio
import ssl
from datetime import timedelta

from iotistic.config import Endpoint
from iotistic.operations.access.certificates import CertificateFacts, read_certificate
from iotistic.operations.reach.protocol import Conversation, NotPostgres

__all__ = ["find_server_certificate"]

_PATIENCE = timedelta(seconds=5)


async def find_server_certificate(
    endpoint: Endpoint, *, patience: timedelta = _PATIENCE
) -> CertificateFacts | None:
    """Of the first host; None where it offers no TLS, is a socket, or does not answer. It is read, not trusted."""
    host, port = endpoint.hosts[0]
    if host.startswith("/"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # an expired one is to be shown, too
    try:
        async with asyncio.timeout(patience.total_seconds()):
            conversation = Conversation(*await asyncio.open_connection(host, port))
            try:
                if not await conversation.ask_for_tls():
                    return None
                await conversation.start_tls(context, host)
                shown = conversation.certificate()
            finally:
                await conversation.close()
    except (OSError, NotPostgres, asyncio.IncompleteReadError):  # TimeoutError and SSLError are OSErrors
        return None
    return None if shown is None else read_certificate(shown)
