"""What a setting keeps to beyond its shape. Pure: each raises SettingInvalid."""

import ssl
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from iotistic.configuration.errors import SettingInvalid
from iotistic.configuration.secret_reference import is_secret_reference

__all__ = ["check_broker", "check_certificates", "check_ids", "check_vpn", "nothing_more"]

_BEGIN = "-----BEGIN CERTIFICATE-----"
_END = "-----END CERTIFICATE-----"
_ENCRYPTED = frozenset({"mqtts", "wss"})


def nothing_more(_: Any, __: str) -> None:  # noqa: ANN401 - any JSON
    """Its shape says everything."""


def check_broker(value: Mapping[str, Any], which: str) -> None:
    """Its id is that of the key, TLS is whole, and secrets lie elsewhere."""
    if str(value["id"]) != which:
        raise SettingInvalid(f"$.id is {value['id']}, and the key says {which}.")
    if (value.get("protocol", "mqtt") in _ENCRYPTED) != value.get("useTls", False):
        raise SettingInvalid("$.useTls is true with the protocols mqtts and wss, and with no other.")
    if ("clientCert" in value) != ("clientKey" in value):
        raise SettingInvalid("$.clientCert and $.clientKey come together.")
    for member in ("password", "clientKey"):
        if member in value and not is_secret_reference(value[member]):
            raise SettingInvalid(
                f"$.{member} holds no secret, it says where it lies.",
                hint="Write env:NAME or file:/path, or `iotistic system-config seal`.",
            )
    for member in ("caCert", "clientCert"):
        if member in value:
            check_certificates(value[member], f"$.{member}")


def check_certificates(text: str, place: str = "") -> None:
    """One or more certificates in PEM, and nothing else."""
    rest = text.strip()
    while rest:
        if not rest.startswith(_BEGIN) or _END not in rest:
            raise SettingInvalid(
                f"{place or '$'} is no certificate in PEM.", hint=f"It begins with {_BEGIN}."
            )
        one, _, rest = rest.partition(_END)
        try:
            ssl.PEM_cert_to_DER_cert(one + _END)
        except ValueError as error:
            raise SettingInvalid(f"{place or '$'} is a damaged certificate.") from error
        rest = rest.strip()


def check_ids(value: Sequence[int], _: str) -> None:
    """Each once."""
    if len(set(value)) != len(value):
        raise SettingInvalid("$ names an id twice.")


def check_vpn(value: Mapping[str, Any], _: str) -> None:
    """Subnet and mask make a network."""
    subnet, mask = value.get("vpnSubnet", "10.8.0.0"), value.get("vpnNetmask", "255.255.255.0")
    try:
        IPv4Network(f"{subnet}/{mask}")
    except ValueError as error:
        raise SettingInvalid(f"$.vpnSubnet and $.vpnNetmask make no network: {error}.") from error
    if "caCert" in value:
        check_certificates(value["caCert"], "$.caCert")
