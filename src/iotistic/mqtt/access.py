"""Whether an account may do something with a topic. Pure: account and rules in, a verdict out."""

from collections.abc import Sequence
from datetime import datetime

from iotistic.mqtt.model import Access, MqttAcl, MqttUser, Verdict
from iotistic.mqtt.topic_filter import covers, substituted

__all__ = ["judge"]


def judge(
    user: MqttUser | None,
    rules: Sequence[MqttAcl],
    *,
    client_id: str,
    topic: str,
    access: Access,
    now: datetime,
) -> Verdict:
    """Every bit of `access` must be allowed by one rule. An account that may not connect may do nothing."""
    if user is None:
        return Verdict(allowed=False, reason="no_account")
    if (refusal := _kept_out(user, client_id, now)) is not None:
        return refusal
    if user.is_superuser:
        return Verdict(allowed=True, reason="superuser")
    for rule in rules:
        if _allows(rule, user.username, client_id, topic, access):
            return Verdict(allowed=True, reason="rule", rule=rule)
    return Verdict(allowed=False, reason="no_rule")


def _kept_out(user: MqttUser, client_id: str, now: datetime) -> Verdict | None:
    if not user.is_active:
        return Verdict(allowed=False, reason="inactive")
    if user.expires_at is not None and user.expires_at <= now:
        return Verdict(allowed=False, reason="expired")
    if user.client_id is not None and user.client_id != client_id:
        return Verdict(allowed=False, reason="other_client")
    return None


def _allows(rule: MqttAcl, username: str, client_id: str, topic: str, access: Access) -> bool:
    if rule.username not in {None, username} or rule.client_id not in {None, client_id}:
        return False
    if rule.access & access != access:
        return False
    filter_ = substituted(rule.topic, username=username, client_id=client_id)
    return filter_ is not None and covers(filter_, topic)
