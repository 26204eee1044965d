"""The host's network interfaces."""

import ipaddress
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import psutil

from iotistic.agent.model import InterfaceKind, NetworkInterface
from iotistic.agent.routes import default_interface
from iotistic.agent.wireless import Wireless, read_wireless

__all__ = ["Address", "carriers", "kind_of", "list_interfaces", "prefixed", "signature"]

Address = tuple[int, str, str | None]
"""(family, address, netmask) as psutil gives them."""

_SYS_NET = Path("/sys/class/net")
_NO_MAC = {"", "00:00:00:00:00:00"}
_MADE_BY_SOFTWARE = (
    "docker",
    "br-",
    "veth",
    "virbr",
    "tun",
    "tap",
    "wg",
    "ifb",
    "vnet",
    "cni",
    "flannel",
    "cali",
    "dummy",
    "utun",
)
_ETHERNET = ("eth", "en", "em", "p")


def list_interfaces() -> list[NetworkInterface]:
    """Every interface, sorted by name."""
    addresses: Mapping[str, Sequence[Address]] = {
        name: [(int(entry.family), entry.address, entry.netmask) for entry in entries]
        for name, entries in psutil.net_if_addrs().items()
    }
    stats = psutil.net_if_stats()
    default = default_interface()
    wireless = read_wireless()
    found: list[NetworkInterface] = []
    for name in sorted(stats.keys() | addresses.keys()):
        state, radio = stats.get(name), wireless.get(name, Wireless(ssid=None, signal_dbm=None))
        found.append(
            NetworkInterface(
                name=name,
                mac=_mac(addresses.get(name, ())),
                addresses=prefixed(addresses.get(name, ())),
                kind=kind_of(name),
                is_up=bool(state and state.isup),
                is_default=name == default,
                mtu=(state.mtu or None) if state else None,
                # 65535 and 2**32 - 1 are how drivers say "unknown".
                speed_mbps=state.speed if state and 0 < state.speed < 2**16 - 1 else None,
                ssid=radio.ssid,
                signal_dbm=radio.signal_dbm,
            )
        )
    return found


def signature(interfaces: Iterable[NetworkInterface]) -> tuple[NetworkInterface, ...]:
    """What two looks are compared by: all but the signal level, which is never twice the same."""
    return tuple(replace(interface, signal_dbm=None) for interface in interfaces)


def prefixed(addresses: Iterable[Address]) -> tuple[str, ...]:
    """IP addresses with their prefix length, without zone, sorted by family and value."""
    found: set[ipaddress.IPv4Interface | ipaddress.IPv6Interface] = set()
    for family, address, netmask in addresses:
        if family in {socket.AF_INET, socket.AF_INET6}:
            found.add(ipaddress.ip_interface(f"{address.partition('%')[0]}{_prefix(netmask)}"))
    return tuple(
        str(entry) for entry in sorted(found, key=lambda entry: (entry.version, int(entry), str(entry)))
    )


def kind_of(name: str, sys_net: Path = _SYS_NET) -> InterfaceKind:
    """What an interface is made of: by sysfs where there is one, else by its name."""
    if name == "lo" or name.startswith("lo0"):
        return "loopback"
    entry = sys_net / name
    if entry.exists():
        if (entry / "wireless").exists() or (entry / "phy80211").exists():
            return "wifi"
        if not (entry / "device").exists():
            return "virtual"
        # ARPHRD_ETHER, if_arp.h
        return "ethernet" if _text(entry / "type") == "1" else "other"
    if name.startswith(_MADE_BY_SOFTWARE):
        return "virtual"
    return "ethernet" if name.startswith(_ETHERNET) else "other"


def carriers(kinds: Mapping[str, InterfaceKind], default: str | None) -> frozenset[str]:
    """The interfaces whose traffic is the host's, each packet once.

    Hardware, if there is any: bridges and tunnels only pass on what also crosses it. In a container no interface is hardware;
    there it is the one with the default route, else all but the loopback.
    """
    hardware = frozenset(name for name, kind in kinds.items() if kind in {"ethernet", "wifi", "other"})
    if hardware:
        return hardware
    if default is not None and default in kinds:
        return frozenset({default})
    return frozenset(name for name, kind in kinds.items() if kind != "loopback")


def _prefix(netmask: str | None) -> str:
    if not netmask:
        return ""
    try:
        return f"/{int(ipaddress.ip_address(netmask)).bit_count()}"
    except ValueError:
        return ""


def _mac(addresses: Iterable[Address]) -> str | None:
    for family, address, _ in addresses:
        if family == int(psutil.AF_LINK):
            mac = address.lower().replace("-", ":")
            return None if mac in _NO_MAC else mac
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
