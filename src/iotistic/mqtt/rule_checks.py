"""What a rule may say, beyond what is a topic filter at all: that, the database checks. Pure."""

import re

from iotistic.mqtt.errors import MqttInvalid
from iotistic.mqtt.model import Access

__all__ = ["require_rule"]

_OTHER_PLACEHOLDER = re.compile(r"%(?![uc])")


def require_rule(topic: str, access: Access, *, username: str | None) -> None:
    """Raises MqttInvalid for a rule that would not do what it seems to do."""
    if access & Access.SUBSCRIBE and not access & Access.RECEIVE:
        # go-auth lets whoever may subscribe to a/+ subscribe to a/# as well: only `receive` keeps the rest away.
        raise MqttInvalid(
            "Whoever may subscribe and not receive gets nothing.",
            hint="Give `receive` too.",
            field="body.allow",
        )
    if _OTHER_PLACEHOLDER.search(topic):
        raise MqttInvalid(
            "Only %u (the username) and %c (the client id) stand for something.",
            hint="Brokers would take any other % as it is, or not at all.",
            field="body.topic",
        )
    if username is None and topic.startswith("$"):
        raise MqttInvalid(
            "A topic that begins with $ is the broker's own: no rule gives it to everybody.",
            hint="Name the account it is for.",
            field="body.topic",
        )
