"""Keys, reports and rotations as rows, sentences and fields."""

import sys
from dataclasses import asdict
from datetime import datetime
from typing import Any

from iotistic.cli.output import narrate, print_json
from iotistic.security import IssuedKey
from iotistic.security.keyring import Key, KeyReport, KeyRotation

__all__ = ["COLUMNS", "hand_out", "moment", "plain", "report_lines", "rotation_row", "row"]

COLUMNS = ["key_id", "state", "of", "label", "scopes", "last_used_at", "ends_at", "created_at"]


def hand_out(issued: IssuedKey, *, as_json: bool) -> None:
    """Shows a new key: alone on stdout, since nobody can ask for it again."""
    if as_json:
        print_json({"key_id": issued.key_id, "key": issued.text.reveal()})
        return
    narrate("The key, shown this once:")
    sys.stdout.write(issued.text.reveal() + "\n")


def plain(key: Key) -> dict[str, Any]:
    """As fields."""
    fields = asdict(key)
    fields["allowed_networks"] = (
        None if key.allowed_networks is None else [str(n) for n in key.allowed_networks]
    )
    fields["last_used_from"] = (
        None if key.last_used_from is None else str(key.last_used_from).partition("/")[0]
    )
    return fields


def row(key: Key) -> dict[str, Any]:
    """For a table: whose it is, and its earliest end."""
    return {
        **plain(key),
        "of": key.device_name or key.username,
        "scopes": "all" if key.scopes is None and key.username else ", ".join(key.scopes or ()),
        "ends_at": min((end for end in (key.retires_at, key.expires_at) if end), default=None),
    }


def rotation_row(rotation: KeyRotation) -> dict[str, Any]:
    """As fields, the grace in seconds."""
    return asdict(rotation) | {"grace": rotation.grace.total_seconds()}


def report_lines(found: KeyReport) -> list[str]:
    """A sentence for each thing there is to know."""
    seen = (
        f"oldest seen at {moment(found.oldest_seen_at)}" if found.oldest_seen_at else "none of them seen yet"
    )
    lines = [
        f"{found.on_old_key} of {found.devices} devices are still on the old key, {seen}."
        if found.on_old_key
        else f"No device of {found.devices} is on an old key."
    ]
    if found.next_end_at is not None:
        lines.append(f"The next grace ends at {moment(found.next_end_at)}.")
    if found.never_seen:
        lines.append(f"{found.never_seen} of them never used a key.")
    if found.past_grace:
        lines.append(f"{found.past_grace} are past their grace: they can only fetch their next key.")
    if found.lost:
        lines.append(
            f"{found.lost} are too late for that: `iotistic devices allow-enrolment` lets them in again."
        )
    if found.on_old_pepper:
        lines.append(
            f"{found.on_old_pepper} keys are hashed under an older pepper, until they are next used."
        )
    return lines


def moment(when: datetime) -> str:
    """To the second."""
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"
