"""The agent's side of the HTTP contract: values to JSON, receipts from JSON.

A record is encoded once, when it is made, and kept in the spool as those bytes. A request is put together from records
without touching them, so a replay sends exactly the same bytes under the same key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

import msgspec

from iotistic.agent.model import HostSnapshot, LogLine, NetworkInterface, Report
from iotistic.clock import Clock
from iotistic.secret import Secret

__all__ = [
    "Challenge",
    "Enrolment",
    "Problem",
    "Proof",
    "Reason",
    "Receipt",
    "encode",
    "parse_challenge",
    "parse_enrolled",
    "parse_problem",
    "parse_receipt",
    "parse_retry_after",
    "parse_successor",
    "wrap_lines",
    "wrap_reports",
]

Body = Report | LogLine | HostSnapshot | Mapping[str, Sequence[NetworkInterface]] | Mapping[str, object]

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the server did not take one record."""

    index: int
    code: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of the records of one request, committed. Without one nothing counts as delivered."""

    accepted: int
    duplicate: int
    late: int = 0
    quarantined: int = 0
    rejected: int = 0
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """The server's answer to a claim."""

    enrolment_id: str
    api_key: Secret
    mqtt_password: Secret | None
    challenge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What a host says when it enrols."""

    name: str
    serial: str
    facts: Mapping[str, str]
    previous_key: str | None = None
    """Its old key, if it has one: shows that it is the same device."""
    kind: str = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The answer to a challenge."""

    enrolment_id: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The readable part of an RFC 9457 problem document; empty texts where a server speaks something else."""

    code: str = ""
    title: str = ""
    detail: str = ""
    hint: str = ""

    def __str__(self) -> str:
        text = self.detail or self.title
        return f"{self.code}: {text}" if self.code and text else self.code or text


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChallengeWire:
    enrolment_id: str
    api_key: str
    challenge: str
    mqtt_password: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _EnrolledWire:
    device_uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _SuccessorWire:
    api_key: str


_RECEIPT = msgspec.json.Decoder(Receipt)
_CHALLENGE = msgspec.json.Decoder(_ChallengeWire)
_ENROLLED = msgspec.json.Decoder(_EnrolledWire)
_SUCCESSOR = msgspec.json.Decoder(_SuccessorWire)
_PROBLEM = msgspec.json.Decoder(Problem)


def encode(value: Body | Enrolment | Proof) -> bytes:
    """`value` as JSON; times as RFC 3339 in UTC."""
    return _ENCODER.encode(value)


def wrap_reports(records: Sequence[bytes], units: Mapping[str, str] | None = None) -> bytes:
    """The body of `POST .../metrics`."""
    tail = b',"units":' + _ENCODER.encode(units) if units else b""
    return b'{"reports":[' + b",".join(records) + b"]" + tail + b"}"


def wrap_lines(records: Sequence[bytes]) -> bytes:
    """The body of `POST .../logs`."""
    return b'{"lines":[' + b",".join(records) + b"]}"


def parse_receipt(body: bytes) -> Receipt | None:
    """The receipt in an answer, or None: a proxy's or captive portal's 200 is no receipt."""
    try:
        return _RECEIPT.decode(body)
    except msgspec.MsgspecError:
        return None


def parse_challenge(body: bytes) -> Challenge | None:
    """The challenge in an answer, or None when it is something else."""
    try:
        wire = _CHALLENGE.decode(body)
    except msgspec.MsgspecError:
        return None
    if not wire.enrolment_id or not wire.api_key.isascii() or not wire.api_key:
        return None
    return Challenge(
        enrolment_id=wire.enrolment_id,
        api_key=Secret(wire.api_key),
        mqtt_password=None if wire.mqtt_password is None else Secret(wire.mqtt_password),
        challenge=wire.challenge,
    )


def parse_enrolled(body: bytes) -> str | None:
    """The device's uuid in an answer, or None when it is something else."""
    try:
        return _ENROLLED.decode(body).device_uuid or None
    except msgspec.MsgspecError:
        return None


def parse_successor(body: bytes) -> Secret | None:
    """The device's next key in an answer, or None when it is something else."""
    try:
        key = _SUCCESSOR.decode(body).api_key
    except msgspec.MsgspecError:
        return None
    return Secret(key) if key and key.isascii() else None


def parse_problem(body: bytes) -> Problem:
    """What the server says is wrong, as far as it can be read."""
    try:
        return _PROBLEM.decode(body)
    except msgspec.MsgspecError:
        return Problem()


def parse_retry_after(text: str | None, clock: Clock) -> timedelta | None:
    """Retry-After as a duration (RFC 9110, 10.2.3: seconds or a date); None when absent or unreadable."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        # More digits than a century has seconds would overflow; the caller caps it anyway.
        return timedelta(seconds=int(text[:9]))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max(timedelta(0), moment - clock())
