import ipaddress
import socket
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from iotistic.agent.interfaces import Address, carriers, kind_of, list_interfaces, prefixed, signature
from iotistic.agent.model import InterfaceKind

V4, V6 = int(socket.AF_INET), int(socket.AF_INET6)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ((V4, "192.0.2.1", "255.255.255.0"), ("192.0.2.1/24",)),
        ((V4, "10.0.0.1", None), ("10.0.0.1/32",)),
        ((V6, "fe80::1%eth0", "ffff:ffff:ffff:ffff::"), ("fe80::1/64",)),
        ((V6, "::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), ("::1/128",)),
        ((V6, "fd00::1", "odd"), ("fd00::1/128",)),
        ((int(psutil.AF_LINK), "02:fc:00:00:00:01", None), ()),
    ],
)
def test_addresses_carry_their_prefix(address: Address, expected: tuple[str, ...]) -> None:
    assert prefixed([address]) == expected


def test_addresses_are_sorted_and_listed_once() -> None:
    mask = "255.255.255.0"
    found = prefixed(
        [(V6, "fd00::2", None), (V4, "192.0.2.10", mask), (V4, "192.0.2.9", mask), (V4, "192.0.2.9", mask)]
    )
    assert found == ("192.0.2.9/24", "192.0.2.10/24", "fd00::2/128")


@pytest.mark.parametrize(
    ("name", "entries", "expected"),
    [
        ("lo", [], "loopback"),
        ("eth0", ["device/", "type=1"], "ethernet"),
        ("wlan0", ["device/", "wireless/", "type=1"], "wifi"),
        ("wlp3s0", ["device/", "phy80211/", "type=1"], "wifi"),
        ("docker0", ["type=1"], "virtual"),
        ("wwan0", ["device/", "type=519"], "other"),
    ],
)
def test_sysfs_tells_what_an_interface_is(
    tmp_path: Path, name: str, entries: list[str], expected: str
) -> None:
    (tmp_path / name).mkdir()
    for entry in entries:
        if entry.endswith("/"):
            (tmp_path / name / entry).mkdir()
        else:
            (tmp_path / name / entry.split("=")[0]).write_text(entry.split("=")[1] + "\n")
    assert kind_of(name, tmp_path) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("lo0", "loopback"), ("en0", "ethernet"), ("utun3", "virtual"), ("gif0", "other")]
)
def test_without_sysfs_the_name_has_to_do(tmp_path: Path, name: str, expected: str) -> None:
    assert kind_of(name, tmp_path) == expected


@pytest.mark.parametrize(
    ("kinds", "default", "expected"),
    [
        (
            {"lo": "loopback", "eth0": "ethernet", "wlan0": "wifi", "docker0": "virtual"},
            "eth0",
            {"eth0", "wlan0"},
        ),
        ({"lo": "loopback", "eth0": "ethernet", "wg0": "virtual"}, "wg0", {"eth0"}),
        ({"lo": "loopback", "eth0": "virtual", "ifb0": "virtual"}, "eth0", {"eth0"}),
        ({"lo": "loopback", "eth0": "virtual", "eth1": "virtual"}, None, {"eth0", "eth1"}),
        ({"lo": "loopback"}, None, set()),
    ],
)
def test_each_packet_is_counted_once(
    kinds: dict[str, InterfaceKind], default: str | None, expected: set[str]
) -> None:
    assert carriers(kinds, default) == expected


def test_this_host_has_a_loopback_with_its_address() -> None:
    loopback = next(interface for interface in list_interfaces() if interface.kind == "loopback")
    assert "127.0.0.1/8" in loopback.addresses
    assert loopback.is_up
    assert not loopback.is_default
    assert loopback.mac is None
    assert loopback.mtu


def test_everything_this_host_says_is_well_formed() -> None:
    interfaces = list_interfaces()
    assert [interface.name for interface in interfaces] == sorted(interface.name for interface in interfaces)
    assert sum(interface.is_default for interface in interfaces) <= 1
    for interface in interfaces:
        for address in interface.addresses:
            assert "/" in address
            ipaddress.ip_interface(address)
        assert interface.mac is None or interface.mac == interface.mac.lower()


def test_the_signal_alone_is_no_change() -> None:
    interfaces = list_interfaces()
    assert signature(interfaces) == signature(
        [replace(interface, signal_dbm=-50) for interface in interfaces]
    )
    assert signature(interfaces) != signature(
        [replace(interface, is_up=not interface.is_up) for interface in interfaces]
    )
