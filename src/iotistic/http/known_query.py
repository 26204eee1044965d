"""A parameter of the query string that a route does not know is told: passed over, a misspelt filter would mean everything."""

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request

from iotistic.errors import Invalid
from iotistic.http.permissions import is_open

__all__ = ["QueryUnknown", "require_known_query"]


class QueryUnknown(Invalid):
    """The route has no parameter of this name."""

    code = "query_parameter_unknown"


_known: dict[str, frozenset[str]] = {}
"""By the id of the route, which is a name of its own."""


async def require_known_query(request: Request) -> None:
    """For all routes of the API at once. Raises QueryUnknown, which names the parameter and those that are known."""
    if not request.scope["query_string"] or is_open(request.scope["route"]):
        return  # a probe or a scraper adds what it likes
    known = _known_to(request.scope["route"])
    unknown = next((name for name in request.query_params if name not in known), None)
    if unknown is not None:
        raise QueryUnknown(
            f"There is no parameter {unknown[:40]!r} here.",
            hint=f"Known here: {', '.join(sorted(known))}." if known else "None is known here.",
            field=f"query.{unknown[:40]}",
        )


def _known_to(route: APIRoute) -> frozenset[str]:
    known = _known.get(route.unique_id)
    if known is None:
        known = _known[route.unique_id] = frozenset(_names(route.dependant))
    return known


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (parameter.alias for parameter in dependant.query_params)
    for dependency in dependant.dependencies:
        yield from _names(dependency)
