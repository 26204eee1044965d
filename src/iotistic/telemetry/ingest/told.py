"""Who is told once a body is durable, and at once: a future's callback costs a task switch of its own for each body."""

import logging
from collections.abc import Callable
from typing import final

__all__ = ["Told"]

_log = logging.getLogger("iotistic.telemetry.ingest")


@final
class Told:
    """Stands where a future would: set once, to nothing or to the error that kept the rows from getting a place."""

    __slots__ = ("_error", "_is_set", "_tell")

    def __init__(self, tell: Callable[[BaseException | None], None]) -> None:
        self._tell = tell
        self._is_set = False
        self._error: BaseException | None = None

    def done(self) -> bool:
        return self._is_set

    def cancelled(self) -> bool:
        """Never: nobody waits here who could go away."""
        return False

    def exception(self) -> BaseException | None:
        return self._error

    def set_result(self, _: None) -> None:
        self._set(None)

    def set_exception(self, error: BaseException) -> None:
        self._set(error)

    def _set(self, error: BaseException | None) -> None:
        self._is_set, self._error = True, error
        try:
            self._tell(error)
        except Exception:  # noqa: BLE001 - one caller who cannot be told must not keep the others of the batch from it
            _log.exception("caller not told")
