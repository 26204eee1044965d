"""An enrolment that is under way: kept on disk before it is proved, so that a crash in between does not lock the device out."""

import contextlib
import hmac
from dataclasses import dataclass

import msgspec

from iotistic.agent.identity import same_server
from iotistic.agent.state_folder import StateFolder, write_atomically
from iotistic.secret import Secret

__all__ = ["Pending", "answer_to", "find_pending", "forget_pending", "keep_pending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A key that a server gave, and what it asks to be answered with it."""

    enrolment_id: str
    api_key: Secret
    mqtt_password: Secret | None = None
    challenge: str
    server: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    enrolment_id: str
    api_key: str
    challenge: str
    server: str
    mqtt_password: str | None = None


def answer_to(challenge: str, key: Secret) -> str:
    """HMAC-SHA-256 (RFC 2104) of the challenge under the whole text of the key, as 64 lower-case hexadecimal digits."""
    return hmac.new(key.reveal().encode(), challenge.encode(), "sha256").hexdigest()


def find_pending(folder: StateFolder, server: str) -> Pending | None:
    """The enrolment under way at this server; None where there is none, or none that can be read: claiming again is harmless."""
    try:
        stored = msgspec.json.decode(folder.pending.read_bytes(), type=_Stored)
    except (OSError, msgspec.MsgspecError):
        return None
    if not same_server(stored.server, server):
        return None
    return Pending(
        enrolment_id=stored.enrolment_id,
        api_key=Secret(stored.api_key),
        mqtt_password=None if stored.mqtt_password is None else Secret(stored.mqtt_password),
        challenge=stored.challenge,
        server=stored.server,
    )


def keep_pending(folder: StateFolder, pending: Pending) -> None:
    """Stores it, mode 0600, whole or not at all. Raises OSError."""
    stored = _Stored(
        enrolment_id=pending.enrolment_id,
        api_key=pending.api_key.reveal(),
        mqtt_password=None if pending.mqtt_password is None else pending.mqtt_password.reveal(),
        challenge=pending.challenge,
        server=pending.server,
    )
    write_atomically(folder.pending, msgspec.json.encode(stored) + b"\n")


def forget_pending(folder: StateFolder) -> None:
    """Takes the file away, if there is one."""
    with contextlib.suppress(OSError):
        folder.pending.unlink(missing_ok=True)
