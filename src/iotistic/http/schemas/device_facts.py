"""What a device says about itself: its interfaces and its host."""

import ipaddress
import re
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from iotistic.http.schemas.values import Answer, Document, Page, Statement, Storable, Text, Timestamp

__all__ = [
    "HostSeen",
    "HostStated",
    "InterfaceChangePage",
    "InterfaceChangeSeen",
    "InterfaceFoundSeen",
    "InterfaceSeen",
    "InterfaceStated",
    "InterfacesStated",
    "ProcessSeen",
    "ProcessStated",
]

InterfaceKind = Literal["ethernet", "wifi", "loopback", "virtual", "other"]

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5,19}")  # InfiniBand's have 20 octets


def _mac(text: str) -> str:
    lower = text.lower().replace("-", ":")
    if not _MAC.fullmatch(lower):
        raise ValueError("it is no hardware address such as 02:00:5e:10:00:01")
    return lower


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_interface(text))
    except ValueError:
        raise ValueError("it is no address such as 192.0.2.1/24 or 2001:db8::1/64") from None


Mac = Annotated[str, AfterValidator(_mac)]
Address = Annotated[str, AfterValidator(_address)]
Count = Annotated[int, Field(ge=0, lt=2**31)]


class InterfaceStated(Statement):
    """One network interface as it is now."""

    name: Text = Field(examples=["eth0"])
    mac: Mac | None = Field(default=None, examples=["02:00:5e:10:00:01"])
    addresses: list[Address] = Field(default=[], max_length=256, examples=[["192.0.2.1/24"]])
    kind: InterfaceKind = Field(default="other", examples=["ethernet"])
    is_up: bool = Field(examples=[True])
    is_default: bool = Field(
        default=False, description="Whether the default route leaves through it.", examples=[True]
    )
    mtu: Count | None = Field(default=None, examples=[1500])
    speed_mbps: Count | None = Field(default=None, examples=[1000])
    ssid: Storable | None = Field(default=None, max_length=200, examples=[None])
    signal_dbm: Annotated[int, Field(ge=-(2**15), lt=2**15)] | None = Field(default=None, examples=[None])


class InterfacesStated(Statement):
    """All interfaces the device has; those that are not named are gone."""

    interfaces: list[InterfaceStated] = Field(max_length=1000)


class InterfaceSeen(Answer):
    """One network interface as the device last described it."""

    name: str = Field(examples=["eth0"])
    mac: str | None = Field(examples=["02:00:5e:10:00:01"])
    addresses: list[str] = Field(examples=[["192.0.2.1/24"]])
    kind: InterfaceKind = Field(examples=["ethernet"])
    is_up: bool
    is_default: bool
    mtu: int | None = Field(examples=[1500])
    speed_mbps: int | None = Field(examples=[1000])
    ssid: str | None = Field(examples=["workshop"])
    signal_dbm: int | None = Field(examples=[-61])


class ProcessStated(Statement):
    """One of the processes that use most of the host."""

    pid: Annotated[int, Field(ge=0, lt=2**63)] = Field(examples=[1])
    name: Storable = Field(max_length=200, examples=["postgres"])
    cpu_percent: float = Field(ge=0, allow_inf_nan=False, description="Of one core.", examples=[1.5])
    memory_bytes: Annotated[int, Field(ge=0, lt=2**63)] = Field(examples=[12_345_678])


class ProcessSeen(Answer):
    """One of the busiest processes, as the device last stated it."""

    pid: int = Field(examples=[1])
    name: str = Field(examples=["postgres"])
    cpu_percent: float = Field(description="Of one core.", examples=[1.5])
    memory_bytes: int = Field(examples=[12_345_678])


class HostStated(Statement):
    """What the host is, and what keeps it busy."""

    facts: Document = Field(
        examples=[{"os": "Debian GNU/Linux 13 (trixie)", "arch": "x86_64", "cpu_count": 4}]
    )
    top_processes: list[ProcessStated] = Field(default=[], max_length=100)


class HostSeen(Answer):
    """The host as the device last described it."""

    facts: dict[str, Any] = Field(
        examples=[{"os": "Debian GNU/Linux 13 (trixie)", "arch": "x86_64", "cpu_count": 4}]
    )
    top_processes: list[ProcessSeen]
    reported_at: Timestamp


class InterfaceFoundSeen(Answer):
    """An interface that has what was looked for."""

    device_uuid: UUID
    device_name: str = Field(examples=["workshop-pi"])
    interface: str = Field(examples=["eth0"])
    mac: str | None = Field(examples=["02:00:5e:10:00:01"])
    addresses: list[str] = Field(examples=[["192.0.2.1/24"]])
    is_up: bool = Field(examples=[True])
    ssid: str | None = Field(examples=[None])
    retired_at: Timestamp | None = Field(
        description="When its device was taken out of service.", examples=[None]
    )


class InterfaceChangeSeen(Answer):
    """One change of an interface."""

    id: int = Field(examples=[4711])
    name: str = Field(examples=["eth0"])
    change: Literal["appeared", "changed", "gone"] = Field(examples=["changed"])
    occurred_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])
    mac: str | None = Field(examples=["02:00:5e:10:00:01"])
    addresses: list[str] = Field(examples=[["192.0.2.1/24"]])
    is_up: bool = Field(examples=[True])
    ssid: str | None = Field(examples=[None])
    signal_dbm: int | None = Field(examples=[None])


class InterfaceChangePage(Page[InterfaceChangeSeen]):
    """What changed about the interfaces of a device, newest first."""
