"""Alerts about log lines: the rules, and what was found."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request

from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit
from iotistic.http.permissions import Caller, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.log_alerts import (
    AlertPage,
    AlertSeen,
    AlertStatus,
    NewRule,
    RuleName,
    RulePage,
    RuleSeen,
    RuleStated,
)
from iotistic.security import Principal
from iotistic.telemetry.alerts import Alert, AlertQuestion, Rule

__all__ = ["alerts_router", "rules_router"]

rules_router = APIRouter(prefix="/api/v1/log-alert-rules", tags=["log alerts"], responses=refusals())
alerts_router = APIRouter(prefix="/api/v1/log-alerts", tags=["log alerts"], responses=refusals())

_After = Annotated[str | None, Query(description="`next` of the page before.")]
_Name = Annotated[RuleName, Path(description="The name of a rule.", examples=["disk-full"])]
_Id = Annotated[int, Path(ge=1, le=2**63 - 1, description="The number of an alert.")]
_STATUS = "Only alerts that are so; may be repeated. Those that are open when left out."


class _NamePosition(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    name: Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]


class _NumberPosition(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    number: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@rules_router.get(
    "", dependencies=[needs("alerts:read")], response_model=RulePage, summary="Rules about log lines, by name"
)
async def list_rules(request: Request, after: _After = None, limit: Limit = 100) -> dict[str, object]:
    """A page that is full has a `next`."""
    name = None if after is None else decode_cursor(after, _NamePosition).name
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.alert_rules.list_rules(after=name, limit=limit)
    following = encode_cursor(_NamePosition(found[-1].name)) if len(found) == limit else None
    return {"items": found, "next": following}


@rules_router.post(
    "",
    dependencies=[needs("alerts:write")],
    status_code=201,
    response_model=RuleSeen,
    responses=refusals(409),
    summary="Make a rule",
)
async def create_rule(request: Request, rule: NewRule, caller: Caller) -> Rule:
    """It watches lines that are stored from now on, within seconds."""
    async with platform_of(request.scope).begin() as work:
        return await work.alert_rules.create_rule(rule.name, rule.draft(), created_by=_name(caller))


@rules_router.get(
    "/{name}",
    dependencies=[needs("alerts:read")],
    response_model=RuleSeen,
    responses=refusals(404),
    summary="One rule",
)
async def get_rule(request: Request, name: _Name) -> Rule:
    """What it watches."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.alert_rules.get_rule(name)


@rules_router.put(
    "/{name}",
    dependencies=[needs("alerts:write")],
    response_model=RuleSeen,
    responses=refusals(404),
    summary="Say anew what a rule watches",
)
async def replace_rule(request: Request, name: _Name, rule: RuleStated) -> Rule:
    """What is left out is as in a new rule. Open alerts stay; lines that were too few for one are forgotten."""
    async with platform_of(request.scope).begin() as work:
        return await work.alert_rules.replace_rule(name, rule.draft())


@rules_router.delete(
    "/{name}",
    dependencies=[needs("alerts:write")],
    status_code=204,
    responses=refusals(404),
    summary="Delete a rule",
)
async def delete_rule(request: Request, name: _Name) -> None:
    """With all its alerts. To keep them, disable it."""
    async with platform_of(request.scope).begin() as work:
        await work.alert_rules.delete_rule(name)


@alerts_router.get(
    "", dependencies=[needs("alerts:read")], response_model=AlertPage, summary="Alerts, the newest first"
)
async def list_alerts(
    request: Request,
    *,
    status: Annotated[list[AlertStatus] | None, Query(description=_STATUS, max_length=3)] = None,
    rule: Annotated[RuleName | None, Query(description="Only those of this rule.")] = None,
    device: Annotated[UUID | None, Query(description="Only those of this device.")] = None,
    after: _After = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """A page that is full has a `next`."""
    question = AlertQuestion(statuses=status or AlertQuestion().statuses, rule=rule, device_uuid=device)
    before = None if after is None else decode_cursor(after, _NumberPosition).number
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.alerts.list_alerts(question, before=before, limit=limit)
    following = encode_cursor(_NumberPosition(found[-1].id)) if len(found) == limit else None
    return {"items": found, "next": following}


@alerts_router.get(
    "/{number}",
    dependencies=[needs("alerts:read")],
    response_model=AlertSeen,
    responses=refusals(404),
    summary="One alert",
)
async def get_alert(request: Request, number: _Id) -> Alert:
    """With a few of its lines."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.alerts.get_alert(number)


@alerts_router.post(
    "/{number}/acknowledge",
    dependencies=[needs("alerts:write")],
    response_model=AlertSeen,
    responses=refusals(404, 409),
    summary="Say that it was seen",
)
async def acknowledge_alert(request: Request, number: _Id, caller: Caller) -> Alert:
    """It stays open, and is extended and resolved as before. The first who says so is kept."""
    platform = platform_of(request.scope)
    async with platform.begin() as work:
        return await work.alerts.acknowledge(number, by=_name(caller), now=platform.clock())


@alerts_router.post(
    "/{number}/resolve",
    dependencies=[needs("alerts:write")],
    response_model=AlertSeen,
    responses=refusals(404),
    summary="Say that it is over",
)
async def resolve_alert(request: Request, number: _Id, caller: Caller) -> Alert:
    """Lines that match from now on are counted anew. The first who says so is kept."""
    platform = platform_of(request.scope)
    async with platform.begin() as work:
        return await work.alerts.resolve(number, by=_name(caller), now=platform.clock())


def _name(caller: Principal) -> str:
    return caller.username or f"user {caller.user_id}"
