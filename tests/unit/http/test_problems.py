import json
from datetime import timedelta

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from iotistic.database.errors import (
    DatabaseDenied,
    DatabaseUnavailable,
    LockNotAvailable,
    SchemaMissing,
    ValueRejected,
)
from iotistic.errors import (
    Conflict,
    Denied,
    Exhausted,
    Invalid,
    IotisticError,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from iotistic.http.problems import FieldProblem, Problem, internal_problem, problem_of, problem_response
from iotistic.http.schemas.values import Text


class PumpNotFound(NotFound):
    code = "pump_not_found"


def problem(error: Exception) -> Problem:
    found = problem_of(error)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("x"), 422),
        (TooLarge("x"), 413),
        (NotFound("x"), 404),
        (PumpNotFound("x"), 404),
        (Conflict("x"), 409),
        (Denied("x"), 403),
        (Unauthenticated("x"), 401),
        (Exhausted("x"), 429),
        (Unavailable("x"), 503),
        (ValueRejected("x"), 422),
        (LockNotAvailable("x"), 503),
    ],
)
def test_a_kind_of_error_has_one_status(error: IotisticError, status: int) -> None:
    assert problem(error).status == status


def test_an_error_keeps_its_code_message_and_hint() -> None:
    found = problem(PumpNotFound("There is no pump p1.", hint="List them.", name="p1"))
    assert (found.code, found.detail, found.hint) == ("pump_not_found", "There is no pump p1.", "List them.")


def test_an_error_about_a_field_names_it() -> None:
    found = problem(Invalid("Too long.", field="query.names"))
    assert found.errors == (FieldProblem(field="query.names", message="Too long.", code="invalid"),)


@pytest.mark.parametrize("error", [IotisticError("x"), ValueError("x"), KeyError("x"), DatabaseDenied("x")])
def test_a_bug_is_no_problem_of_the_callers(error: Exception) -> None:
    assert problem_of(error) is None


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        (None, "1"),
        (timedelta(milliseconds=1), "1"),
        (timedelta(seconds=2, milliseconds=1), "3"),
        (timedelta(0), "1"),
    ],
)
@pytest.mark.parametrize("kind", [Unavailable, Exhausted])
def test_who_should_come_back_is_told_when(
    kind: type[Unavailable], wait: timedelta | None, seconds: str
) -> None:
    assert problem(kind("x", retry_after=wait)).headers == {"Retry-After": seconds}


def test_a_stranger_is_asked_for_a_key_and_one_with_a_bad_key_is_told_so() -> None:
    assert problem(Unauthenticated("x")).headers == {"WWW-Authenticate": 'Bearer realm="iotistic"'}
    refused = problem(Unauthenticated("x", presented=True)).headers
    assert refused == {"WWW-Authenticate": 'Bearer realm="iotistic", error="invalid_token"'}


@pytest.mark.parametrize("kind", [DatabaseUnavailable, SchemaMissing])
def test_what_the_database_says_of_itself_stays_inside(kind: type[Unavailable]) -> None:
    found = problem(
        kind("No connection at db.internal:5432 as iotistic_app", hint="Look at db.internal", field="x")
    )
    assert found.code == kind.code
    assert "internal" not in f"{found.detail}{found.hint}{found.errors}"


def test_the_wrong_fields_of_a_request_are_named_by_their_place() -> None:
    entries = [
        {"type": "missing", "loc": ("body", "interfaces", 0, "mac"), "msg": "Field required"},
        {"type": "greater_than", "loc": ("query", "limit"), "msg": "Input should be greater than 0"},
    ]
    found = problem(RequestValidationError(entries))
    assert found.status == 422
    assert [field.field for field in found.errors] == ["body.interfaces[0].mac", "query.limit"]
    assert found.detail == "2 parts of the request are not valid."


def test_the_length_of_a_text_is_counted_in_characters() -> None:
    class Named(BaseModel):
        name: Text

    with pytest.raises(ValidationError) as refused:
        Named(name="x" * 201)
    [told] = problem(RequestValidationError(refused.value.errors())).errors
    assert told == FieldProblem(
        field="name", message="String should have at most 200 characters.", code="string_too_long"
    )
    with pytest.raises(ValidationError) as refused:
        Named(name="")
    [told] = problem(RequestValidationError(refused.value.errors())).errors
    assert told.message == "String should have at least 1 characters."


def test_a_body_that_is_not_json_is_told_where_it_breaks() -> None:
    entry = {
        "type": "json_invalid",
        "loc": ("body", 7),
        "msg": "JSON decode error",
        "ctx": {"error": "Expecting value"},
    }
    [field] = problem(RequestValidationError([entry])).errors
    assert field == FieldProblem(
        field="body", message="Not JSON at character 7: Expecting value.", code="json_invalid"
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "route_not_found"), (405, "method_not_allowed"), (400, "malformed"), (418, "im_a_teapot")],
)
def test_what_the_framework_refuses_has_a_code_too(status: int, code: str) -> None:
    assert problem(HTTPException(status)).code == code


def test_a_body_that_is_no_text_is_as_wrong_as_one_that_breaks_off() -> None:
    error = HTTPException(400, "There was an error parsing the body")
    error.__cause__ = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
    found = problem(error)
    assert (found.status, found.code) == (422, "invalid")
    assert found.errors == (FieldProblem(field="body", message="Not JSON in UTF-8.", code="json_invalid"),)


def test_the_wire_form_is_that_of_rfc_9457() -> None:
    response = problem_response(problem(PumpNotFound("There is no pump p1.")), "request-1")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert json.loads(bytes(response.body)) == {
        "type": "urn:iotistic:problem:pump_not_found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no pump p1.",
        "code": "pump_not_found",
        "request_id": "request-1",
    }


def test_a_message_with_half_a_character_can_be_sent() -> None:
    assert problem_response(problem(Invalid("\ud800")), "request-1").body


def test_a_bug_says_nothing_of_itself() -> None:
    document = json.loads(bytes(problem_response(internal_problem(), "request-1").body))
    assert set(document) == {"type", "title", "status", "detail", "code", "request_id"}
    assert document["request_id"] == "request-1"
