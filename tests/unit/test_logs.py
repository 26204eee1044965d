import io
import json
import logging
from collections.abc import Iterator

import pytest

from iotistic.logs import JsonFormatter, TextFormatter, bound, configure_logging
from iotistic.secret import Secret


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back afterwards."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:], logger.level = handlers, level


def record(event: str, /, **fields: object) -> logging.LogRecord:
    made = logging.makeLogRecord(
        {"name": "iotistic.test", "levelname": "INFO", "levelno": 20, "msg": event, "created": 0.25}
    )
    vars(made).update(fields)
    return made


def test_a_json_line_holds_the_event_and_its_fields_apart() -> None:
    line = json.loads(JsonFormatter().format(record("device enrolled", device="pump")))
    assert line == {
        "timestamp": "1970-01-01T00:00:00.250Z",
        "level": "info",
        "logger": "iotistic.test",
        "event": "device enrolled",
        "device": "pump",
    }


def test_a_field_cannot_take_the_place_of_the_event() -> None:
    line = json.loads(JsonFormatter().format(record("device enrolled", event="forged", level="forged")))
    assert (line["event"], line["level"]) == ("device enrolled", "info")


def test_a_text_line_names_its_fields() -> None:
    assert (
        TextFormatter().format(record("request", status=200, path="/health"))
        == "1970-01-01T00:00:00.250Z INFO    iotistic.test: request status=200 path=/health"
    )


@pytest.mark.parametrize("value", ["two words", "a=b", 'a"b', "", "first\nsecond", "\x1b[31m"])
def test_a_text_that_could_pass_for_more_is_quoted(value: str) -> None:
    line = TextFormatter().format(record("request", path=value))
    assert line.endswith(f" path={json.dumps(value)}")
    assert "\n" not in line


def test_an_event_of_several_lines_stays_one() -> None:
    assert "\n" not in TextFormatter().format(record("one\ntwo"))


def test_what_is_bound_is_in_every_line_inside_and_in_none_outside() -> None:
    with bound(request_id="r1"), bound(device="d1"):
        inside = json.loads(JsonFormatter().format(record("x")))
    outside = json.loads(JsonFormatter().format(record("x")))
    assert (inside["request_id"], inside["device"]) == ("r1", "d1")
    assert "request_id" not in outside


def test_a_field_of_the_record_wins_over_a_bound_one() -> None:
    with bound(device="bound"):
        assert json.loads(JsonFormatter().format(record("x", device="own")))["device"] == "own"


def test_a_secret_stays_one() -> None:
    shown = record("x", key=Secret("hunter2"))
    assert "hunter2" not in JsonFormatter().format(shown)
    assert "hunter2" not in TextFormatter().format(shown)


def test_an_exception_comes_with_its_traceback(root: logging.Logger) -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    root.error("failed", exc_info=ValueError("broken"))
    line = json.loads(stream.getvalue())
    assert line["event"] == "failed"
    assert "ValueError: broken" in line["exception"]


def test_what_is_below_the_level_is_not_written(root: logging.Logger) -> None:
    stream = io.StringIO()
    configure_logging("warning", "text", stream)
    root.info("unheard")
    root.warning("heard")
    assert stream.getvalue().count("\n") == 1
    assert "heard" in stream.getvalue()


def test_configuring_twice_writes_once(root: logging.Logger) -> None:
    stream = io.StringIO()
    configure_logging("info", "text", io.StringIO())
    configure_logging("info", "text", stream)
    root.info("once")
    assert stream.getvalue().count("once") == 1
