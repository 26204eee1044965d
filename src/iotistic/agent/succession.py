"""The next key of this device: fetched with the one it has, when the server says that it retires, or refuses it."""

from dataclasses import replace

from iotistic.agent.identity import Identity
from iotistic.agent.transport import Delivered, Transport, TryLater, judge
from iotistic.agent.wire import parse_successor
from iotistic.errors import Unavailable

__all__ = ["fetch_successor"]

_PATH = "/api/v1/auth/key/successor"


async def fetch_successor(transport: Transport, identity: Identity) -> Identity | None:
    """The same device with its next key; None: the server gives none for this one. Raises Unavailable.

    What is fetched and lost on the way is fetched again: the server voids what was not used.
    """
    outcome = judge(await transport.send("POST", _PATH, key=identity.api_key, body=b""))
    match outcome:
        case Delivered(body=body):
            key = parse_successor(body)
            if key is None:
                raise Unavailable("What answers at the server's address is not the API.")
            return replace(identity, api_key=key)
        case TryLater(reason=reason, retry_after=retry_after):
            raise Unavailable(f"The next key cannot be fetched now: {reason}.", retry_after=retry_after)
        case _:
            return None
