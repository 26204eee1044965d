import json

from iotistic.agent.bodies import lines_body, reports_body

CPU = b'{"timestamp":1,"metrics":{"cpu_usage":1.5,"load_1m":0.5}}'
UPTIME = b'{"timestamp":2,"metrics":{"uptime_seconds":9}}'


def test_every_body_tells_the_units_of_all_metrics_in_it() -> None:
    body = json.loads(reports_body([CPU, UPTIME]))
    assert body["units"] == {"cpu_usage": "percent", "uptime_seconds": "seconds"}
    assert len(body["reports"]) == 2


def test_a_report_means_the_same_in_every_body() -> None:
    alone, again = json.loads(reports_body([CPU])), json.loads(reports_body([UPTIME, CPU]))
    assert alone["reports"][0] == again["reports"][1]
    assert alone["units"]["cpu_usage"] == again["units"]["cpu_usage"]
    assert "load_1m" not in again["units"]


def test_lines_are_wrapped_as_they_are() -> None:
    assert lines_body([b'{"a":1}', b"{}"]) == b'{"lines":[{"a":1},{}]}'
