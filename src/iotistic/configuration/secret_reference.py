"""Where a secret lies, in place of the secret: `env:NAME` or `file:/path`; or the secret sealed. Never the secret in clear.

Everybody who may read settings, their history or a backup would have the secret otherwise, for as long as the backup lives.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from iotistic.errors import Unavailable
from iotistic.sealing import SealingKeys, is_sealed
from iotistic.secret import Secret

__all__ = ["SecretMissing", "find_secrets_in_clear", "is_secret_reference", "place_of", "reveal_reference"]

_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]{0,199}|file:/[^\x00]{1,1000}")
_SECRET_NAME = re.compile(
    r"pass(word|phrase|wd)?$|secret|token$|private_?key|client_?key|api_?key|credential", re.IGNORECASE
)


class SecretMissing(Unavailable):
    """The secret is not where the setting says."""

    code = "secret_missing"


def is_secret_reference(text: str) -> bool:
    """Whether it says where a secret lies, or is a sealed one."""
    return _REFERENCE.fullmatch(text) is not None or is_sealed(text)


def place_of(key: str, member: str) -> str:
    """What a secret in a setting is sealed about: it opens nowhere else."""
    return f"system_config {key} {member}"


def reveal_reference(
    reference: str, environment: Mapping[str, str], *, sealing: SealingKeys | None = None, about: str = ""
) -> Secret:
    """The secret itself; a sealed one needs keys and the place it was sealed for (`place_of`).

    Raises SecretMissing, which says where it was looked for, SealBroken or SealingKeyUnknown.
    """
    if sealing is not None and is_sealed(reference):
        return sealing.open(reference, about=about)
    kind, _, place = reference.partition(":")
    try:
        text = environment[place] if kind == "env" else Path(place).read_text(encoding="utf-8").strip()
    except (KeyError, OSError, UnicodeDecodeError) as error:
        raise SecretMissing(
            f"There is no secret at {reference}.", hint="Set the variable or make the file readable."
        ) from error
    return Secret(text)


def find_secrets_in_clear(value: object, place: str = "$") -> list[str]:
    """The paths of members that are called like a secret and are no reference, and of private keys, wherever they stand."""
    if isinstance(value, dict):
        members = cast("Mapping[str, Any]", value).items()
        return [found for name, inner in members for found in _member(name, inner, f"{place}.{name}")]
    if isinstance(value, list):
        items = enumerate(cast("list[object]", value))
        return [found for n, inner in items for found in find_secrets_in_clear(inner, f"{place}[{n}]")]
    return [place] if isinstance(value, str) and "PRIVATE KEY-----" in value else []


def _member(name: str, value: object, place: str) -> list[str]:
    is_text = isinstance(value, str | int | float) and not isinstance(value, bool)
    if is_text and _SECRET_NAME.search(name) and not is_secret_reference(str(value)):
        return [place]
    return find_secrets_in_clear(value, place)
