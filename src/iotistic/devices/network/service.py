"""What can be asked and said about network interfaces."""

import ipaddress
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.devices.errors import DeviceInvalid
from iotistic.devices.model import NetworkInterface
from iotistic.devices.network.model import InterfaceChange, InterfaceFound
from iotistic.devices.network.repository import NetworkRepository
from iotistic.errors import Invalid

__all__ = ["KEPT", "AddressInvalid", "NetworkService", "plain_mac", "plain_network"]

KEPT = timedelta(days=180)
"""How long a change of an interface is remembered."""
_LONGEST_PAGE = 1000
_BATCH = 10_000
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5,19}")


class AddressInvalid(Invalid):
    """A text that is no IP address, network or MAC address."""

    code = "address_invalid"


@final
class NetworkService:
    """Network interfaces on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._network = NetworkRepository(connection)

    async def replace_interfaces(self, uuid: UUID, interfaces: Sequence[NetworkInterface]) -> None:
        """Makes `interfaces` the ones the device has; what is as before, or only wobbles, is not written.

        Raises DeviceInvalid when one is named twice, or DeviceNotFound.
        """
        names = [one.name for one in interfaces]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DeviceInvalid(f"The interface {twice[0]!r} is named twice.", name=twice[0])
        await self._network.replace(uuid, interfaces)

    async def list_interfaces(self, uuid: UUID) -> Sequence[NetworkInterface]:
        """The interfaces the device last named, the one with the default route first."""
        return await self._network.list(uuid)

    async def list_changes(
        self, uuid: UUID, *, before: int | None = None, limit: int = 100
    ) -> Sequence[InterfaceChange]:
        """What changed about them, newest first, those before the id `before`, at most `limit` (up to 1,000)."""
        return await self._network.list_changes(uuid, before=before, limit=min(limit, _LONGEST_PAGE))

    async def find_by_address(self, text: str, *, limit: int = 100) -> Sequence[InterfaceFound]:
        """Interfaces with this address, or with one inside this network (192.0.2.0/24), those in service first. Raises AddressInvalid."""
        return await self._network.find_by_address(plain_network(text), limit=min(limit, _LONGEST_PAGE))

    async def find_by_mac(self, text: str, *, limit: int = 100) -> Sequence[InterfaceFound]:
        """Interfaces with this MAC address, however it is written. Raises AddressInvalid."""
        return await self._network.find_by_mac(plain_mac(text), limit=min(limit, _LONGEST_PAGE))

    async def forget_old(self, older: timedelta = KEPT) -> int:
        """Deletes changes older than that, at most 10,000; answers how many."""
        return await self._network.delete_old_changes(older, limit=_BATCH)


def plain_network(text: str) -> str:
    """An address or a network as PostgreSQL reads it; bits behind the prefix are passed over. Raises AddressInvalid."""
    try:
        return str(ipaddress.ip_network(text.strip().partition("%")[0], strict=False))
    except ValueError as error:
        raise AddressInvalid(
            f"{text[:60]!r} is no IP address and no network.",
            hint="Write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32.",
        ) from error


def plain_mac(text: str) -> str:
    """A MAC address in lower case with colons, from any of its usual forms. Raises AddressInvalid."""
    digits = re.sub(r"[:.\- ]", "", text.strip().lower())
    plain = ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
    if not _MAC.fullmatch(plain):
        raise AddressInvalid(
            f"{text[:60]!r} is no MAC address.",
            hint="Write b8:27:eb:00:00:01, B8-27-EB-00-00-01 or b827.eb00.0001.",
        )
    return plain
