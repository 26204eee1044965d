"""The two tokens of a session: pure, no database here.

An access token is a JWT (RFC 9068) signed with Ed25519: it names its session, and is good for a quarter of an hour. A refresh token has
the form of a key (`iotistic.security.keys`); its secret is its number and a MAC over session, number and nonce. So each that was
ever given is told from one that was not, although none is stored, and an answer that got lost is made again.

Access tokens are signed with the keys of `iotistic.security.signing`: `kid` says which, and each has one algorithm, whatever the header
of a token claims. Refresh tokens are made with a key derived from the pepper, and rotate with it.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Final, final

import jwt

from iotistic.secret import Secret
from iotistic.security.keys import KeyKind, ParsedKey, Peppers, compose_key
from iotistic.security.signing import SigningKey

__all__ = ["ACCESS_LASTS", "AccessClaims", "SessionTokens"]

ACCESS_LASTS: Final = timedelta(minutes=15)
_TYPE: Final = "at+jwt"
_ISSUER: Final = "iotistic"
_NUMBER_OCTETS: Final = 4
_MAC_OCTETS: Final = 20
_LONGEST: Final = 2048
_KID: Final = re.compile(r"[a-z0-9]{1,40}")

AccessClaims = tuple[str, datetime]
"""The session that an access token is of, and when it ends."""


@final
class SessionTokens:
    """Makes and reads tokens under the peppers of an installation."""

    def __init__(self, peppers: Peppers) -> None:
        self._peppers = peppers
        self._refreshing = peppers.derive(b"iotistic refresh token, HMAC-SHA-256, v1")

    @property
    def pepper_version(self) -> int:
        """What new sessions are made under."""
        return self._peppers.current

    def access(
        self, session_id: str, *, key: SigningKey, now: datetime, ends: datetime
    ) -> tuple[Secret, datetime]:
        """A token of the session, and when it ends: with the session, if that is earlier."""
        expires = min(now + ACCESS_LASTS, ends)
        text = jwt.encode(
            {"iss": _ISSUER, "aud": _ISSUER, "sub": session_id, "iat": now, "exp": expires},
            key.private,
            algorithm=key.algorithm,
            headers={"kid": key.id, "typ": _TYPE},
        )
        return Secret(text), datetime.fromtimestamp(int(expires.timestamp()), UTC)

    def kid_of(self, text: Secret) -> str | None:
        """Which key a text says it is signed with, if it has the form of a token of ours. Nothing else of it is believed yet."""
        token = text.reveal()
        if len(token) > _LONGEST:
            return None
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, TypeError):
            return None
        kid = header.get("kid")
        return kid if header.get("typ") == _TYPE and isinstance(kid, str) and _KID.fullmatch(kid) else None

    def read_access(self, text: Secret, key: SigningKey) -> AccessClaims | None:
        """What a token says, if it is signed with this key; whether its time is over is not asked here. None: it is not."""
        try:
            claims = jwt.decode(
                text.reveal(),
                key.private.public_key(),
                algorithms=[key.algorithm],
                issuer=_ISSUER,
                audience=_ISSUER,
                # The database's clock judges `exp`, together with the session.
                options={"require": ["exp", "sub"], "verify_exp": False, "verify_iat": False},
            )
            return str(claims["sub"]), datetime.fromtimestamp(int(claims["exp"]), UTC)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            return None

    def refresh(
        self, session_id: str, *, nonce: bytes, generation: int, pepper_version: int
    ) -> Secret | None:
        """The refresh token of this number; None: the pepper is missing."""
        mac = self._mac(session_id, nonce, generation, pepper_version)
        if mac is None:
            return None
        secret = urlsafe_b64encode(generation.to_bytes(_NUMBER_OCTETS, "big") + mac).decode()
        return compose_key(ParsedKey(kind=KeyKind.REFRESH, key_id=session_id, secret=Secret(secret)))

    def generation_of(self, parsed: ParsedKey, *, nonce: bytes, pepper_version: int) -> int | None:
        """The number of a refresh token that was given for this session; None: it never was."""
        octets = urlsafe_b64decode(parsed.secret.reveal())
        number, shown = int.from_bytes(octets[:_NUMBER_OCTETS], "big"), octets[_NUMBER_OCTETS:]
        mac = self._mac(parsed.key_id, nonce, number, pepper_version)
        return number if mac is not None and hmac.compare_digest(mac, shown) else None

    def _mac(self, session_id: str, nonce: bytes, generation: int, pepper_version: int) -> bytes | None:
        key = self._refreshing.get(pepper_version)
        if key is None:
            return None
        message = b"%b:%d:%b" % (session_id.encode(), generation, nonce)
        return hmac.digest(key, message, "sha256")[:_MAC_OCTETS]
