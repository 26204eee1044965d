"""The platform's HTTP API as one ASGI application."""

from http import HTTPStatus
from typing import Any, final

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from iotistic import __version__
from iotistic.bootstrap.platform import Platform
from iotistic.http.access import Authentication, RateLimits, find_principal
from iotistic.http.idempotency import Idempotency
from iotistic.http.ingest import IngestFirst, ingest_routes, is_ingest
from iotistic.http.ingest_lane import IngestLane
from iotistic.http.known_query import require_known_query
from iotistic.http.login_gate import LoginGate
from iotistic.http.login_pauses import LoginPauses
from iotistic.http.openapi import describe
from iotistic.http.paused_first import PausedFirst
from iotistic.http.problems import internal_problem, problem_of, problem_response
from iotistic.http.readiness import ReadinessProbe
from iotistic.http.request_body import BodyBudget, BoundedBody
from iotistic.http.request_context import RequestContext, request_id_of
from iotistic.http.request_metrics import RequestMetrics
from iotistic.http.routes import (
    access,
    agent_updates,
    audit,
    clocks,
    configuration,
    connectivity,
    dashboards,
    device_facts,
    device_jobs,
    devices,
    enrolment,
    events,
    fleets,
    gateways,
    job_templates,
    jobs,
    keys,
    live,
    log_alerts,
    log_stream,
    logs,
    metrics,
    mqtt,
    mqtt_accounts,
    own_keys,
    registry,
    releases,
    second_factor,
    sensors,
    sessions,
    settings,
    shadow,
    shadow_stream,
    system,
    tags,
    telemetry,
    traffic,
    twin,
    vpn,
)
from iotistic.http.traffic import count_traffic
from iotistic.http.unchanged import UnchangedFirst

__all__ = ["PlatformApp", "create_platform_app"]

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_ROUTERS = (
    # Routes are tried one after another, at 2 us each; what a fleet asks for all day comes first.
    shadow_stream.router,  # before the shadow: /stream is no half
    shadow.router,
    device_jobs.router,
    sessions.router,
    enrolment.router,
    registry.router,  # before the devices: /export is no uuid
    devices.router,
    connectivity.router,
    traffic.router,
    fleets.router,
    gateways.router,
    tags.router,
    device_facts.router,
    sensors.router,
    settings.router,
    jobs.router,
    agent_updates.router,
    releases.router,
    job_templates.templates_router,
    job_templates.schedules_router,
    telemetry.router,
    events.router,
    metrics.router,
    clocks.router,
    live.router,
    logs.router,
    log_stream.router,
    log_alerts.rules_router,
    log_alerts.alerts_router,
    dashboards.router,
    audit.router,
    access.router,
    second_factor.router,
    keys.router,
    own_keys.router,
    configuration.router,
    mqtt.router,
    mqtt_accounts.router,
    vpn.router,
    twin.router,
    system.router,
)
_QUIET = frozenset({"/health", "/live", "/ready", "/metrics"})

_BODY_LIMIT = 1 << 20
_FILE_LIMIT = 16 << 20
"""50,000 devices with a few tags each."""
_STRANGERS_BODY_LIMIT = 16 << 10
"""What somebody without a key may send: a name and a password, or a claim with facts about a host."""


@final
class PlatformApp(FastAPI):
    """FastAPI with our description of it, and the platform it serves."""

    platform: Platform | None = None
    """What requests use; None: not open yet, or closed already."""
    ingest_lane: IngestLane | None = None
    """The short way of what devices ingest; a server that knows none is served all the same."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return describe(self)


def create_platform_app(platform: Platform | None = None) -> PlatformApp:
    """The application serving `platform`; without one it answers `/health`, and 503 elsewhere, until its `platform` is set.

    The caller opens and closes the platform: the application has no lifespan of its own.
    """
    ingest = ingest_routes()
    app = PlatformApp(
        title="Iotistic API",
        version=__version__,
        routes=[*ingest],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={
            "tracing": False,
            "metrics": False,
        },  # asked of each request otherwise; /metrics has our own
        generate_unique_id_function=lambda route: route.name,
        exception_handlers={HTTPException: _render, RequestValidationError: _render},
    )
    for router in _ROUTERS:
        app.include_router(router, dependencies=[Depends(require_known_query)])
    app.state.request_metrics = metrics = RequestMetrics()
    app.state.readiness_probe = ReadinessProbe()
    app.state.login_gate = LoginGate()
    app.state.login_pauses = LoginPauses()
    app.platform = platform
    budget = BodyBudget()
    # The last added is the outermost.
    app.add_middleware(Idempotency)
    app.add_middleware(IngestFirst, routes=ingest)
    app.add_middleware(PausedFirst, pauses=app.state.login_pauses)
    app.add_middleware(UnchangedFirst)
    app.add_middleware(BoundedBody, limit_of=_body_limit, budget=budget)
    app.add_middleware(Authentication, rates=RateLimits(), gate=app.state.login_gate)

    def observe(scope: Scope, status: int, seconds: float, sent: int) -> None:
        metrics.observe(scope, status, seconds)
        count_traffic(scope, status, sent)

    app.ingest_lane = IngestLane(app, limit=_BODY_LIMIT, budget=budget, metrics=metrics)
    app.add_middleware(RequestContext, observe=observe, quiet=_is_quiet)
    return app


async def _render(request: Request, error: Exception) -> Response:
    problem = problem_of(error) or internal_problem()
    if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
        problem = problem.with_headers({"Allow": ", ".join(_allowed_methods(request.scope))})
    return problem_response(problem, request_id_of(request.scope))


def _allowed_methods(scope: Scope) -> list[str]:
    # The framework names the methods of the first route with this path; one path has several routes here.
    routes: list[Any] = scope["app"].router.routes
    return [
        method
        for method in _METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    ]


def _body_limit(scope: Scope) -> int:
    principal = find_principal(scope)
    if principal is None:
        return _STRANGERS_BODY_LIMIT
    is_file = scope["path"] == registry.IMPORT_PATH and principal.user_id is not None
    return _FILE_LIMIT if is_file else _BODY_LIMIT


def _is_quiet(scope: Scope) -> bool:
    return scope["path"] in _QUIET or is_ingest(scope)
