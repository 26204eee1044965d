"""Who acts, and on whose request: said once at the edge, and written beside every change and event that comes of it.

with acting(Provenance(actor_kind="user", actor="anna", key_id="k7", request_id="3f1c")):
...
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

__all__ = ["ActorKind", "Provenance", "acting", "present_provenance"]

ActorKind = Literal["user", "device", "claim_key", "system"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a change comes from."""

    actor_kind: ActorKind
    actor: str
    """The username, the uuid of the device, the id of the claim key, or the name of the program."""
    key_id: str | None = None
    """The public part of the key that the actor came with."""
    request_id: str | None = None
    """The request, as it stands in the logs."""
    address: str | None = None
    """Where the request came from; behind a proxy, what the proxy forwards."""


_acting: ContextVar[Provenance | None] = ContextVar("iotistic_provenance", default=None)


@contextmanager
def acting(provenance: Provenance) -> Generator[None]:
    """Everything that is begun inside, by this task and the tasks it starts, is done by this actor."""
    token = _acting.set(provenance)
    try:
        yield
    finally:
        _acting.reset(token)


def present_provenance() -> Provenance | None:
    """Who acts here and now; None: nobody has said so, and the program itself does."""
    return _acting.get()
