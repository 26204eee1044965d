import logging
from datetime import UTC, datetime

import pytest

from iotistic.agent.events import Event, Events
from iotistic.secret import Secret


def clock() -> datetime:
    return datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


def test_an_event_is_logged_with_its_fields_and_told_to_listeners(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Event] = []
    events = Events(logging.getLogger("test.agent"), clock)
    events.subscribe(heard.append)
    with caplog.at_level(logging.INFO, "test.agent"):
        events.info("agent_started", server="http://x")
        events.warning("delivery_failing", reason="refused")
        events.error("device_key_refused")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "agent_started"),
        ("WARNING", "delivery_failing"),
        ("ERROR", "device_key_refused"),
    ]
    assert vars(caplog.records[0])["server"] == "http://x"
    assert [event.level for event in heard] == ["info", "warning", "error"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("two words", '"two words"'),
        (1.5, "1.5"),
        (2.0, "2"),
        ("", '""'),
        ("a\nb", '"a\\nb"'),
        (Secret("s"), "***"),
    ],
)
def test_a_field_is_one_word_or_quoted(value: object, shown: str) -> None:
    assert Event(timestamp=clock(), level="info", name="x", fields={"f": value}).text() == f"x f={shown}"
