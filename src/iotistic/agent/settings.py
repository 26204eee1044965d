"""What an agent is told when it is started."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from iotistic.errors import Invalid
from iotistic.secret import Secret

__all__ = ["AgentSettings", "FindClaimKey", "claim_key_from", "parse_server"]

FindClaimKey = Callable[[], Secret | None]
"""The claim key as it is now, or None; asked anew at every enrolment, so that a person can put one there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """One agent's settings."""

    server: str
    """URL of the API, without a trailing slash."""
    state_dir: Path
    """Where key, spool and status are kept."""
    name: str
    """What the device is called when it enrols."""
    find_claim_key: FindClaimKey = lambda: None
    """Where the key for enrolling comes from."""
    interval: timedelta = timedelta(seconds=5)
    """From one report to the next."""
    spool_limit: int = 128 * 2**20
    """Most bytes on disk for what is not yet delivered; half for reports, half for log lines."""
    logs: str = "auto"
    """Which log to send: auto, journal, own, none, or a file's path."""
    patience: timedelta = timedelta(seconds=30)
    """How long to wait for a part of an answer; a whole request may take twice as long."""
    commands: tuple[str, ...] = ()
    """Programs that jobs may run, by their whole path; none by default."""
    update_command: tuple[str, ...] = ()
    """How a job brings the agent to `{version}`; empty: none may."""
    rest_after_enrolment: timedelta = timedelta(seconds=30)
    """Two agents that claim to be the same host would take the key from each other without pause."""


def parse_server(text: str) -> str:
    """The URL of a server, made plain. Raises Invalid."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise Invalid(
            f"{text!r} is no server address.",
            hint="Write it with its scheme, for example http://127.0.0.1:8080.",
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise Invalid(
            "A server address has no user, query or fragment.",
            hint="Keys are read from --claim-key-file or IOTISTIC_CLAIM_KEY.",
        )
    return text.strip().rstrip("/")


def claim_key_from(file: Path | None, environment_value: str | None) -> FindClaimKey:
    """The claim key in a file, else in a variable's value. The finder raises Invalid for a text that cannot be a key."""

    def find() -> Secret | None:
        text = environment_value or ""
        if file is not None:
            try:
                text = file.read_text(encoding="utf-8")
            except FileNotFoundError:
                return None
            except (OSError, UnicodeDecodeError) as error:
                raise Invalid(
                    f"The claim key file {file} cannot be read.",
                    hint="It holds one line of text, readable by the agent.",
                ) from error
        text = text.strip()
        if not text:
            return None
        # It will stand in a header: a line break or a letter beyond ASCII there is a mistake, or worse.
        if not text.isascii() or not text.isprintable() or " " in text:
            where = str(file) if file is not None else "IOTISTIC_CLAIM_KEY"
            raise Invalid(
                f"{where} does not hold a claim key.", hint="It is one line of letters, digits and signs."
            )
        return Secret(text)

    return find
