"""The shapes of settings that are objects, with the names that the original platform gave their members."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

__all__ = ["Broker", "VpnConfig"]

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Description = Annotated[str, Meta(min_length=1, max_length=1000)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Id = Annotated[int, Meta(ge=1, le=2_147_483_647)]
Milliseconds = Annotated[int, Meta(ge=100, le=600_000)]
Certificate = Annotated[str, Meta(min_length=1, max_length=100_000)]
"""One or more certificates in PEM."""
SecretReference = Annotated[str, Meta(max_length=8000)]
"""env:NAME, file:/path, or sealed: an RSA key of 4096 bits takes 4,500 characters then."""


class Broker(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True
):
    """`mqtt.brokers.<id>`: how the platform reaches an MQTT broker, and what devices are told about it."""

    id: Id
    name: Text
    host: Text
    description: Description | None = None
    protocol: Literal["mqtt", "mqtts", "ws", "wss"] = "mqtt"
    port: Port = 1883
    username: Text | None = None
    password: SecretReference | None = None
    use_tls: bool = False
    ca_cert: Certificate | None = None
    """Who signed the certificate of the broker; without one `mqtt.ca_certificate`, then the system's list."""
    client_cert: Certificate | None = None
    client_key: SecretReference | None = None
    verify_certificate: bool = True
    client_id_prefix: Text = "iotistic"
    keep_alive: Annotated[int, Meta(ge=1, le=65535)] = 60
    """Seconds."""
    clean_session: bool = True
    reconnect_period: Milliseconds = 5000
    connect_timeout: Milliseconds = 30_000
    is_active: bool = True
    """Whether it is used."""
    broker_type: Literal["mosquitto", "emqx", "vernemq", "hivemq", "nanomq", "other"] = "mosquitto"
    extra_config: dict[str, Any] = {}


class VpnConfig(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True
):
    """`vpn.configs.<id>`: the VPN that devices are told to join."""

    server_host: Text
    server_port: Port = 1194
    name: Text | None = None
    protocol: Literal["udp", "tcp"] = "udp"
    ca_cert_url: Annotated[str, Meta(pattern=r"^https://", max_length=1000)] | None = None
    ca_cert: Certificate | None = None
    vpn_subnet: Text = "10.8.0.0"
    vpn_netmask: Text = "255.255.255.0"
    cipher: Literal["AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305"] = "AES-256-GCM"
    auth: Literal["SHA256", "SHA384", "SHA512"] = "SHA256"
    enabled: bool = True
    is_active: bool = True
