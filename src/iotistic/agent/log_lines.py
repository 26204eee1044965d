"""Lines of host logs as values: what journald's JSON and the two syslog file formats say. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from iotistic.agent.model import HostLine, Level

__all__ = ["clean", "parse_journal_entry", "parse_syslog_line"]

_LONGEST_MESSAGE = 8 * 1024
_LONGEST_SERVICE = 128
_UNKNOWN = "unknown"
# syslog severities 0 to 7 (RFC 5424, 6.2.1)
_LEVELS: tuple[Level, ...] = ("critical", "critical", "critical", "error", "warning", "info", "info", "debug")
_WORDS: Mapping[str, Level] = {
    "DEBUG": "debug",
    "INFO": "info",
    "WARN": "warning",
    "WARNING": "warning",
    "ERROR": "error",
    "CRITICAL": "critical",
    "FATAL": "critical",
}
_WORD = re.compile(r"\b(DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)\b")
_WORD_WITHIN = 80
_TAG = r"(?P<host>\S+) (?P<tag>[^\s:\[]+)(?:\[(?P<pid>[^\]]*)\])?: ?(?P<message>.*)"
_ISO = re.compile(
    rf"(?P<stamp>\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{{1,9}})?(?:Z|[+-]\d\d:?\d\d)) {_TAG}", re.DOTALL
)
_CLASSIC = re.compile(
    rf"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?P<day>[ \d]\d) "
    rf"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d) {_TAG}",
    re.DOTALL,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def clean(text: str) -> str:
    """Text that any table takes: no NUL, no trailing blanks, cut to 8 Ki characters with an ellipsis."""
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}").rstrip()
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 1] + "\N{HORIZONTAL ELLIPSIS}"


def parse_syslog_line(text: str, now: datetime) -> HostLine:
    """One line of a syslog file, in the traditional or the RFC 3339 form; anything else is all message, written `now`.

    The traditional form has local time and no year: the newest year that does not lie in the future.
    """
    match = _ISO.fullmatch(text)
    moment = _iso(match["stamp"]) if match else None
    if match is None:
        match = _CLASSIC.fullmatch(text)
        moment = _classic(match, now) if match else None
    if match is None or moment is None:
        return HostLine(timestamp=now, level=_level_in(text), service=_UNKNOWN, message=clean(text))
    message = match["message"]
    return HostLine(
        timestamp=moment, level=_level_in(message), service=_service(match["tag"]), message=clean(message)
    )


def parse_journal_entry(raw: bytes, now: datetime) -> tuple[HostLine, str] | None:
    """One object of `journalctl -o json` and its cursor; None when it is not one (systemd.journal-fields(7))."""
    try:
        fields = msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None
    cursor = _field(fields, "__CURSOR")
    if not cursor:
        return None
    written = _field(fields, "__REALTIME_TIMESTAMP")
    priority = _field(fields, "PRIORITY")
    service = (
        _field(fields, "SYSLOG_IDENTIFIER") or _field(fields, "_COMM") or _field(fields, "_SYSTEMD_UNIT")
    )
    line = HostLine(
        timestamp=datetime.fromtimestamp(int(written[:16]) / 1e6, UTC) if written.isdigit() else now,
        level=_LEVELS[int(priority)] if priority in set("01234567") else "info",
        service=_service(service),
        message=clean(_field(fields, "MESSAGE")),
    )
    return line, cursor


def _field(fields: Mapping[str, Any], name: str) -> str:
    """A field's text. journald gives bytes that are not UTF-8 as an array of numbers, and repeated fields as an array."""
    match fields.get(name):
        case str(text):
            return text
        case [int(), *_] as octets:
            return bytes(octet & 0xFF for octet in octets if isinstance(octet, int)).decode(
                "utf-8", "replace"
            )
        case [str(first), *_]:
            return first
        case _:
            return ""


def _service(text: str) -> str:
    return text.replace("\0", "")[:_LONGEST_SERVICE].strip() or _UNKNOWN


def _level_in(text: str) -> Level:
    """Files carry no severity; many programs write it in capitals at the beginning."""
    found = _WORD.search(text, 0, _WORD_WITHIN)
    return _WORDS[found[1]] if found else "info"


def _iso(stamp: str) -> datetime | None:
    whole, dot, fraction = stamp.partition(".")
    if dot:
        digits = re.match(r"\d+", fraction)
        length = digits.end() if digits else 0
        # Python reads at most microseconds; rsyslog can write nanoseconds.
        stamp = f"{whole}.{fraction[: min(length, 6)].ljust(6, '0')}{fraction[length:]}"
    try:
        return datetime.fromisoformat(stamp).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _classic(match: re.Match[str], now: datetime) -> datetime | None:
    local = now.astimezone()
    for year in (local.year + 1, local.year, local.year - 1):
        try:
            naive = datetime(  # noqa: DTZ001 - local time, made aware in the next line
                year,
                _MONTHS.index(match["month"]) + 1,
                int(match["day"]),
                int(match["hour"]),
                int(match["minute"]),
                int(match["second"]),
            )
            moment = naive.astimezone(UTC)
        except (ValueError, OverflowError):
            continue  # 29 February in a common year
        if moment <= now + timedelta(days=1):
            return moment
    return None
