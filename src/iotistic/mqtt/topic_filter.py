"""Topic filters as MQTT has them (version 5.0, section 4.7): which topics and which other filters one covers. Pure."""

__all__ = ["covers", "substituted"]


def covers(rule: str, asked: str) -> bool:
    """Whether every topic that `asked` (a topic, or a filter that is subscribed to) means is meant by `rule` too.

    Level by level, not as text: `a/+` covers the topic `a/b` and not the filter `a/#`; `a/#` covers `a` itself; neither + nor # at
    the beginning covers a topic that begins with $.
    """
    if asked.startswith("$") and rule[:1] in {"+", "#"}:
        return False
    allowed, wanted = rule.split("/"), asked.split("/")
    for position, level in enumerate(allowed):
        if level == "#":
            return True
        if position == len(wanted):
            return False
        if wanted[position] == "#" or (level != "+" and level != wanted[position]):
            return False
    # What is left of the question is either nothing, or deeper than the rule.
    return len(wanted) == len(allowed)


def substituted(topic: str, *, username: str, client_id: str) -> str | None:
    """The filter with %u and %c replaced; None when a client id would widen it."""
    if "%c" in topic and any(character in client_id for character in "+#/"):
        return None
    return topic.replace("%u", username).replace("%c", client_id)
