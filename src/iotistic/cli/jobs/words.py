"""How the options of `iotistic jobs` are written, and what they mean."""

import json
import re
import sys
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated

import typer

from iotistic.errors import Invalid
from iotistic.jobs import JobDocument, RolloutPolicy, Share, Window, parse_document

__all__ = [
    "CREATED_BY",
    "Attempts",
    "Canary",
    "Concurrency",
    "DocumentFile",
    "JobNumber",
    "Threshold",
    "WindowText",
    "document_in",
    "policy_from",
    "share_from",
    "window_from",
]

CREATED_BY = "iotistic jobs"

JobNumber = Annotated[int, typer.Argument(help="The number of a job.", metavar="JOB", min=1, max=2**63 - 1)]
DocumentFile = Annotated[
    str, typer.Argument(help="A file with the steps as JSON, or - to read stdin.", metavar="FILE")
]
Concurrency = Annotated[
    int | None, typer.Option("--concurrency", min=1, help="So many devices at once; all by default.")
]
Canary = Annotated[
    str | None,
    typer.Option("--canary", metavar="N|P%", help="So many first: all must succeed, one failure halts."),
]
Threshold = Annotated[
    str | None, typer.Option("--halt-after", metavar="N|P%", help="So many failed devices halt it.")
]
Attempts = Annotated[int, typer.Option("--attempts", min=1, max=10, help="How often a device may try.")]
WindowText = Annotated[
    str | None,
    typer.Option(
        "--window", metavar="FROM-TO[@ZONE]", help="When devices may begin: 22:00-04:00@Europe/Berlin."
    ),
]

_SHARE = re.compile(r"(?P<number>[0-9]{1,7}(\.[0-9]{1,3})?)(?P<percent>%?)")
_WINDOW = re.compile(r"(?P<start>([01]\d|2[0-3]):[0-5]\d)-(?P<end>([01]\d|2[0-3]):[0-5]\d)(@(?P<zone>\S+))?")


class WordsUnclear(Invalid):
    """An option that does not say what it should."""

    code = "job_option_unclear"


def policy_from(
    *, concurrency: int | None, canary: str | None, threshold: str | None, attempts: int, window: str | None
) -> RolloutPolicy:
    """What the options mean together. Raises WordsUnclear."""
    return RolloutPolicy(
        concurrency=concurrency,
        canary=None if canary is None else share_from(canary),
        failure_threshold=None if threshold is None else share_from(threshold),
        attempts=attempts,
        retry_delay=timedelta(seconds=10),
        window=None if window is None else window_from(window),
    )


def share_from(text: str) -> Share:
    """5 or 10%. Raises WordsUnclear."""
    found = _SHARE.fullmatch(text)
    if found is None or ("." in found["number"] and not found["percent"]):
        raise WordsUnclear(f"{text!r} is no number of devices.", hint="Write 5, or 10%.")
    return Share(percent=float(found["number"])) if found["percent"] else Share(count=int(found["number"]))


def window_from(text: str) -> Window:
    """22:00-04:00@Europe/Berlin. Raises WordsUnclear."""
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise WordsUnclear(
            f"{text!r} says no hours.", hint="Write 22:00-04:00, or 22:00-04:00@Europe/Berlin."
        )
    return Window(
        start=time.fromisoformat(found["start"]),
        end=time.fromisoformat(found["end"]),
        time_zone=found["zone"] or "UTC",
    )


def document_in(file: str) -> JobDocument:
    """The steps in a file, or on stdin for `-`. Raises WordsUnclear or JobDocumentInvalid."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        value: object = json.loads(text)
    except OSError as error:
        raise WordsUnclear(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise WordsUnclear(f"{file} is no JSON: {error}.") from error
    return parse_document(value)
