"""The OpenAPI document: what the framework knows of its routes, and what it cannot know of those beside it."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.routing import Route

from iotistic.http.access import OPEN_PATHS
from iotistic.http.idempotency import tells_a_secret
from iotistic.http.ingest import GATEWAY_LOGS_PATH, GATEWAY_METRICS_PATH, LOGS_PATH, METRICS_PATH
from iotistic.http.permissions import AnyKey, Itself, Needs, Requirement, every_route, requirements_of
from iotistic.http.responses import refusals
from iotistic.http.routes.enrolment import CLAIM_PATH
from iotistic.http.schemas.gateways import GatewayLines, GatewayReceiptGiven, GatewayReports
from iotistic.http.schemas.problem import ProblemDetails
from iotistic.http.schemas.telemetry import LogLines, MetricReports, ReceiptGiven

__all__ = ["describe"]

_ABOUT = """Devices report metrics and logs with a key of their own; people read with the key that a login gives them.

Send a key as `Authorization: Bearer <key>`; a device may use `X-Device-API-Key` instead.
Times are RFC 3339. A refusal is application/problem+json (RFC 9457): its `code` never changes, its `request_id` (also the header
X-Request-ID, which a caller may choose) finds the request in the server's log."""

_TAGS = [
    {"name": "sessions", "description": "Logging in and out."},
    {"name": "second factor", "description": "Codes of an authenticator app, and recovery codes."},
    {"name": "keys", "description": "Keys of devices, services and people: made, replaced and revoked."},
    {"name": "devices", "description": "The registry."},
    {"name": "shadow", "description": "What is desired of a device, and what it reports of itself."},
    {"name": "jobs", "description": "Work for one or many devices, and how it goes."},
    {"name": "releases", "description": "What devices run, and which of them runs which release."},
    {"name": "fleets", "description": "Groups of devices that are run alike."},
    {"name": "gateways", "description": "Which devices a gateway may send telemetry for."},
    {"name": "sensors", "description": "What devices read, and how far they are with that."},
    {"name": "tags", "description": "Rules of what people say about devices."},
    {"name": "telemetry", "description": "What devices reported."},
    {"name": "log alerts", "description": "What log lines are watched for, and what was found."},
    {"name": "enrolment", "description": "How a device gets its key, and who may let it in."},
    {
        "name": "ingest",
        "description": "What devices send. Answered once it is durable: repeat whatever got no answer.",
    },
    {"name": "events", "description": "What happened, as one ordered story."},
    {"name": "access", "description": "Who may do what, and on what."},
    {
        "name": "audit",
        "description": "Who changed what of everything that decides who comes in and what devices do.",
    },
    {"name": "configuration", "description": "How the platform runs: settings kept in the database."},
    {"name": "mqtt", "description": "Who may connect to the brokers and do what there, and how they do."},
    {"name": "vpn", "description": "Certificates of the VPN."},
    {"name": "dashboards", "description": "How people lay out what they look at."},
    {"name": "twin", "description": "The digital twin: what lies in what, and which of it is a device."},
    {"name": "system", "description": "Whether the service works, and how much it does."},
]
_SCHEMES = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "The key that a login gives, or that of a device.",
    },
    "claim_key": {
        "type": "http",
        "scheme": "bearer",
        "description": "Lets new devices in; operators make them.",
    },
    "device_key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Device-API-Key",
        "description": "The key of a device.",
    },
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A text of the caller's own, new for each request. Sent again with the same request within a day, it gets the first "
    "answer again and changes nothing; with another request it is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    "example": "2f1c6c1e-6a0e-4f57-9f55-5b8d1c1f0c11",
}
_NESTED = "#/components/schemas/{model}"


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once and kept by the application."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=_ABOUT, tags=_TAGS, routes=app.routes
        )
        components = document.setdefault("components", {})
        components.setdefault("schemas", {}).update(
            _schemas(
                MetricReports,
                LogLines,
                ReceiptGiven,
                GatewayReports,
                GatewayLines,
                GatewayReceiptGiven,
                ProblemDetails,
            )
        )
        components["securitySchemes"] = _SCHEMES
        _add_ingest(document["paths"])
        _correct_validation(document)
        requirements = _requirements(app)
        _name_keys(document["paths"], requirements)
        _offer_idempotency(document["paths"], requirements)
        app.openapi_schema = document
    return app.openapi_schema


def _schemas(*models: type[BaseModel]) -> dict[str, Any]:
    _, document = models_json_schema([(model, "serialization") for model in models], ref_template=_NESTED)
    schemas: dict[str, Any] = document["$defs"]
    return schemas


def _add_ingest(paths: dict[str, Any]) -> None:
    paths.setdefault(METRICS_PATH, {})["post"] = _ingest(
        "send_metrics", "Store metrics", MetricReports, "a report a line, each {timestamp, metrics, units}"
    )
    paths.setdefault(LOGS_PATH, {})["post"] = _ingest(
        "send_logs", "Store log lines", LogLines, "a log line a line"
    )
    paths.setdefault(GATEWAY_METRICS_PATH, {})["post"] = _ingest(
        "send_metrics_of_many",
        "Store metrics of many devices",
        GatewayReports,
        "a report a line, each {device, timestamp, metrics, units}",
        GatewayReceiptGiven,
    )
    paths.setdefault(GATEWAY_LOGS_PATH, {})["post"] = _ingest(
        "send_logs_of_many",
        "Store log lines of many devices",
        GatewayLines,
        "a log line a line, each with a field device",
        GatewayReceiptGiven,
    )


def _ingest(
    name: str,
    summary: str,
    body: type[BaseModel],
    lines: str,
    answer: type[BaseModel] = ReceiptGiven,
) -> dict[str, Any]:
    whose = (
        "devices that an operator let the gateway send for"
        if answer is not ReceiptGiven
        else "device that the key belongs to"
    )
    content = {
        "application/json": {"schema": {"$ref": _NESTED.format(model=body.__name__)}},
        "application/x-ndjson": {"schema": {"type": "string", "description": lines}},
    }
    receipt = {"application/json": {"schema": {"$ref": _NESTED.format(model=answer.__name__)}}}
    return {
        "tags": ["ingest"],
        "operationId": name,
        "summary": summary,
        "description": f"{summary}: of the {whose}. The body may be gzip or zstd (Content-Encoding).",
        "parameters": [
            {"name": "uuid", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "Of your choice, one for each body: the same request is answered the same for 24 hours.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            },
        ],
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {"description": "Stored, as the receipt says.", "content": receipt},
            **{str(status): refusal for status, refusal in refusals(429).items()},
        },
    }


def _correct_validation(document: dict[str, Any]) -> None:
    """The framework promises its own form of 422 wherever none is declared; nothing here answers in it."""
    for operations in document["paths"].values():
        for operation in operations.values():
            declared = operation["responses"].get("422")
            if declared and "application/json" in declared.get("content", {}):
                operation["responses"]["422"] = refusals()[422]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _requirements(app: FastAPI) -> dict[tuple[str, str], Requirement]:
    """What each closed operation asks of its caller, by path and method."""
    return {
        (route.path, method.lower()): requirement
        for route in every_route(app.routes)
        if isinstance(route, Route)
        for requirement in requirements_of(route)
        for method in route.methods or ()
    }


def _name_keys(paths: dict[str, Any], requirements: dict[tuple[str, str], Requirement]) -> None:
    """Which key and permission each operation takes, as its route says (`iotistic.http.permissions`)."""
    for path, operations in paths.items():
        for method, operation in operations.items():
            if path == CLAIM_PATH:
                operation["security"] = [{"claim_key": []}]
            elif path not in OPEN_PATHS:
                requirement = requirements.get((path, method))
                operation["security"] = [{"key": []}, *_device_key(requirement)]
                if isinstance(requirement, Needs):
                    operation["x-permission"] = requirement.permission


def _offer_idempotency(paths: dict[str, Any], requirements: dict[tuple[str, str], Requirement]) -> None:
    """What is taken beside the routes (`iotistic.http.idempotency`), said for each that people post to."""
    for path, operations in paths.items():
        operation = operations.get("post")
        if operation is None or {"key": []} not in operation.get("security", []) or tells_a_secret(path):
            continue
        if not isinstance(requirements.get((path, "post")), Itself):
            operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)


def _device_key(requirement: Requirement | None) -> list[dict[str, list[str]]]:
    takes = isinstance(requirement, Itself | AnyKey) or (
        isinstance(requirement, Needs) and requirement.or_itself
    )
    return [{"device_key": []}] if takes else []
