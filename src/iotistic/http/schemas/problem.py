"""Problem details (RFC 9457) as OpenAPI shows them; `iotistic.http.problems` writes them."""

from pydantic import Field

from iotistic.http.schemas.values import Answer

__all__ = ["FieldError", "ProblemDetails"]


class FieldError(Answer):
    """One part of the request that cannot stand."""

    field: str = Field(description="Where it is.", examples=["query.from"])
    message: str = Field(description="Why it cannot stand.", examples=["`from` is not before `to`."])
    code: str = Field(description="The rule that it breaks.", examples=["parameter_invalid"])


class ProblemDetails(Answer):
    """What is sent instead of an answer."""

    type: str = Field(
        description="A URI that names the problem.", examples=["urn:iotistic:problem:device_not_found"]
    )
    title: str = Field(description="The kind of problem.", examples=["Not found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="What happened this time.", examples=["There is no device 0190c1f2-...."])
    code: str = Field(description="Which problem; never changes.", examples=["device_not_found"])
    request_id: str = Field(
        description="Finds this request in the server's log.", examples=["3f1c9a7be1d04c2a8f6e1b70"]
    )
    hint: str | None = Field(default=None, description="What to do about it.")
    current_version: int | None = Field(
        default=None, description="Where the thing is, when the request was built on another version of it."
    )
    errors: list[FieldError] = Field(default=[], description="What is wrong with the request, part by part.")
