"""What an MQTT rule covers, and what an account may do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.mqtt import Access, MqttAcl, MqttUser
from iotistic.mqtt.access import judge
from iotistic.mqtt.secrets import hashed, minted
from iotistic.mqtt.topic_filter import covers, substituted

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        ("a/b", "a/b"),
        ("a/+", "a/b"),
        ("a/+", "a/"),
        ("a/+/c", "a/b/c"),
        ("a/#", "a"),
        ("a/#", "a/b/c"),
        ("#", "a/b"),
        ("+", "a"),
        ("+/+", "/a"),
        ("a/#", "a/+/c"),
        ("a/#", "a/#"),
        ("a/+", "a/+"),
        ("$SYS/#", "$SYS/broker"),
        ("a.b", "a.b"),
    ],
)
def test_a_rule_covers_what_mqtt_says(rule: str, asked: str) -> None:
    assert covers(rule, asked)


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        ("a/b", "a/c"),
        ("a/b", "a"),
        ("a", "a/b"),
        ("a/+", "a"),
        ("a/+", "a/b/c"),
        ("a/+", "a/#"),  # the original's matcher, and go-auth's, let this through
        ("a/b", "a/+"),
        ("a/b/#", "a/#"),
        ("+", "#"),
        ("#", "$SYS/broker"),
        ("+/broker", "$SYS/broker"),
        ("#", "$share/group/a"),
        ("a.b", "axb"),
        ("a/#", "ab"),
    ],
)
def test_a_rule_covers_nothing_more(rule: str, asked: str) -> None:
    assert not covers(rule, asked)


levels = st.sampled_from(["a", "b", "", "+"])
filters = st.builds(
    lambda parts, end: "/".join([*parts, *end]),
    st.lists(levels, min_size=1, max_size=4),
    st.sampled_from([[], ["#"]]),
)
topics = st.lists(st.sampled_from(["a", "b", ""]), min_size=1, max_size=5).map("/".join)


@given(rule=filters, asked=filters, topic=topics)
def test_what_is_covered_means_no_topic_more(rule: str, asked: str, topic: str) -> None:
    """If a rule covers a filter, and the filter a topic, then the rule covers the topic."""
    if covers(rule, asked) and covers(asked, topic):
        assert covers(rule, topic)


def test_a_client_id_cannot_widen_a_rule() -> None:
    assert substituted("c/%c/#", username="u", client_id="dev1") == "c/dev1/#"
    for wide in ("+", "#", "a/b"):
        assert substituted("c/%c/#", username="u", client_id=wide) is None
    assert substituted("u/%u", username="u", client_id="+") == "u/u"


def user(**changes: object) -> MqttUser:
    facts: dict[str, object] = {
        "username": "dev1",
        "kind": "service",
        "device_uuid": None,
        "client_id": None,
        "is_superuser": False,
        "is_active": True,
        "expires_at": None,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return MqttUser(**{**facts, **changes})  # type: ignore[arg-type]


def rule(topic: str, access: int, username: str | None = "dev1", client_id: str | None = None) -> MqttAcl:
    return MqttAcl(
        id=1,
        username=username,
        client_id=client_id,
        topic=topic,
        access=access,
        origin="manual",
        created_at=NOW,
    )


RULES = [
    rule("up/%u/#", 2),
    rule("down/%u/#", 5),
    rule("news", 1, username=None),
    rule("x", 2, client_id="c9"),
]


@pytest.mark.parametrize(
    ("topic", "access", "client_id", "allowed"),
    [
        ("up/dev1/metrics", Access.PUBLISH, "c1", True),
        ("up/dev1/metrics", Access.RECEIVE, "c1", False),
        ("up/dev2/metrics", Access.PUBLISH, "c1", False),
        ("down/dev1/#", Access.SUBSCRIBE, "c1", True),
        ("down/#", Access.SUBSCRIBE, "c1", False),
        ("down/dev1/cmd", Access.PUBLISH, "c1", False),
        ("news", Access.RECEIVE, "c1", True),
        ("news", Access.RECEIVE | Access.PUBLISH, "c1", False),
        ("x", Access.PUBLISH, "c9", True),
        ("x", Access.PUBLISH, "c8", False),
    ],
)
def test_one_rule_must_allow_all_that_is_asked(
    topic: str, access: Access, client_id: str, *, allowed: bool
) -> None:
    verdict = judge(user(), RULES, client_id=client_id, topic=topic, access=access, now=NOW)
    assert verdict.allowed is allowed


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        (None, "no_account"),
        (user(is_active=False, is_superuser=True), "inactive"),
        (user(expires_at=NOW, is_superuser=True), "expired"),
        (user(client_id="c2", is_superuser=True), "other_client"),
    ],
)
def test_an_account_that_may_not_connect_may_do_nothing(account: MqttUser | None, reason: str) -> None:
    verdict = judge(account, RULES, client_id="c1", topic="up/dev1/x", access=Access.PUBLISH, now=NOW)
    assert (verdict.allowed, verdict.reason) == (False, reason)


def test_a_superuser_and_the_last_moment() -> None:
    almost = user(expires_at=NOW + timedelta(microseconds=1), is_superuser=True)
    verdict = judge(almost, [], client_id="c1", topic="any", access=Access.PUBLISH, now=NOW)
    assert (verdict.allowed, verdict.reason) == (True, "superuser")


def test_a_hash_is_what_brokers_read() -> None:
    """Digest by `openssl kdf -keylen 64 -kdfopt digest:SHA512 -kdfopt pass:... -kdfopt salt:AAECAwQFBgcI -kdfopt iter:1 PBKDF2`."""
    numbers = bytes(range(24))
    secret = minted(lambda count: numbers[:count])
    assert secret.reveal() == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
    assert hashed(secret, lambda count: numbers[:count]) == (
        "PBKDF2$sha512$1$QUFFQ0F3UUZCZ2NJ$"
        "mtpKCd76hv3D9F+vhkRq5laDhZeqIMMKwAFRMeGWBhNz0DTbS10rkCX3Im0aEmMMtzkE0KeR7mg9+I1o3o0Kxg=="
    )
