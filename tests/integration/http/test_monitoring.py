"""What `deploy/` asks Prometheus for is told: by the API's /metrics, or by the doctor."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import promql_parser as promql
import pytest_asyncio
import yaml

from iotistic.cli.main import COMMANDS
from iotistic.operations.doctor import CHECKS, Finding, State, prometheus_text
from tests.integration.http.conftest import EnrolledDevice

DEPLOY = Path(__file__).parents[3] / "deploy"
RULES = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((DEPLOY / "grafana/iotistic.json").read_text())
FROM_PROMETHEUS = {"up"}
LABELS_OF_PROMETHEUS = {"instance", "job"}
STATUSES = {"1xx", "2xx", "3xx", "4xx", "5xx", "none"}


def expressions() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$instance", ".*")


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    labels: dict[str, str]


def selectors(node: object) -> Iterator[promql.VectorSelector]:
    if isinstance(node, promql.VectorSelector):
        yield node
        return
    if isinstance(node, promql.MatrixSelector):
        yield node.vector_selector
        return
    for name in ("expr", "lhs", "rhs", "args", "param"):
        part = getattr(node, name, None)
        for each in part if isinstance(part, list) else [part]:
            if each is not None:
                yield from selectors(each)


def read(page: str) -> list[Series]:
    lines = [line for line in page.splitlines() if line and not line.startswith("#")]
    found: list[Series] = []
    for line in lines:
        parts = re.fullmatch(r"(\w+)(?:\{(.*)\})? \S+", line)
        assert parts is not None, line
        found.append(Series(parts[1], dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', parts[2] or ""))))
    return found


def agrees(matcher: promql.Matcher, series: Series) -> bool:
    if matcher.name in LABELS_OF_PROMETHEUS:
        return True
    if matcher.name == "status":  # one that no request of these tests got is one all the same
        return "status" in series.labels and matcher.value in STATUSES
    value = series.labels.get(matcher.name, "")
    if matcher.op == promql.MatchOp.Equal:
        return value == matcher.value
    assert matcher.op == promql.MatchOp.Re, matcher.op
    return re.fullmatch(matcher.value, value) is not None


@pytest_asyncio.fixture
async def told(viewer: httpx.AsyncClient, device: EnrolledDevice) -> list[Series]:
    """Everything the API tells after one report, and the doctor of its checks."""
    report = {"reports": [{"at": datetime.now(UTC).isoformat(), "metrics": {"load": 1.5}}]}
    await device.client.post(f"{device.path}/metrics", json=report)
    api = (await viewer.get("/metrics")).text
    return read(api) + read(prometheus_text([finding(check.id) for check in CHECKS], "iotistic"))


def finding(check: str) -> Finding:
    return Finding(
        id=check,
        title=check,
        why="",
        state=State.warn,
        observed="",
        fix=None,
        lock=None,
        figures={},
        milliseconds=0,
    )


async def test_every_expression_finds_series_that_are_told(told: list[Series]) -> None:
    for where, expression in expressions():
        for selector in selectors(promql.parse(expression)):
            if selector.name in FROM_PROMETHEUS:
                continue
            named = [series for series in told if series.name == selector.name]
            assert named, f"{where}: nobody tells {selector.name}"
            matchers = selector.matchers.matchers
            assert any(all(agrees(one, series) for one in matchers) for series in named), (
                f"{where}: no {selector.name} has {[str(one) for one in matchers]}"
            )


async def test_every_label_in_a_text_is_one_of_the_series(told: list[Series]) -> None:
    known = {label for series in told for label in series.labels} | LABELS_OF_PROMETHEUS
    for rule in RULES:
        texts = " ".join(rule["annotations"].values())
        assert set(re.findall(r"\$labels\.(\w+)", texts)) <= known, rule["alert"]


def test_a_selector_that_nobody_serves_is_noticed() -> None:
    (selector,) = selectors(promql.parse('rate(iotistic_pool_waiting{route="/nowhere"}[5m]) > 1'))
    series = Series("iotistic_pool_waiting", {})
    assert not all(agrees(one, series) for one in selector.matchers.matchers)


def test_every_alert_says_how_urgent_it_is_and_what_to_do() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert set(rule["annotations"]) == {"summary", "description"}
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_every_command_in_an_alert_exists() -> None:
    for rule in RULES:
        for command in re.findall(r"`iotistic ([a-z][a-z-]*)", " ".join(rule["annotations"].values())):
            assert command in COMMANDS, rule["alert"]
        for check in re.findall(r"--check ([a-z-]+)", " ".join(rule["annotations"].values())):
            assert check in {one.id for one in CHECKS}, rule["alert"]


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells
