"""PostgreSQL's start-up conversation, spoken by ourselves, because no driver tells why it could not connect.

psycopg answers a failed connect with a text in the server's language and no SQLSTATE. The server sends one: in the field C of its
ErrorResponse. Messages: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP and
protocol-message-formats.html; SCRAM-SHA-256: RFC 5802 and RFC 7677, without channel binding.
"""

import asyncio
import hashlib
import hmac
import secrets
import ssl
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import final

from iotistic.secret import Secret

__all__ = ["Conversation", "Greeting", "NotPostgres", "PasswordMissing", "Refused", "Unsupported"]

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_VERSION = 196608
_OK, _CLEARTEXT, _MD5, _SASL, _SASL_CONTINUE, _SASL_FINAL = 0, 3, 5, 10, 11, 12
_SHORTEST, _LONGEST = 4, 1 << 20


class NotPostgres(Exception):
    """Something answers, and it is no PostgreSQL."""


class PasswordMissing(Exception):
    """The server asks for a password, and there is none to send."""


class Unsupported(Exception):
    """The server asks for a way of logging in that this conversation does not know."""


class Refused(Exception):
    """The server's ErrorResponse, by its fields: C the SQLSTATE, M the message, R the routine that raised it."""

    def __init__(self, fields: Mapping[str, str], *, asked: bool, admitted: bool) -> None:
        super().__init__(fields.get("M", ""))
        self.sqlstate = fields.get("C", "")
        self.message = fields.get("M", "")
        self.routine = fields.get("R", "")
        self.asked = asked
        """Whether a password was asked for before."""
        self.admitted = admitted
        """Whether the password was accepted before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What the server said once it let us in."""

    parameters: dict[str, str] = field(default_factory=dict[str, str])
    """Such as server_version, in_hot_standby."""


@final
class Conversation:
    """One connection to a server, from its first byte to its greeting."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask_for_tls(self) -> bool:
        """Whether the server offers TLS. Raises NotPostgres."""
        self._writer.write(_SSL_REQUEST)
        answer = await self._reader.read(1)
        if answer not in {b"S", b"N"}:
            raise NotPostgres(_seen(answer))
        return answer == b"S"

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Goes on encrypted. Raises ssl.SSLError, OSError."""
        await self._writer.start_tls(context, server_hostname=host)

    def certificate(self) -> bytes | None:
        """What the server showed, in DER; None before TLS."""
        tls: ssl.SSLObject | None = self._writer.get_extra_info("ssl_object")
        return None if tls is None else tls.getpeercert(binary_form=True)

    def protocol(self) -> str | None:
        """What both sides agreed to speak inside of TLS (ALPN); None when they named nothing."""
        tls: ssl.SSLObject | None = self._writer.get_extra_info("ssl_object")
        return None if tls is None else tls.selected_alpn_protocol()

    async def log_in(
        self,
        *,
        user: str,
        database: str,
        password: Secret | None,
        nonce: Callable[[], str] = secrets.token_urlsafe,
    ) -> Greeting:
        """Starts a session. Raises Refused, PasswordMissing, Unsupported, NotPostgres, EOFError."""
        words = {"user": user, "database": database, "application_name": "iotistic-probe"}
        body = b"".join(f"{key}\0{value}\0".encode() for key, value in words.items()) + b"\0"
        self._writer.write(struct.pack("!ii", 8 + len(body), _VERSION) + body)
        asked = admitted = False
        scram: _Scram | None = None
        parameters: dict[str, str] = {}
        while True:
            kind, content = await self._receive()
            if kind == b"E":
                raise Refused(_fields(content), asked=asked, admitted=admitted)
            if kind == b"S":
                name, value = content.rstrip(b"\0").decode("utf-8", "replace").split("\0", 1)
                parameters[name] = value
            elif kind == b"Z":
                self._send(b"X", b"")
                return Greeting(parameters=parameters)
            elif kind == b"R":
                (code,) = struct.unpack("!i", content[:4])
                if code == _OK:
                    admitted = True
                    continue
                asked = True
                if code == _SASL:
                    scram = _Scram(_known(password), nonce())
                self._answer(code, content[4:], user, _known(password), scram)

    async def close(self) -> None:
        """Hangs up, whatever the other side does."""
        self._writer.transport.abort()  # a polite end would wait for the other side
        # After a TLS handshake that was given up, asyncio never says that the connection is closed.
        with suppress(OSError):  # TimeoutError is one
            async with asyncio.timeout(1):
                await self._writer.wait_closed()

    def _answer(self, code: int, content: bytes, user: str, password: Secret, scram: "_Scram | None") -> None:
        if code == _CLEARTEXT:
            self._send(b"p", password.reveal().encode() + b"\0")
        elif code == _MD5:
            inner = hashlib.md5((password.reveal() + user).encode(), usedforsecurity=False).hexdigest()
            outer = hashlib.md5(inner.encode() + content, usedforsecurity=False).hexdigest()
            self._send(b"p", b"md5" + outer.encode() + b"\0")
        elif code == _SASL and scram is not None:
            if b"SCRAM-SHA-256" not in content.split(b"\0"):
                raise Unsupported("SASL without SCRAM-SHA-256")
            first = scram.first()
            self._send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first)
        elif code == _SASL_CONTINUE and scram is not None:
            self._send(b"p", scram.final(content))
        elif code != _SASL_FINAL:
            raise Unsupported(f"method {code}")

    def _send(self, kind: bytes, content: bytes) -> None:
        self._writer.write(kind + struct.pack("!i", 4 + len(content)) + content)

    async def _receive(self) -> tuple[bytes, bytes]:
        head = await self._reader.readexactly(5)
        kind, length = head[:1], struct.unpack("!i", head[1:])[0]
        if kind not in b"RSKZENv" or not _SHORTEST <= length <= _LONGEST:
            raise NotPostgres(_seen(head))
        return kind, await self._reader.readexactly(length - 4)


@final
class _Scram:
    """The client's side of SCRAM-SHA-256."""

    def __init__(self, password: Secret, nonce: str) -> None:
        self._password = password
        self._bare = f"n=,r={nonce}"  # the name stands in the start-up message

    def first(self) -> bytes:
        return f"n,,{self._bare}".encode()

    def final(self, server_first: bytes) -> bytes:
        said = dict(part.split("=", 1) for part in server_first.decode().split(","))
        salted = hashlib.pbkdf2_hmac(
            "sha256", self._password.reveal().encode(), b64decode(said["s"]), int(said["i"])
        )
        without_proof = f"c=biws,r={said['r']}"
        signed = f"{self._bare},{server_first.decode()},{without_proof}".encode()
        key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        return f"{without_proof},p={b64encode(proof).decode()}".encode()


def _known(password: Secret | None) -> Secret:
    if password is None:
        raise PasswordMissing
    return password


def _fields(content: bytes) -> dict[str, str]:
    parts = [part.decode("utf-8", "replace") for part in content.split(b"\0") if part]
    return {part[0]: part[1:] for part in parts}


def _seen(data: bytes) -> str:
    return "it closed the connection" if not data else f"it began with {data!r}"
