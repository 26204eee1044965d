"""Signing in at one server many times with one password, stretched once.

SCRAM stretches a password with 4096 rounds of HMAC at every sign-in: 6 ms of CPU in libpq, three quarters of what a connection
costs its client. The result depends on nothing but password, salt and rounds, which are a role's for all databases of its server.
libpq takes it since version 18 as `scram_client_key` and `scram_server_key` (RFC 5802, section 3).
"""

import asyncio
import hashlib
import hmac
import secrets
import struct
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Final

from psycopg import pq

from iotistic.config import Endpoint

__all__ = ["stretched_once"]

_SINCE: Final = 180000
_VERSION: Final = 196608
_SASL, _SASL_CONTINUE = 10, 11
_WITHOUT_TLS: Final = {"disable", "allow", "prefer"}
_PATIENCE: Final = 5.0
_SHORTEST, _LONGEST = 8, 1 << 16
_MOST_ROUNDS: Final = 1_000_000


async def stretched_once(endpoint: Endpoint, database: str) -> Endpoint | None:
    """The endpoint with its password stretched; None where that cannot be done: another way of signing in, TLS demanded, an old libpq.

    Begins to sign in once, up to the server's salt. The keys are as secret as the password, and worth nothing once it is changed:
    then sign in by `endpoint` itself.
    """
    password = endpoint.password.reveal() if endpoint.password else ""
    host, port = endpoint.hosts[0]
    plain = password.isascii() and password.isprintable()  # any other is normalised first (RFC 4013)
    if not (password and plain and len(endpoint.hosts) == 1 and endpoint.sslmode in _WITHOUT_TLS):
        return None
    if pq.version() < _SINCE or host.startswith("/"):
        return None
    try:
        async with asyncio.timeout(_PATIENCE):
            salt, rounds = await _ask(host, port, endpoint.user, database)
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
        return None
    salted = await asyncio.to_thread(hashlib.pbkdf2_hmac, "sha256", password.encode(), salt, rounds)
    keys = (("scram_client_key", b"Client Key"), ("scram_server_key", b"Server Key"))
    parameters = [(name, b64encode(hmac.digest(salted, word, "sha256")).decode()) for name, word in keys]
    return replace(endpoint, parameters=(*endpoint.parameters, *parameters))


async def _ask(host: str, port: int, user: str, database: str) -> tuple[bytes, int]:
    """Salt and rounds of a role. Raises ValueError when the server wants something else than SCRAM."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        words = b"".join(word.encode() + b"\0" for word in ("user", user, "database", database)) + b"\0"
        writer.write(struct.pack("!ii", len(words) + 8, _VERSION) + words)
        if b"SCRAM-SHA-256" not in (await _answer(reader, _SASL)).split(b"\0"):
            raise ValueError("no SCRAM")
        nonce = secrets.token_urlsafe(18)
        first = f"n,,n=,r={nonce}".encode()
        body = b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first
        writer.write(b"p" + struct.pack("!i", len(body) + 4) + body)
        fields = dict(
            part.split("=", 1) for part in (await _answer(reader, _SASL_CONTINUE)).decode("ascii").split(",")
        )
    finally:
        writer.close()
    rounds = int(fields.get("i", "0"))
    if not (fields.get("r", "").startswith(nonce) and 0 < rounds <= _MOST_ROUNDS):
        raise ValueError("no answer to our question")
    return b64decode(fields.get("s", ""), validate=True), rounds


async def _answer(reader: asyncio.StreamReader, wanted: int) -> bytes:
    kind, length, code = struct.unpack("!cii", await reader.readexactly(9))
    if kind != b"R" or code != wanted or not _SHORTEST <= length <= _LONGEST:
        raise ValueError("another way of signing in")
    return await reader.readexactly(length - 8)
