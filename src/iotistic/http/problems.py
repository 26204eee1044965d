"""Errors as RFC 9457 problem details: the one place where a kind of error becomes an HTTP status.

A caller may rely on `code`: it never changes. `title` names the kind, `detail` this occurrence, `hint` the way out, and
`errors` the fields that are wrong. What the database says about itself stays in the log.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from iotistic.database.errors import (
    DatabaseDenied,
    DatabaseUnavailable,
    LockNotAvailable,
    QueryCanceled,
    SchemaMissing,
    SerializationConflict,
)
from iotistic.errors import (
    Conflict,
    Denied,
    Exhausted,
    Invalid,
    IotisticError,
    NotFound,
    NotInstalled,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from iotistic.http.conditions import PreconditionFailed

__all__ = [
    "MEDIA_TYPE",
    "FieldProblem",
    "Problem",
    "internal_problem",
    "problem_document",
    "problem_of",
    "problem_response",
    "problem_type",
]

MEDIA_TYPE = "application/problem+json"

# Our own words: Python's phrases for 413 and 422 change with its version.
_TITLES = {
    HTTPStatus.BAD_REQUEST: "Malformed request",
    HTTPStatus.UNAUTHORIZED: "Not authenticated",
    HTTPStatus.FORBIDDEN: "Not allowed",
    HTTPStatus.NOT_FOUND: "Not found",
    HTTPStatus.METHOD_NOT_ALLOWED: "Method not allowed",
    HTTPStatus.REQUEST_TIMEOUT: "Request too slow",
    HTTPStatus.CONFLICT: "Conflict with the present state",
    HTTPStatus.PRECONDITION_FAILED: "Condition not met",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Too large",
    HTTPStatus.REQUEST_URI_TOO_LONG: "Address too long",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Unsupported kind of content",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Not valid",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Internal error",
    HTTPStatus.NOT_IMPLEMENTED: "Not installed here",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not available now",
}
# Most specific first: the first kind an error belongs to decides.
_STATUSES: tuple[tuple[type[IotisticError], HTTPStatus], ...] = (
    (TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (Invalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFound, HTTPStatus.NOT_FOUND),
    (NotInstalled, HTTPStatus.NOT_IMPLEMENTED),
    (PreconditionFailed, HTTPStatus.PRECONDITION_FAILED),
    (Conflict, HTTPStatus.CONFLICT),
    (Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (Denied, HTTPStatus.FORBIDDEN),
    (Exhausted, HTTPStatus.TOO_MANY_REQUESTS),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)
# Their messages name hosts, roles and tables: for the operator's log, not for a caller.
_ABOUT_THE_DATABASE = (
    DatabaseUnavailable,
    LockNotAvailable,
    QueryCanceled,
    SchemaMissing,
    SerializationConflict,
)
_RETRY_AFTER = timedelta(seconds=1)
_HTTP_CODES = {
    HTTPStatus.BAD_REQUEST: "malformed",
    HTTPStatus.NOT_FOUND: "route_not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_TIMEOUT: "request_timeout",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
}
_HTTP_DETAILS = {
    HTTPStatus.NOT_FOUND: "Nothing is served at this path. /docs lists what is.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This path does not take this method.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldProblem:
    """One part of the request that cannot stand."""

    field: str
    """Where it is: `query.from`, `body.interfaces[0].mac`, `header.X-Request-ID`."""
    message: str
    """Why it cannot stand, and what would."""
    code: str
    """A word for the rule that it breaks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What is sent instead of an answer."""

    status: HTTPStatus
    code: str
    """Which problem; stable."""
    detail: str
    """What happened this time."""
    hint: str | None = None
    """What to do about it."""
    errors: tuple[FieldProblem, ...] = ()
    """What is wrong with the request, part by part."""
    current_version: int | None = None
    """What the thing is at, where the request was built on another version of it."""
    headers: Mapping[str, str] | None = None
    """Headers that belong to the status: Retry-After, WWW-Authenticate, Allow."""

    def with_headers(self, headers: Mapping[str, str]) -> "Problem":
        return replace(self, headers={**(self.headers or {}), **headers})


def problem_type(code: str) -> str:
    """The URI that identifies a problem; it names and does not lead anywhere (RFC 9457, section 3.1.1)."""
    return f"urn:iotistic:problem:{code}"


def problem_of(error: Exception) -> Problem | None:
    """The problem an error is to a caller, or None when it is a bug and none of a caller's business."""
    match error:
        case RequestValidationError():
            return _of_validation(error)
        case HTTPException():
            return _of_http(error)
        case DatabaseDenied():
            return None  # our own role lacks a right: nothing that the caller may or may not do
        case IotisticError():
            return _of_kind(error)
        case _:
            return None


def internal_problem() -> Problem:
    """A bug, told without a word about what it is; the request id leads to the log."""
    return Problem(
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        code="internal",
        detail="Something went wrong on the server. The request id finds it in the server's log.",
    )


def problem_document(problem: Problem, request_id: str) -> dict[str, Any]:
    """The members of the problem on the wire."""
    document: dict[str, Any] = {
        "type": problem_type(problem.code),
        "title": _TITLES.get(problem.status, problem.status.phrase),
        "status": problem.status.value,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
    }
    if problem.hint:
        document["hint"] = problem.hint
    if problem.errors:
        document["errors"] = [asdict(field) for field in problem.errors]
    if problem.current_version is not None:
        document["current_version"] = problem.current_version
    return document


def problem_response(problem: Problem, request_id: str) -> Response:
    """The problem on the wire."""
    return Response(
        json.dumps(problem_document(problem, request_id), ensure_ascii=False).encode(errors="replace"),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=dict(problem.headers or {}),
    )


def _of_kind(error: IotisticError) -> Problem | None:
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), None)
    if status is None:
        return None
    hidden = isinstance(error, _ABOUT_THE_DATABASE)
    return Problem(
        status=status,
        code=error.code,
        detail="The database cannot answer now." if hidden else error.message,
        hint="Repeat the request later." if hidden else error.hint,
        errors=() if hidden else _fields(error),
        current_version=_current_version(error),
        headers=_headers(error),
    )


def _fields(error: IotisticError) -> tuple[FieldProblem, ...]:
    field = error.facts.get("field")
    return (FieldProblem(field=str(field), message=error.message, code=error.code),) if field else ()


def _current_version(error: IotisticError) -> int | None:
    version = error.facts.get("current_version")
    return version if isinstance(version, int) else None


def _headers(error: IotisticError) -> Mapping[str, str]:
    match error:
        case Unavailable():
            wait = error.retry_after or _RETRY_AFTER
            return {"Retry-After": str(max(1, math.ceil(wait.total_seconds())))}
        case Unauthenticated():
            # RFC 6750, section 3: the reason is only given to a caller who brought a credential.
            refused = ', error="invalid_token"' if error.facts.get("presented") else ""
            return {"WWW-Authenticate": f'Bearer realm="iotistic"{refused}'}
        case _:
            return {}


def _of_http(error: HTTPException) -> Problem:
    status = HTTPStatus(error.status_code)
    if status == HTTPStatus.BAD_REQUEST and isinstance(error.__cause__, UnicodeError | RecursionError):
        # To the framework JSON that breaks off is a 422, and a body that is not even text is not; both are to us.
        return _of_fields((FieldProblem(field="body", message="Not JSON in UTF-8.", code="json_invalid"),))
    code = _HTTP_CODES.get(status, status.name.lower())
    detail = _HTTP_DETAILS.get(status, error.detail)
    return Problem(status=status, code=code, detail=detail, headers=error.headers)


def _of_validation(error: RequestValidationError) -> Problem:
    return _of_fields(tuple(_of_field(entry) for entry in error.errors()))


def _of_fields(errors: tuple[FieldProblem, ...]) -> Problem:
    what = errors[0].field if len(errors) == 1 else f"{len(errors)} parts of the request"
    verb = "is" if len(errors) == 1 else "are"
    return Problem(
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        code="invalid",
        detail=f"{what} {verb} not valid.",
        hint="`errors` says what is wrong with each; /docs describes the request.",
        errors=errors,
    )


def _of_field(entry: Mapping[str, Any]) -> FieldProblem:
    if entry["type"] == "json_invalid":
        position = entry["loc"][-1]
        return FieldProblem(
            field="body",
            message=f"Not JSON at character {position}: {entry['ctx']['error']}.",
            code="json_invalid",
        )
    if entry["type"] in {"too_long", "too_short"} and isinstance(entry.get("input"), str):
        return _of_length(entry)
    return FieldProblem(field=_path(entry["loc"]), message=f"{entry['msg']}.", code=entry["type"])


def _of_length(entry: Mapping[str, Any]) -> FieldProblem:
    """A text that something else was asked of first: the framework counts its items then."""
    bounds = entry["ctx"]
    words = ("at most", "max_length") if entry["type"] == "too_long" else ("at least", "min_length")
    return FieldProblem(
        field=_path(entry["loc"]),
        message=f"String should have {words[0]} {bounds[words[1]]} characters.",
        code=f"string_{entry['type']}",
    )


def _path(location: Iterable[str | int]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".")
