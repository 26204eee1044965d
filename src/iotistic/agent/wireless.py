"""What the kernel says about wireless interfaces, through its Wireless Extensions."""

import array
import fcntl
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Wireless", "parse_wireless", "read_wireless"]

_SIOCGIWESSID = 0x8B1B
_LONGEST_SSID = 32
_HEADINGS = 2
_LEVEL_COLUMN = 3
_UNSIGNED_LEVEL = 64
"""Levels above this are dBm as an unsigned byte (wireless.h, struct iw_quality)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wireless:
    """One wireless interface's association."""

    ssid: str | None
    signal_dbm: int | None


def read_wireless(proc: Path = Path("/proc")) -> dict[str, Wireless]:
    """Wireless interfaces by name; empty where the kernel has none or does not say."""
    try:
        text = (proc / "net/wireless").read_text(encoding="ascii", errors="replace")
    except OSError:
        return {}
    return {
        name: Wireless(ssid=_ssid(name), signal_dbm=signal) for name, signal in parse_wireless(text).items()
    }


def parse_wireless(text: str) -> dict[str, int | None]:
    """Signal level in dBm by interface from /proc/net/wireless; None when not associated."""
    found: dict[str, int | None] = {}
    for line in text.splitlines()[_HEADINGS:]:
        name, colon, rest = line.partition(":")
        columns = rest.split()
        if not colon or len(columns) < _LEVEL_COLUMN:
            continue
        level = int(float(columns[2]))
        level = level - 256 if level > _UNSIGNED_LEVEL else level
        found[name.strip()] = level if level < 0 else None
    return found


def _ssid(name: str) -> str | None:
    """The network's name by ioctl (wireless.h: struct iwreq with an iw_point)."""
    buffer = array.array("B", bytes(_LONGEST_SSID))
    address, _ = buffer.buffer_info()
    request = struct.pack("16sPHH", name.encode()[:15], address, _LONGEST_SSID, 0)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            answer = fcntl.ioctl(channel.fileno(), _SIOCGIWESSID, request)
    except OSError:
        return None
    length = min(struct.unpack_from("H", answer, 16 + struct.calcsize("P"))[0], _LONGEST_SSID)
    return buffer[:length].tobytes().decode("utf-8", "replace").replace("\0", "") or None
