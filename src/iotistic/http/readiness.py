"""Whether to send traffic here, asked by anybody and as often as they like: one look at a time, and each kept for a moment.

`/ready` is open to strangers, and a look opens a connection: without this, they could open them all.
"""

import asyncio
import logging
from datetime import timedelta
from time import monotonic
from typing import final

from iotistic.bootstrap.platform import Finding, Platform
from iotistic.errors import IotisticError

__all__ = ["ReadinessProbe"]

_log = logging.getLogger("iotistic.http.readiness")

_PATIENCE = timedelta(seconds=5)
"""An answer later than this is a no: probes give up sooner or later, and a database this slow should get no more traffic."""
_KEEP_YES = timedelta(seconds=1)
_KEEP_NO = timedelta(milliseconds=200)


@final
class ReadinessProbe:
    """Looks at a platform when asked. What the database says of itself goes to the log, not to the caller."""

    def __init__(self, patience: timedelta = _PATIENCE) -> None:
        self._patience = patience
        self._lock = asyncio.Lock()
        self._findings: list[Finding] = []
        self._fresh_until = 0.0
        self._told = ""
        self._looks: set[asyncio.Task[list[Finding]]] = set()
        """Held, so that one that was given up comes to its end."""

    async def look(self, platform: Platform | None) -> list[Finding]:
        """What was found now, or a moment ago. A platform that is not open yet is one finding."""
        if platform is None:
            return [Finding(check="start", ready=False, detail="The database is not open yet.")]
        async with self._lock:
            if monotonic() >= self._fresh_until:
                self._findings = await self._ask(platform)
                ready = all(finding.ready for finding in self._findings)
                self._fresh_until = monotonic() + (_KEEP_YES if ready else _KEEP_NO).total_seconds()
            return self._findings

    async def _ask(self, platform: Platform) -> list[Finding]:
        looking = asyncio.create_task(platform.readiness(), name="readiness")
        self._looks.add(looking)
        looking.add_done_callback(self._over)
        try:
            done, _ = await asyncio.wait({looking}, timeout=self._patience.total_seconds())
            findings = looking.result() if done else None
        except IotisticError as error:
            return [self._failed(error.message)]
        finally:
            # Not waited for: a statement that is cancelled waits for its server once more, 10 s with one that hangs.
            looking.cancel()
        if findings is None:
            return [self._failed(f"No answer within {self._patience.total_seconds():g} s.")]
        return [
            finding if finding.ready or finding.check != "pool" else self._failed(finding.detail)
            for finding in findings
        ]

    def _over(self, looking: asyncio.Task[list[Finding]]) -> None:
        self._looks.discard(looking)
        if not looking.cancelled():
            looking.exception()  # told already, or too late to tell

    def _failed(self, reason: str) -> Finding:
        if reason != self._told:  # once per reason: probes come every few seconds
            self._told = reason
            _log.warning("not ready", extra={"reason": reason})
        return Finding(check="database", ready=False, detail="It does not answer; the server's log says why.")
