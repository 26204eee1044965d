import json
from collections.abc import Sequence

from iotistic.agent.bodies import LineBodies, ReportBodies


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def told(bodies: ReportBodies) -> Sequence[str]:
    return list(json.loads(bodies.wrap([b"{}"])).get("units", {}))


def test_units_are_told_until_they_were_taken_and_then_no_more() -> None:
    bodies = ReportBodies(Watch())
    bodies.note(["cpu_usage", "load_1m", "uptime_seconds"])
    assert told(bodies) == ["cpu_usage", "uptime_seconds"]
    assert told(bodies) == ["cpu_usage", "uptime_seconds"]
    bodies.answered()
    bodies.note(["cpu_usage", "load_1m", "uptime_seconds"])
    assert told(bodies) == []


def test_all_units_are_told_again_when_the_metrics_change() -> None:
    bodies = ReportBodies(Watch())
    bodies.note(["cpu_usage"])
    told(bodies)
    bodies.answered()
    bodies.note(["cpu_usage", "cpu_temp"])
    assert told(bodies) == ["cpu_usage", "cpu_temp"]


def test_metrics_that_change_during_a_request_are_told_by_the_next() -> None:
    bodies = ReportBodies(Watch())
    bodies.note(["cpu_usage"])
    told(bodies)
    bodies.note(["cpu_temp"])
    bodies.answered()
    assert told(bodies) == ["cpu_temp"]


def test_units_are_repeated_every_hour() -> None:
    watch = Watch()
    bodies = ReportBodies(watch)
    bodies.note(["cpu_usage"])
    told(bodies)
    bodies.answered()
    watch.now = 3599.0
    bodies.note(["cpu_usage"])
    assert told(bodies) == []
    watch.now = 3600.0
    bodies.note(["cpu_usage"])
    assert told(bodies) == ["cpu_usage"]


def test_lines_are_wrapped_as_they_are() -> None:
    bodies = LineBodies()
    bodies.answered()
    assert bodies.wrap([b'{"a":1}', b"{}"]) == b'{"lines":[{"a":1},{}]}'
