"""Lines of pg_hba.conf as the server read them, and what is wrong with them. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

__all__ = ["Rule", "RuleFinding", "judge_rules"]

_WITHOUT_PROOF = {
    "trust": "lets anybody in without a password",
    "password": "asks for the password in clear text",
    "ident": "believes the other machine who its user is",
}
_EVERYWHERE = {"all", "0.0.0.0", "::"}  # noqa: S104 - recognised, not bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line."""

    line_number: int
    kind: str
    """local, host, hostssl, hostnossl, ..."""
    databases: list[str]
    users: list[str]
    address: str | None
    netmask: str | None
    method: str
    error: str | None
    """Why the server cannot read it; then nothing else is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFinding:
    """One thing that is wrong."""

    line_number: int
    is_alarm: bool
    """Whether somebody gets in, or nobody does, who should not."""
    text: str


def judge_rules(rules: Sequence[Rule]) -> list[RuleFinding]:
    """Everything that is wrong, by line."""
    found = [finding for rule in rules for finding in _judge(rule)]
    found += _shadowed(rules)
    readable = [rule for rule in rules if rule.error is None]
    is_reachable = any(rule.kind != "local" and not _is_loopback(rule) for rule in readable)
    if is_reachable and not any(_rejects_everybody(rule) for rule in readable):
        last = readable[-1].line_number if readable else 0
        found.append(_note(last, "no last line rejects everybody else in words: host all all all reject"))
    return sorted(found, key=lambda finding: finding.line_number)


def _judge(rule: Rule) -> Iterator[RuleFinding]:
    if rule.error is not None:
        yield _alarm(rule.line_number, f"cannot be read: {rule.error}")
        return
    if rule.method == "reject":
        return
    if rule.method in _WITHOUT_PROOF:
        yield _alarm(rule.line_number, f"{rule.method} {_WITHOUT_PROOF[rule.method]}")
    if rule.method == "md5":
        yield _note(rule.line_number, "md5 is broken and leaves PostgreSQL: scram-sha-256")
    if rule.kind == "local" or _is_loopback(rule):
        return
    if rule.kind != "hostssl":
        yield _note(rule.line_number, f"{rule.kind} lets in without TLS from {rule.address}: hostssl")
    if rule.address in _EVERYWHERE and rule.netmask in {None, "0.0.0.0", "::"}:  # noqa: S104 - recognised, not bound
        yield _note(rule.line_number, "lets in from everywhere: name the networks of your services")


def _alarm(line: int, text: str) -> RuleFinding:
    return RuleFinding(line_number=line, is_alarm=True, text=text)


def _note(line: int, text: str) -> RuleFinding:
    return RuleFinding(line_number=line, is_alarm=False, text=text)


def _rejects_everybody(rule: Rule) -> bool:
    return (
        rule.method == "reject"
        and rule.kind == "host"
        and rule.address == "all"
        and rule.databases == rule.users == ["all"]
    )


def _shadowed(rules: Sequence[Rule]) -> Iterator[RuleFinding]:
    """The first line that matches decides, so a line below a wider one never does."""
    readable = [rule for rule in rules if rule.error is None]
    for place, rule in enumerate(readable):
        wider = next((earlier for earlier in readable[:place] if _covers(earlier, rule)), None)
        if wider is not None:
            yield _note(rule.line_number, f"is never reached: line {wider.line_number} decides before it")


def _covers(wide: Rule, narrow: Rule) -> bool:
    return (
        (wide.kind == narrow.kind or (wide.kind == "host" and narrow.kind.startswith("host")))
        and _names_cover(wide.databases, narrow.databases, not_in_all={"replication"})
        and _names_cover(wide.users, narrow.users, not_in_all=set())
        and _address_covers(wide, narrow)
    )


def _names_cover(wide: list[str], narrow: list[str], *, not_in_all: set[str]) -> bool:
    return set(narrow) <= set(wide) or ("all" in wide and not not_in_all & set(narrow))


def _address_covers(wide: Rule, narrow: Rule) -> bool:
    if wide.address in {"all", narrow.address} and (wide.address == "all" or wide.netmask == narrow.netmask):
        return True
    outer, inner = _network(wide), _network(narrow)
    if isinstance(outer, IPv4Network) and isinstance(inner, IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(outer, IPv6Network) and isinstance(inner, IPv6Network):
        return inner.subnet_of(outer)
    return False


def _network(rule: Rule) -> IPv4Network | IPv6Network | None:
    """None: a host name, samenet, samehost."""
    try:
        bits = int(ip_address(rule.netmask or "")).bit_count()
        return ip_network(f"{rule.address}/{bits}", strict=False)
    except ValueError:
        return None


def _is_loopback(rule: Rule) -> bool:
    network = _network(rule)
    return network is not None and network.is_loopback
