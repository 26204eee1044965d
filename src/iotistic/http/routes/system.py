"""Whether the service works, how much it does, and what it answers: the routes for machines and operators."""

import base64
import hashlib
import re
from http import HTTPStatus
from importlib import resources

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse

from iotistic import __version__
from iotistic.http.permissions import needs
from iotistic.http.platform_access import find_platform, platform_of
from iotistic.http.process_metrics import ingest_families, pool_families
from iotistic.http.request_metrics import MEDIA_TYPE, render
from iotistic.http.responses import refusals
from iotistic.http.schemas.system import Health, Readiness, SystemStatus
from iotistic.operations.overview import OverviewService

__all__ = ["router"]

router = APIRouter(tags=["system"])

_PAGE = resources.files("iotistic.http").joinpath("docs.html").read_text(encoding="utf-8")


def _source(tag: str) -> str:
    """The policy's name for the one script or style of the page."""
    [text] = re.findall(rf"<{tag}>(.*?)</{tag}>", _PAGE, flags=re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_PAGE_POLICY = (
    f"default-src 'none'; script-src {_source('script')}; style-src {_source('style')}; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@router.get("/", include_in_schema=False)
async def show_way() -> Response:
    """For whoever opens the address in a browser."""
    return RedirectResponse("/docs")


@router.get("/docs", include_in_schema=False)
async def show_docs() -> Response:
    """A page of our own: it works without the internet, and loads nothing from elsewhere."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _PAGE_POLICY, "Cache-Control": "no-cache"})


@router.get("/openapi.json", include_in_schema=False)
async def show_openapi(request: Request) -> Response:
    """What `/docs` shows, for programs."""
    return JSONResponse(request.app.openapi(), headers={"Cache-Control": "no-cache"})


@router.get("/live", include_in_schema=False)  # what orchestrators call it
@router.head("/health", include_in_schema=False)
@router.get("/health", summary="Does the process live?")
async def check_health() -> Health:
    """Touches nothing but the process: a database that is away is no reason to restart it."""
    return Health(version=__version__)


@router.head("/ready", include_in_schema=False)
@router.get(
    "/ready",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "No, and why."}},
    summary="May traffic come here?",
)
async def check_readiness(request: Request, response: Response) -> dict[str, object]:
    """The pool answers, the schema is at head, partitions are made ahead for a day at least, and the disk has room where it is of this machine."""
    findings = await request.app.state.readiness_probe.look(find_platform(request.scope))
    ready = all(finding.ready for finding in findings)
    if not ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        response.headers["Retry-After"] = "1"
    return {"ready": ready, "findings": findings}


@router.get(
    "/metrics",
    dependencies=[needs("system:read")],
    response_class=PlainTextResponse,
    responses=refusals(),
    summary="Numbers for Prometheus",
)
async def show_metrics(request: Request) -> Response:
    """Requests, ingest and connection pool of this process, in Prometheus' text format."""
    platform = platform_of(request.scope)
    families = [
        request.app.state.request_metrics.family(),
        *ingest_families(platform.ingest.statistics()),
        *pool_families(platform.pool.stats()),
    ]
    return Response(render(families), media_type=MEDIA_TYPE)


@router.get(
    "/api/v1/system/status",
    dependencies=[needs("system:read")],
    response_model=SystemStatus,
    responses=refusals(),
    summary="The platform at one moment",
)
async def show_status(request: Request) -> dict[str, object]:
    """Devices, the rate of reports, and what lies on disk."""
    platform = platform_of(request.scope)
    names = platform.settings.names
    async with platform.begin(read_only=True) as work:
        seen = await OverviewService(work.connection).overview([names.platform, names.billing, names.vpn])
        rates = await work.telemetry.summary(platform.clock())
    return {
        "version": __version__,
        "devices": seen.devices,
        "reports_per_second": rates.reports_per_second,
        "points_per_second": rates.points_per_second,
        "databases": seen.databases,
        "tables": seen.tables,
    }
