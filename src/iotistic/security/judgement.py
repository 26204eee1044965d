"""What speaks for and against a key, once it was looked up. Pure: no database here."""

from iotistic.secret import Secret
from iotistic.security.grants import grants_from
from iotistic.security.keys import KeyKind, ParsedKey, Peppers, parse_key
from iotistic.security.model import Principal, Refusal, StoredKey

__all__ = ["judge", "parse_bearer_key", "recognise"]


def parse_bearer_key(text: Secret) -> ParsedKey | None:
    """The parts of a key that lets its bearer in; None for claim keys and refresh tokens, which do not, and for what is no key."""
    parsed = parse_key(text.reveal())
    return None if parsed is None or parsed.kind in {KeyKind.CLAIM, KeyKind.REFRESH} else parsed


def recognise(parsed: ParsedKey, stored: StoredKey | None, peppers: Peppers) -> StoredKey | Refusal:
    """The key that was looked up, if the secret of the one presented is right."""
    if stored is None:
        return Refusal(reason="unknown")
    match peppers.matches(parsed, stored.secret_hash, stored.pepper_version):
        case None:
            return Refusal(reason="pepper_missing")
        case False:
            return Refusal(reason="wrong_secret")
        case True:
            return stored


def judge(stored: StoredKey, *, pepper: int) -> Principal | Refusal:
    """What a key whose secret is right opened when it was looked up: fails closed on anything that speaks against it.

    `pepper` is the version that hashes are to be made under.
    """
    now = stored.seen_at
    if stored.revoked_at is not None:
        return Refusal(reason="revoked")
    if stored.expires_at is not None and stored.expires_at <= now:
        return Refusal(reason="expired")
    if stored.retires_at is not None and stored.retires_at <= now:
        return Refusal(reason="replaced")
    if stored.device_retired_at is not None:
        return Refusal(reason="retired_device")
    if stored.user_id is not None and stored.user_is_active is not True:
        return Refusal(reason="inactive_user")
    return Principal(
        key_id=stored.key_id,
        device_uuid=stored.device_uuid,
        user_id=stored.user_id,
        username=stored.username,
        role=stored.role,
        grants=grants_from(stored.grants, stored.scopes),
        expires_at=stored.expires_at,
        retires_at=stored.retires_at,
        good_for=min((end - now for end in (stored.expires_at, stored.retires_at) if end), default=None),
        networks=tuple(stored.allowed_networks or ()),
        wants_note=stored.pepper_version != pepper
        or (stored.replaces is not None and stored.first_used_at is None),
    )
