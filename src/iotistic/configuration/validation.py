"""Whether a value can stand under a key, and whether all settings fit together. Pure."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, cast

import msgspec

from iotistic.configuration.catalogue import kind_of
from iotistic.configuration.errors import SettingInUse, SettingInvalid
from iotistic.configuration.secret_reference import find_secrets_in_clear

__all__ = ["check_together", "check_value"]

# Members that the original platform had and this one does not, and what to do instead.
_GONE = {
    "passwordHash": "A broker cannot be logged in to with a hash: write password as env:NAME or file:/path.",
    "isDefault": "mqtt.defaultBrokerId and vpn.defaultConfigId say which is the default.",
    "lastConnectedAt": "Settings hold what people decide, not what happens.",
    "createdAt": "`iotistic system-config history` knows it.",
    "updatedAt": "`iotistic system-config history` knows it.",
    "compressLzo": "Compression inside a VPN tells what is inside (VORACLE): it is never on.",
}
_FAMILIES = (
    ("mqtt.brokerIds", "mqtt.brokers.", "mqtt.defaultBrokerId"),
    ("vpn.configIds", "vpn.configs.", "vpn.defaultConfigId"),
)


def check_value(key: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    """Raises SettingUnknown for a key that means nothing, SettingInvalid for a value that it cannot have."""
    kind, which = kind_of(key)
    if value is None:
        raise SettingInvalid(f"The setting {key} cannot be null.", hint="Remove it instead.", key=key)
    _check_members(key, kind.shape, value)
    try:
        msgspec.convert(value, kind.shape, strict=True)
        kind.check(value, which)
    except msgspec.ValidationError as error:
        raise SettingInvalid(f"The setting {key} cannot be that: {error}.", key=key) from error
    except SettingInvalid as error:
        raise SettingInvalid(f"The setting {key}: {error.message}", hint=error.hint, key=key) from error
    if secrets := find_secrets_in_clear(value):
        raise SettingInvalid(
            f"The setting {key} would hold a secret in clear at {', '.join(secrets[:5])}.",
            hint="Write where the secret lies instead: env:NAME or file:/path; or seal it: `iotistic system-config seal`.",
            key=key,
        )


def check_together(values: Mapping[str, Any]) -> None:
    """Raises SettingInUse when a list of ids names what is not there, or the default is not on the list."""
    for listing, family, default in _FAMILIES:
        ids: list[int] = values.get(listing, [])
        missing = [which for which in ids if f"{family}{which}" not in values]
        if missing:
            raise SettingInUse(
                f"{listing} names {missing[0]}, and there is no {family}{missing[0]}.",
                hint=f"Set {family}{missing[0]} first, or take it from {listing} before it is removed.",
            )
        if default in values and values[default] not in ids:
            raise SettingInUse(
                f"{default} is {values[default]}, which {listing} does not name.",
                hint=f"Set {listing} first, or remove {default}.",
            )


def _check_members(key: str, shape: object, value: object) -> None:
    """Says of a member what is known about it, where the decoder would only say that it is not expected."""
    if not (isinstance(shape, type) and issubclass(shape, msgspec.Struct) and isinstance(value, dict)):
        return
    known = {field.encode_name for field in msgspec.structs.fields(shape)}
    for member in sorted(set(cast("dict[str, object]", value)) - known):
        near = get_close_matches(member, known, n=1)
        hint = _GONE.get(member) or (
            f"Did you mean {near[0]}?" if near else f"It has: {', '.join(sorted(known))}."
        )
        raise SettingInvalid(f"The setting {key} has no member {member}.", hint=hint, key=key)
