from typing import Any

from iotistic.http.request_metrics import ROUTE_KEY, Family, RequestMetrics, Sample, render


def scope(method: str = "GET", route: str | None = "/api/v1/devices/{uuid}") -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": "/api/v1/devices/1",
        **({ROUTE_KEY: route} if route else {}),
    }


def page(metrics: RequestMetrics) -> list[str]:
    return render([metrics.family()]).splitlines()


def test_a_request_is_counted_under_its_route_and_not_its_path() -> None:
    metrics = RequestMetrics()
    metrics.observe(scope(), 200, 0.02)
    metrics.observe(scope(), 204, 0.5)
    lines = page(metrics)
    labels = 'route="/api/v1/devices/{uuid}",method="GET",status="2xx"'
    assert f"iotistic_http_request_seconds_count{{{labels}}} 2" in lines
    assert f"iotistic_http_request_seconds_sum{{{labels}}} 0.52" in lines
    assert f'iotistic_http_request_seconds_bucket{{{labels},le="0.025"}} 1' in lines
    assert f'iotistic_http_request_seconds_bucket{{{labels},le="0.5"}} 2' in lines
    assert f'iotistic_http_request_seconds_bucket{{{labels},le="+Inf"}} 2' in lines


def test_callers_cannot_make_new_series() -> None:
    metrics = RequestMetrics()
    for number in range(100):
        metrics.observe({**scope(f"METHOD{number}", None), "path": f"/{number}"}, 404, 0.1)
    counts = [line for line in page(metrics) if "_count" in line]
    assert counts == [
        'iotistic_http_request_seconds_count{route="unmatched",method="other",status="4xx"} 100'
    ]


def test_a_request_that_was_cut_off_is_counted_apart() -> None:
    metrics = RequestMetrics()
    metrics.observe(scope(), 0, 0.1)
    assert any('status="none"' in line for line in page(metrics))


def test_a_page_tells_what_each_number_is_and_escapes_labels() -> None:
    family = Family(
        name="pumps",
        kind="gauge",
        meaning="Pumps that run.",
        samples=[Sample(value=3, labels={"place": 'a"b\\c\nd'})],
    )
    assert render([family]) == (
        '# HELP pumps Pumps that run.\n# TYPE pumps gauge\npumps{place="a\\"b\\\\c\\nd"} 3\n'
    )


def test_a_large_count_keeps_its_digits() -> None:
    assert "x 123456789" in render(
        [Family(name="x", kind="counter", meaning="", samples=[Sample(value=123456789)])]
    )
