"""How many requests of which kind, and how long they took, in Prometheus' text format (version 0.0.4).

Labels are bounded by construction: the route's template, never the path; methods we serve; the class of the status.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, final

from starlette.types import Scope

__all__ = ["MEDIA_TYPE", "ROUTE_KEY", "Family", "RequestMetrics", "Sample", "render", "route_of"]

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ROUTE_KEY = "iotistic.route"
"""Where an endpoint outside of FastAPI leaves its template in the scope."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_BOUNDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One number at one moment."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    suffix: str = ""
    """What follows the family's name in parts of a histogram: _bucket, _count, _sum."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """All samples of one metric."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    """What the number counts, in a line."""
    samples: Sequence[Sample]


@dataclass(kw_only=True, slots=True)
class _Series:
    """What is kept for one route, method and class of status."""

    buckets: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    seconds: float = 0.0


def route_of(scope: Scope) -> str:
    """The template of the route that answered; everything that matched none is one route."""
    route = scope.get(ROUTE_KEY) or getattr(scope.get("route"), "path", None)
    return str(route) if route else "unmatched"


@final
class RequestMetrics:
    """Counts since the process began."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, str, str], _Series] = {}

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Counts one finished request; status 0 is one that was cut off."""
        self.count(route_of(scope), scope["method"], status, seconds)

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """The same for whoever knows its route."""
        key = (
            route,
            method if method in _METHODS else "other",
            f"{status // 100}xx" if status else "none",
        )
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series()
        series.buckets[bisect_left(_BOUNDS, seconds)] += 1
        series.seconds += seconds

    def family(self) -> Family:
        """`iotistic_http_request_seconds`, whose count is the number of requests."""
        return Family(
            name="iotistic_http_request_seconds",
            kind="histogram",
            meaning="HTTP requests by route, method and class of status, and how long they took.",
            samples=list(self._samples()),
        )

    def _samples(self) -> Iterator[Sample]:
        for (route, method, status), series in sorted(self._series.items()):
            labels = {"route": route, "method": method, "status": status}
            total = 0
            for bound, count in zip((*map(str, _BOUNDS), "+Inf"), series.buckets, strict=True):
                total += count
                yield Sample(value=total, labels={**labels, "le": bound}, suffix="_bucket")
            yield Sample(value=total, labels=labels, suffix="_count")
            yield Sample(value=series.seconds, labels=labels, suffix="_sum")


def render(families: Iterable[Family]) -> str:
    """The families as a page that Prometheus reads."""
    lines: list[str] = []
    for family in families:
        lines += [f"# HELP {family.name} {family.meaning}", f"# TYPE {family.name} {family.kind}"]
        lines += [f"{family.name}{s.suffix}{_labels(s.labels)} {s.value!r}" for s in family.samples]
    return "\n".join([*lines, ""])


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items()) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
