"""What can be done with MQTT accounts, their rules, and what brokers say."""

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import final
from uuid import UUID

from iotistic.clock import Clock, system_clock
from iotistic.database.pool import Connection
from iotistic.mqtt.access import judge
from iotistic.mqtt.errors import MqttAclNotFound, MqttUserNotFound, username_taken
from iotistic.mqtt.model import (
    Access,
    BrokerStats,
    MqttAcl,
    MqttUser,
    MqttUserKind,
    TopicMetrics,
    Verdict,
)
from iotistic.mqtt.repository import MqttRepository
from iotistic.mqtt.rule_checks import require_rule
from iotistic.mqtt.secrets import MintedPassword, hashed, minted
from iotistic.secret import Secret

__all__ = ["MqttService"]

_LONGEST_PAGE = 1000
# A device speaks in its own up and hears its own down, and nothing else: given its whole subtree it could forge its own commands.
_UP = "iot/device/%u/up/#"
_DOWN = "iot/device/%u/down/#"


@final
class MqttService:
    """MQTT on one connection; whoever opened the transaction commits it."""

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Clock = system_clock,
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._mqtt = MqttRepository(connection)
        self._clock = clock
        self._randomness = randomness

    async def create_device_user(self, device_uuid: UUID) -> Secret:
        """The account of a device, bound to its uuid as client id, with the rules of a device; its password, told this once.

        Raises MqttUserExists, or MqttInvalid when there is no such device.
        """
        username = str(device_uuid)
        secret = await self.create_user(username, kind="device", device_uuid=device_uuid, client_id=username)
        await self._give_rules(username)
        return secret

    def mint_password(self) -> MintedPassword:
        """A password for an account that is made, or renewed, later."""
        password = minted(self._randomness)
        return MintedPassword(text=password, password_hash=hashed(password, self._randomness))

    async def put_device_user(self, device_uuid: UUID, password_hash: str) -> None:
        """Sees to it that the device has its account and the rules of a device; the password is this one, and no older one.

        An account that somebody keeps out stays kept out, and rules made by hand stay. Raises MqttUserExists when the name belongs
        to another, or MqttInvalid when there is no such device.
        """
        if not await self._mqtt.put_device_user(device_uuid, password_hash):
            raise username_taken()
        await self._give_rules(str(device_uuid))

    async def _give_rules(self, username: str) -> None:
        for topic, access in ((_UP, Access.PUBLISH), (_DOWN, Access.RECEIVE | Access.SUBSCRIBE)):
            await self._mqtt.put_acl(
                username=username, client_id=None, topic=topic, access=access, origin="template"
            )

    async def create_user(
        self,
        username: str,
        *,
        kind: MqttUserKind,
        device_uuid: UUID | None = None,
        client_id: str | None = None,
        is_superuser: bool = False,
        lasts: timedelta | None = None,
    ) -> Secret:
        """An account without rules; its password, told this once. Raises MqttUserExists or MqttInvalid."""
        secret = minted(self._randomness)
        await self._mqtt.insert_user(
            username,
            kind=kind,
            device_uuid=device_uuid,
            client_id=client_id,
            password_hash=hashed(secret, self._randomness),
            is_superuser=is_superuser,
            lasts=lasts,
        )
        return secret

    async def renew_secret(self, username: str) -> Secret:
        """A new password; the old one stops to work at once. Raises MqttUserNotFound."""
        secret = minted(self._randomness)
        if not await self._mqtt.set_password_hash(username, hashed(secret, self._randomness)):
            raise _unknown(username)
        return secret

    async def set_active(self, username: str, *, is_active: bool) -> bool:
        """Lets the account in or keeps it out; answers whether that changed anything. Raises MqttUserNotFound."""
        await self.get_user(username)
        return await self._mqtt.set_active(username, is_active=is_active)

    async def remove_device_user(self, device_uuid: UUID) -> bool:
        """Takes the account of a device away with its rules; answers whether there was one."""
        return await self._mqtt.delete_device_user(device_uuid)

    async def remove_user(self, username: str) -> None:
        """Takes an account away with its rules. Raises MqttUserNotFound."""
        if not await self._mqtt.delete_user(username):
            raise _unknown(username)

    async def get_user(self, username: str) -> MqttUser:
        """The account of this name. Raises MqttUserNotFound."""
        user = await self._mqtt.find_user(username)
        if user is None:
            raise _unknown(username)
        return user

    async def list_users(
        self, *, kind: MqttUserKind | None = None, after: str | None = None, limit: int = 100
    ) -> Sequence[MqttUser]:
        """Accounts by name, those behind the name `after`, at most `limit` (up to 1,000)."""
        return await self._mqtt.list_users(kind=kind, after=after, limit=min(limit, _LONGEST_PAGE))

    async def allow(
        self, username: str | None, topic: str, access: Access, *, client_id: str | None = None
    ) -> MqttAcl:
        """Adds a rule, or says anew what it allows; `username` None is everybody. Raises MqttInvalid or MqttUserNotFound."""
        require_rule(topic, access, username=username)
        return await self._mqtt.put_acl(
            username=username, client_id=client_id, topic=topic, access=access, origin="manual"
        )

    async def disallow(self, rule_id: int) -> None:
        """Takes a rule away. Raises MqttAclNotFound."""
        if not await self._mqtt.delete_acl(rule_id):
            raise MqttAclNotFound(f"There is no rule {rule_id}.", hint="`iotistic mqtt acls` lists them.")

    async def list_acls(
        self, *, username: str | None = None, after: int | None = None, limit: int = 100
    ) -> Sequence[MqttAcl]:
        """Rules in the order they were made, those behind the rule `after`; of one account, or all."""
        return await self._mqtt.list_acls(username=username, after=after, limit=min(limit, _LONGEST_PAGE))

    async def judge(self, username: str, *, client_id: str, topic: str, access: Access) -> Verdict:
        """Whether the account may do that, and by which rule: what a broker would decide."""
        user = await self._mqtt.find_user(username)
        rules = await self._mqtt.list_acls_for(username)
        return judge(user, rules, client_id=client_id, topic=topic, access=access, now=self._clock())

    async def record_broker_stats(self, stats: Sequence[BrokerStats]) -> int:
        """Keeps what brokers said; answers how many of it was news."""
        return await self._mqtt.add_broker_stats(stats)

    async def list_broker_stats(
        self, broker_id: int, *, since: datetime, until: datetime, limit: int = 1000
    ) -> Sequence[BrokerStats]:
        """How a broker did from `since` up to, not including, `until`; newest first."""
        return await self._mqtt.list_broker_stats(broker_id, since=since, until=until, limit=limit)

    async def record_topic_metrics(self, metrics: Sequence[TopicMetrics]) -> int:
        """Keeps what went over topics; answers how many of it was news."""
        return await self._mqtt.add_topic_metrics(metrics)

    async def list_busiest_topics(
        self, broker_id: int, *, since: datetime, until: datetime, limit: int = 100
    ) -> Sequence[TopicMetrics]:
        """The topics that carried the most bytes in that time, each summed up."""
        return await self._mqtt.list_busiest_topics(broker_id, since=since, until=until, limit=limit)


def _unknown(username: str) -> MqttUserNotFound:
    return MqttUserNotFound(
        f"There is no MQTT account {username!r}.", hint="`iotistic mqtt users` lists them.", username=username
    )
