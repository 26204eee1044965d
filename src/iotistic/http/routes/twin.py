"""The digital twin: what lies in what, and which of it is a device."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.twin import EntityPage, EntitySeen, ModelSeen, NeighbourSeen, PartSeen
from iotistic.twin import Entity, EntityNotFound, Neighbour, Part

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/twin", tags=["twin"], responses=refusals())

_Model = Annotated[
    str,
    Path(
        description="The name of a model.",
        pattern=r"^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$",
        examples=["berlin"],
    ),
]
_GlobalId = Annotated[
    str,
    Path(
        description="The GlobalId of a thing.",
        pattern=r"^[0-9A-Za-z_$]{1,22}$",
        examples=["2O2Fr$t4X7Zf8NOew3FNr2"],
    ),
]
_ENTITY = "/models/{model}/entities/{global_id}"


class _Place(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    global_id: Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-Za-z_$]{1,22}\Z")]


@router.get(
    "/models", dependencies=[needs("twin:read")], response_model=list[ModelSeen], summary="Models, by name"
)
async def list_models(request: Request) -> list[dict[str, object]]:
    """With how many things each has, and how many of those are devices."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        models = await work.twin.list_models()
    return [{"model": name, "entities": things, "devices": devices} for name, things, devices in models]


@router.get(
    "/models/{model}/entities",
    dependencies=[needs("twin:read")],
    response_model=EntityPage,
    summary="Things of a model, by GlobalId",
)
async def list_entities(
    request: Request,
    response: Response,
    model: _Model,
    *,
    ifc_class: Annotated[
        str | None, Query(description="Only these.", pattern=r"^Ifc[A-Za-z0-9]{1,60}$", examples=["IfcSpace"])
    ] = None,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """A page that is full has a `next`, also as a Link header; it may lead to an empty page."""
    place = None if after is None else decode_cursor(after, _Place).global_id
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.twin.list_entities(model, ifc_class=ifc_class, after=place, limit=limit)
    following = encode_cursor(_Place(found[-1].global_id)) if len(found) == limit else None
    if following is not None:
        chosen = "" if ifc_class is None else f"ifc_class={ifc_class}&"
        path = f"/api/v1/twin/models/{model}/entities"
        response.headers["Link"] = f'<{path}?{chosen}limit={limit}&after={following}>; rel="next"'
    return {"items": found, "next": following}


@router.get(
    _ENTITY,
    dependencies=[needs("twin:read")],
    response_model=EntitySeen,
    responses=refusals(404),
    summary="One thing",
)
async def get_entity(request: Request, model: _Model, global_id: _GlobalId) -> Entity:
    """With what the model says about it."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.twin.get_entity(model, global_id)


@router.get(
    f"{_ENTITY}/parts",
    dependencies=[needs("twin:read")],
    response_model=list[PartSeen],
    responses=refusals(404),
    summary="What lies in a thing",
)
async def list_parts(
    request: Request,
    model: _Model,
    global_id: _GlobalId,
    depth: Annotated[int, Query(ge=0, le=50, description="How deep.")] = 50,
    limit: Limit = 1000,
) -> Sequence[Part]:
    """The thing itself first, then what lies in it, nearest first."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.twin.list_parts(model, global_id, depth=depth, limit=limit)


@router.get(
    f"{_ENTITY}/places",
    dependencies=[needs("twin:read")],
    response_model=list[EntitySeen],
    responses=refusals(404),
    summary="What a thing lies in",
)
async def list_places(request: Request, model: _Model, global_id: _GlobalId) -> Sequence[Entity]:
    """Up to the top, nearest first."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.twin.list_places(model, global_id)


@router.get(
    f"{_ENTITY}/relations",
    dependencies=[needs("twin:read")],
    response_model=list[NeighbourSeen],
    responses=refusals(404),
    summary="The relations of a thing",
)
async def list_neighbours(
    request: Request, model: _Model, global_id: _GlobalId, limit: Limit = 1000
) -> Sequence[Neighbour]:
    """In both directions."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.twin.list_neighbours(model, global_id, limit=limit)


@router.get(
    "/devices/{uuid}",
    dependencies=[needs("twin:read")],
    response_model=EntitySeen,
    responses=refusals(404),
    summary="The thing a device is",
)
async def get_entity_of_device(
    request: Request, uuid: Annotated[UUID, Path(description="The device.")]
) -> Entity:
    """Where a device stands in the building: its thing, whose places say the rest."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.twin.find_entity_of_device(uuid)
    if found is None:
        raise EntityNotFound(f"The device {uuid} is no thing of a model.", uuid=str(uuid))
    return found
