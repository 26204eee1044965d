"""Which settings there are: the keys, what each holds, and what is checked beyond its shape."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any

from msgspec import Meta

from iotistic.configuration.checks import check_broker, check_certificates, check_ids, check_vpn, nothing_more
from iotistic.configuration.documents import Broker, Certificate, Id, VpnConfig
from iotistic.configuration.errors import SettingInvalid, SettingUnknown

__all__ = ["CATALOGUE", "KeyKind", "kind_of"]

_KEY = re.compile(r"[a-zA-Z][a-zA-Z0-9_.-]{0,199}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyKind:
    """One setting, or one family of settings whose key ends in a number or name."""

    key: str
    """As people write it, with <id> or <name> for what differs."""
    shape: Any
    """The type of the value."""
    summary: str
    check: Callable[[Any, str], None]
    """What its shape cannot say: raises SettingInvalid. Takes the value and what differs in the key."""

    @property
    def pattern(self) -> re.Pattern[str]:
        text = re.escape(self.key).replace("<id>", r"(?P<which>[1-9][0-9]{0,9})")
        return re.compile(text.replace("<name>", r"(?P<which>[a-zA-Z0-9_.-]+)"))


CATALOGUE = (
    KeyKind(key="mqtt.brokers.<id>", shape=Broker, summary="An MQTT broker.", check=check_broker),
    KeyKind(
        key="mqtt.brokerIds",
        shape=Annotated[list[Id], Meta(max_length=100)],
        summary="Which brokers there are.",
        check=check_ids,
    ),
    KeyKind(
        key="mqtt.defaultBrokerId",
        shape=Id,
        summary="The broker that devices are told about.",
        check=nothing_more,
    ),
    KeyKind(
        key="mqtt.ca_certificate",
        shape=Certificate,
        summary="Who signed the certificates of brokers that name nobody.",
        check=check_certificates,
    ),
    KeyKind(key="vpn.configs.<id>", shape=VpnConfig, summary="A VPN for devices.", check=check_vpn),
    KeyKind(
        key="vpn.configIds",
        shape=Annotated[list[Id], Meta(max_length=100)],
        summary="Which VPNs there are.",
        check=check_ids,
    ),
    KeyKind(
        key="vpn.defaultConfigId",
        shape=Id,
        summary="The VPN that devices are told about.",
        check=nothing_more,
    ),
    KeyKind(
        key="custom.<name>",
        shape=Any,
        summary="Anything of your own; the platform does not read it.",
        check=nothing_more,
    ),
)


def kind_of(key: str) -> tuple[KeyKind, str]:
    """What a key means, and the part of it that differs. Raises SettingUnknown, with what was probably meant, or SettingInvalid."""
    if not _KEY.fullmatch(key):
        raise SettingInvalid(
            "The key of a setting is a dotted name of at most 200 letters, digits, dots, dashes, underscores.",
            key=key[:200],
        )
    for kind in CATALOGUE:
        if found := kind.pattern.fullmatch(key):
            return kind, found.groupdict().get("which", "")
    near = get_close_matches(
        re.sub(r"\.[0-9]+$", ".<id>", key), [kind.key for kind in CATALOGUE], n=1, cutoff=0.6
    )
    guess = f"Did you mean {near[0]}? " if near else ""
    raise SettingUnknown(
        f"There is no setting called {key}.",
        hint=f"{guess}`iotistic system-config keys` lists them; your own go under custom.<name>.",
        key=key,
    )
