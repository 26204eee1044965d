"""Which requests are counted as the traffic of a device: all that came with its key, whatever became of them."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from starlette.types import Scope

from iotistic.devices.traffic import TrafficKind
from iotistic.http.access import find_principal
from iotistic.http.platform_access import find_platform
from iotistic.http.request_body import received_bytes
from iotistic.http.request_context import CALLER_LEFT

__all__ = ["count_traffic", "kind_of"]

_PLACE: Final = 5  # /api/v1/devices/{uuid}/<word>
_KINDS: Final[Mapping[str, TrafficKind]] = MappingProxyType(
    {"metrics": "metrics", "logs": "logs", "shadow": "shadow", "jobs": "jobs"}
)


def count_traffic(scope: Scope, status: int, sent: int) -> None:
    """Counts a request that is over, if it came with the key of a device."""
    principal = find_principal(scope)
    if principal is None or principal.device_uuid is None:
        return
    platform = find_platform(scope)
    if platform is not None:
        refused = HTTPStatus.BAD_REQUEST <= status < CALLER_LEFT
        platform.traffic.count(
            principal.device_uuid,
            kind_of(scope["path"]),
            refused=refused,
            received=received_bytes(scope),
            sent=sent,
        )


def kind_of(path: str) -> TrafficKind:
    """By the path and not by the route: what is refused for coming too often reaches none."""
    words = path.split("/", _PLACE + 1)
    return _KINDS.get(words[_PLACE], "other") if len(words) > _PLACE else "other"
