"""Tokens of sessions: ours are read, and nothing that only looks like one of ours."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from iotistic.secret import Secret
from iotistic.security.keys import Peppers, parse_key
from iotistic.security.sessions import ACCESS_LASTS, SessionTokens
from iotistic.security.sessions.tokens import AccessClaims
from iotistic.security.signing import SigningKey

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
TOKENS = SessionTokens(Peppers({1: Secret("old"), 2: Secret("new")}, current=2))
CLAIMS = {"iss": "iotistic", "aud": "iotistic", "sub": "s", "iat": NOW, "exp": NOW + ACCESS_LASTS}
HEADER = {"kid": "k2", "typ": "at+jwt"}
OWN = Ed25519PrivateKey.generate()
KEYS = {
    "k1": SigningKey(id="k1", algorithm="EdDSA", private=Ed25519PrivateKey.generate()),
    "k2": SigningKey(id="k2", algorithm="EdDSA", private=OWN),
}
RAW = OWN.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def read(text: Secret) -> AccessClaims | None:
    """As a session does it: the key that the token names, if there is one."""
    key = KEYS.get(TOKENS.kid_of(text) or "")
    return None if key is None else TOKENS.read_access(text, key)


def test_a_token_names_its_session_and_its_end() -> None:
    text, ends = TOKENS.access("s", key=KEYS["k2"], now=NOW, ends=LATER)
    assert ends == NOW + ACCESS_LASTS
    assert read(text) == ("s", ends)


def test_no_token_outlasts_its_session() -> None:
    _, ends = TOKENS.access("s", key=KEYS["k2"], now=NOW, ends=NOW + timedelta(minutes=1))
    assert ends == NOW + timedelta(minutes=1)


def test_a_token_of_an_older_key_is_read_and_one_of_another_installation_is_not() -> None:
    old, _ = TOKENS.access("s", key=KEYS["k1"], now=NOW, ends=LATER)
    assert read(old) is not None
    strange = SigningKey(id="k3", algorithm="EdDSA", private=OWN)
    text, _ = TOKENS.access("s", key=strange, now=NOW, ends=LATER)
    assert read(text) is None


def unsigned(header: dict[str, object]) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = CLAIMS | {"iat": 0, "exp": 4_000_000_000}
    return f"{part(header)}.{part(claims)}."


@pytest.mark.parametrize(
    "forged",
    [
        jwt.encode(CLAIMS, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=HEADER),
        # The public key is public: whoever takes it for a shared one accepts what anybody signs.
        jwt.encode(CLAIMS, RAW, algorithm="HS256", headers=HEADER),
        unsigned({**HEADER, "alg": "none"}),
        unsigned({**HEADER, "alg": "EdDSA"}),
        jwt.encode(CLAIMS, OWN, algorithm="EdDSA", headers={**HEADER, "kid": "k1"}),
        jwt.encode(CLAIMS, OWN, algorithm="EdDSA", headers={**HEADER, "kid": "k3"}),
        jwt.encode(CLAIMS, OWN, algorithm="EdDSA", headers={**HEADER, "kid": "../k2"}),
        jwt.encode(CLAIMS, OWN, algorithm="EdDSA", headers={**HEADER, "typ": "JWT"}),
        jwt.encode(CLAIMS, OWN, algorithm="EdDSA", headers={"typ": "at+jwt"}),
        jwt.encode(CLAIMS | {"iss": "else"}, OWN, algorithm="EdDSA", headers=HEADER),
        jwt.encode(CLAIMS | {"aud": "else"}, OWN, algorithm="EdDSA", headers=HEADER),
        jwt.encode({k: v for k, v in CLAIMS.items() if k != "exp"}, OWN, algorithm="EdDSA", headers=HEADER),
        jwt.encode({k: v for k, v in CLAIMS.items() if k != "sub"}, OWN, algorithm="EdDSA", headers=HEADER),
        jwt.encode(CLAIMS | {"exp": 10**30}, OWN, algorithm="EdDSA", headers=HEADER),
        jwt.encode(CLAIMS | {"sub": "s" * 4000}, OWN, algorithm="EdDSA", headers=HEADER),
        jwt.encode(CLAIMS, OWN, algorithm="EdDSA", headers={**HEADER, "crit": ["x"], "x": 1}),
        "eyJ",
        "eyJ.eyJ.eyJ",
        "",
    ],
)
def test_what_is_not_ours_is_not_read(forged: str) -> None:
    assert read(Secret(forged)) is None


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    assert read(Secret(f"eyJ{text}")) is None


def test_a_refresh_token_tells_its_number_and_is_of_one_session() -> None:
    nonce = bytes(16)
    text = TOKENS.refresh("abcdefghijkm", nonce=nonce, generation=7, pepper_version=2)
    assert text is not None
    parsed = parse_key(text.reveal())
    assert parsed is not None
    assert TOKENS.generation_of(parsed, nonce=nonce, pepper_version=2) == 7
    assert TOKENS.generation_of(parsed, nonce=bytes(15) + b"x", pepper_version=2) is None
    assert TOKENS.generation_of(parsed, nonce=nonce, pepper_version=1) is None
    assert TOKENS.generation_of(parsed, nonce=nonce, pepper_version=3) is None
    assert TOKENS.refresh("abcdefghijkm", nonce=nonce, generation=7, pepper_version=3) is None


def test_the_next_number_cannot_be_made_of_the_one_before() -> None:
    made = [
        TOKENS.refresh("abcdefghijkm", nonce=bytes(16), generation=number, pepper_version=2)
        for number in (1, 2)
    ]
    parsed = [parse_key(text.reveal()) for text in made if text is not None]
    first, second = (base64.urlsafe_b64decode(p.secret.reveal()) for p in parsed if p is not None)
    assert first[:4] != second[:4]
    assert first[4:] != second[4:]
