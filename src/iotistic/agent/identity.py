"""Who this device is: the host's stable serial, and the key the server gave for it."""

import hashlib
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from iotistic.agent.state_folder import StateFolder, write_atomically
from iotistic.errors import Invalid, Unavailable
from iotistic.secret import Secret

__all__ = ["Identity", "find_identity", "host_serial", "is_loopback", "keep_identity", "same_server"]

_LABEL = b"iotistic.agent.host-serial.v1:"
_MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_MACHINE_ID_LENGTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A device as one server knows it."""

    device_uuid: str
    api_key: Secret
    server: str
    """The URL of the server that gave the key; it is shown to no other."""
    mqtt_password: Secret | None = None
    """Of its MQTT account; None: the server gave none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    device_uuid: str
    api_key: str
    server: str
    mqtt_password: str | None = None


def find_identity(folder: StateFolder) -> Identity | None:
    """The stored identity, or None before the first enrolment. Raises Unavailable or Invalid when it cannot be read."""
    try:
        stored = msgspec.json.decode(folder.identity.read_bytes(), type=_Stored)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(
            f"The device key in {folder.identity} cannot be read: {error.strerror}.",
            hint="Run the agent as the user it was first run as.",
            path=str(folder.identity),
        ) from error
    except msgspec.MsgspecError as error:
        # The decoder's own text would quote the file, so it is not passed on.
        raise Invalid(
            f"The file {folder.identity} is damaged.",
            hint="Delete it and start the agent with a claim key; an operator runs `iotistic devices allow-enrolment` first.",
            path=str(folder.identity),
        ) from error
    return Identity(
        device_uuid=stored.device_uuid,
        api_key=Secret(stored.api_key),
        server=stored.server,
        mqtt_password=None if stored.mqtt_password is None else Secret(stored.mqtt_password),
    )


def keep_identity(folder: StateFolder, identity: Identity) -> None:
    """Stores it, mode 0600, whole or not at all. Raises OSError."""
    stored = _Stored(
        device_uuid=identity.device_uuid,
        api_key=identity.api_key.reveal(),
        server=identity.server,
        mqtt_password=None if identity.mqtt_password is None else identity.mqtt_password.reveal(),
    )
    write_atomically(folder.identity, msgspec.json.encode(stored) + b"\n")


def host_serial(folder: StateFolder, machine_id_files: Sequence[Path] = _MACHINE_ID_FILES) -> str:
    """64 hexadecimal digits that stay the same for this installation of this host. Raises OSError.

    It is a hash, because machine-id(5) asks not to show the id itself to others. Hosts without one get a random serial, kept in
    the state folder.
    """
    for path in machine_id_files:
        machine_id = _machine_id(path)
        if machine_id is not None:
            return hashlib.sha256(_LABEL + machine_id).hexdigest()
    return _own_serial(folder)


def same_server(one: str, other: str) -> bool:
    """Whether a key given by one URL may be shown to the other.

    The same origin; and a server on this host stays the same one although it gets another port at each start.
    """
    if is_loopback(one) and is_loopback(other):
        return True
    return _origin(one) == _origin(other)


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this computer."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _machine_id(path: Path) -> bytes | None:
    try:
        text = path.read_text(encoding="ascii", errors="replace").strip().lower()
    except OSError:
        return None
    # An image that was never booted holds "uninitialized" or nothing; zeros are no id either.
    is_id = len(text) == _MACHINE_ID_LENGTH and set(text) <= set("0123456789abcdef") and set(text) != {"0"}
    return text.encode() if is_id else None


def _own_serial(folder: StateFolder) -> str:
    try:
        kept = folder.host_id.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        kept = ""
    if not kept:
        kept = secrets.token_hex(32)
        write_atomically(folder.host_id, kept.encode() + b"\n")
    return kept
