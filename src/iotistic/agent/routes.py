"""Through which interface the world is reached: the kernel's routing tables as text. Pure."""

from pathlib import Path

__all__ = ["default_interface", "parse_ipv4_routes", "parse_ipv6_routes"]

_UP = 0x1
_REJECT = 0x200
_IPV4_COLUMNS = 8
_IPV6_COLUMNS = 10


def default_interface(proc: Path = Path("/proc")) -> str | None:
    """The interface of the best IPv4 default route, else of the best IPv6 one; None when there is none or no /proc."""
    for file, parse in (("net/route", parse_ipv4_routes), ("net/ipv6_route", parse_ipv6_routes)):
        try:
            text = (proc / file).read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        found = parse(text)
        if found is not None:
            return found
    return None


def parse_ipv4_routes(text: str) -> str | None:
    """The interface of the default route with the lowest metric in /proc/net/route (proc_net(5))."""
    best: tuple[int, str] | None = None
    for line in text.splitlines()[1:]:
        columns = line.split()
        if len(columns) < _IPV4_COLUMNS:
            continue
        name, destination, flags, metric, mask = columns[0], columns[1], columns[3], columns[6], columns[7]
        if int(destination, 16) == 0 and int(mask, 16) == 0 and _is_usable(flags):
            best = min(best or (int(metric), name), (int(metric), name))
    return best[1] if best else None


def parse_ipv6_routes(text: str) -> str | None:
    """The same of /proc/net/ipv6_route, whose numbers are all hexadecimal."""
    best: tuple[int, str] | None = None
    for line in text.splitlines():
        columns = line.split()
        if len(columns) < _IPV6_COLUMNS:
            continue
        destination, prefix, metric, flags, name = columns[0], columns[1], columns[5], columns[8], columns[9]
        if int(destination, 16) == 0 and int(prefix, 16) == 0 and _is_usable(flags) and name != "lo":
            best = min(best or (int(metric, 16), name), (int(metric, 16), name))
    return best[1] if best else None


def _is_usable(flags: str) -> bool:
    return bool(int(flags, 16) & _UP) and not int(flags, 16) & _REJECT
