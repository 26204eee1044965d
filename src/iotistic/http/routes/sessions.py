"""Coming in: people log in, stay for a while, and leave."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from iotistic.bootstrap.work import Work
from iotistic.errors import Exhausted, Unauthenticated
from iotistic.http.access import address_of, provenance_of
from iotistic.http.login_gate import LoginGate
from iotistic.http.login_pauses import LoginPauses
from iotistic.http.permissions import Caller, for_any_key, for_anybody_half_in
from iotistic.http.platform_access import platform_of
from iotistic.http.proof import require_proof
from iotistic.http.responses import refusals
from iotistic.http.schemas.second_factor import PasswordChange
from iotistic.http.schemas.sessions import (
    CallerSeen,
    Credentials,
    RefreshAsked,
    SessionOpened,
    SessionSeen,
    SessionsEnded,
    TokensGiven,
)
from iotistic.secret import Secret
from iotistic.security.logins import Credentials as Shown
from iotistic.security.logins import LoggedIn, LoginPaused, SecondFactorNeeded
from iotistic.security.passwords import check_usable
from iotistic.security.sessions import OpenedSession, RefreshRefused, SessionNotFound

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", responses=refusals())

_SessionId = Annotated[
    str, Path(pattern="^[a-z0-9]{1,40}$", description="The session.", examples=["3kqh2v7w5m4x"])
]


@router.post("/auth/login", responses=refusals(429), tags=["sessions"], summary="Log in")
async def log_in(request: Request, credentials: Credentials) -> SessionOpened:
    """Opens a session: an access token for a quarter of an hour, and a refresh token that gets the next.

    A wrong name and a wrong password are refused alike. Where the password is right and the account has a second factor, a login without
    `code` is answered 401 `second_factor_needed`: send the three together. A code is good once.
    """
    client = request.client.host if request.client else ""
    pauses: LoginPauses = request.app.state.login_pauses
    try:
        outcome = await _opened(request, client, credentials)
    except (Unauthenticated, Exhausted) as error:
        refusals_seen = platform_of(request.scope).refusals
        refusals_seen.note("logins", client, reason=error.code, name=credentials.username)
        if isinstance(error, LoginPaused):
            pauses.keep(credentials.username, address_of(request.scope), error)
        raise
    if isinstance(outcome, SecondFactorNeeded):  # half a success: nothing to count
        raise outcome
    pauses.forget(credentials.username, address_of(request.scope))
    return outcome


@router.get("/auth/me", dependencies=[for_any_key], tags=["sessions"], summary="Whose key is this?")
async def get_caller(caller: Caller) -> CallerSeen:
    """For devices too."""
    return CallerSeen(
        kind="user" if caller.device_uuid is None else "device",
        key_id=caller.key_id,
        username=caller.username,
        role=caller.role,
        device_uuid=caller.device_uuid,
        factors=list(caller.factors),
        lacks_factor=caller.lacks_factor,
        expires_at=caller.expires_at,
    )


@router.post("/auth/refresh", tags=["sessions"], summary="Go on with a session")
async def refresh(request: Request, asked: RefreshAsked) -> TokensGiven:
    """Gives the next access token and the next refresh token.

    A refresh token works once. Within half a minute it may come again (several tabs at once, an answer that got lost) and gets the same
    successor; later it ends the session, since somebody else has a copy of it. A session ends after a week without a refresh, and after 30 days.
    """
    platform = platform_of(request.scope)
    async with platform.begin() as work:
        outcome = await work.sessions.refresh(Secret(asked.refresh_token.get_secret_value()))
    if isinstance(outcome, RefreshRefused):
        platform.refusals.note("keys", address_of(request.scope) or "", reason=f"refresh {outcome.why}")
        raise outcome
    return TokensGiven(**_told(outcome))


@router.get(
    "/auth/sessions",
    dependencies=[for_anybody_half_in],
    tags=["sessions"],
    summary="Where one is logged in",
)
async def list_sessions(request: Request, caller: Caller) -> list[SessionSeen]:
    """Newest first, at most 1,000."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.sessions.list_sessions(caller.username or "")
    return [
        SessionSeen.model_validate(
            {
                "id": session.id,
                "created_at": session.created_at,
                "refreshed_at": session.refreshed_at,
                "expires_at": session.expires_at,
                "address": session.address,
                "user_agent": session.user_agent,
                "factors": session.factors,
                "is_this": session.id == caller.key_id,
            }
        )
        for session in found
    ]


@router.delete(
    "/auth/sessions", dependencies=[for_anybody_half_in], tags=["sessions"], summary="Log out everywhere"
)
async def log_out_everywhere(request: Request, caller: Caller) -> SessionsEnded:
    """Every session of the account, this one too: their tokens open nothing any more, in every process within a second. Keys stay."""
    async with platform_of(request.scope).begin() as work:
        ended = await work.sessions.end_all(caller.username or "", reason="logged out everywhere")
    return SessionsEnded(ended=ended)


@router.delete(
    "/auth/sessions/{session_id}",
    dependencies=[for_anybody_half_in],
    status_code=204,
    responses=refusals(404),
    tags=["sessions"],
    summary="Log out elsewhere",
)
async def end_session(request: Request, caller: Caller, session_id: _SessionId) -> None:
    """Somebody else's session looks like none."""
    async with platform_of(request.scope).begin() as work:
        await work.sessions.end(session_id, username=caller.username, reason="logged out elsewhere")


@router.delete(
    "/auth/session", dependencies=[for_anybody_half_in], status_code=204, tags=["sessions"], summary="Log out"
)
async def log_out(request: Request, caller: Caller) -> None:
    """The token that was sent is good for nothing from now on; a key that was sent is revoked."""
    async with platform_of(request.scope).begin() as work:
        try:
            await work.sessions.end(caller.key_id, username=caller.username, reason="logged out")
        except SessionNotFound:
            await work.security.revoke_key(caller.key_id, reason="logged out")


@router.post(
    "/auth/password",
    dependencies=[for_anybody_half_in],
    responses=refusals(429),
    tags=["sessions"],
    summary="Change one's password",
)
async def change_password(request: Request, caller: Caller, change: PasswordChange) -> SessionsEnded:
    """Needs the present password, and a code where there is a second factor. Ends every other session of the account; keys stay."""
    current = Secret(change.password.get_secret_value())
    new = Secret(change.new_password.get_secret_value())
    check_usable(new)
    await require_proof(request, caller, change)
    async with platform_of(request.scope).begin() as work:
        await work.security.change_password(caller.username or "", current=current, new=new)
        ended = await work.sessions.end_others(
            caller.username or "", kept=caller.key_id, reason="the password was changed"
        )
    return SessionsEnded(ended=ended)


async def _opened(
    request: Request, client: str, credentials: Credentials
) -> SessionOpened | SecondFactorNeeded:
    gate: LoginGate = request.app.state.login_gate
    async with gate.turn(client):
        async with platform_of(request.scope).begin() as work:
            outcome = await work.logins.prove(_shown(credentials, address_of(request.scope)))
            if isinstance(outcome, LoggedIn):
                return await _begun(work, request, outcome)
        # Behind the commit: that a code was tried must stand.
        if isinstance(outcome, SecondFactorNeeded):
            return outcome
        raise outcome


async def _begun(work: Work, request: Request, who: LoggedIn) -> SessionOpened:
    await work.act_as(replace(provenance_of(request.scope), actor_kind="user", actor=who.user.username))
    opened = await work.sessions.open(
        who.user.id,
        address=address_of(request.scope),
        user_agent=_printable(request.headers.get("user-agent")),
        factors=who.factors,
    )
    return SessionOpened(**_told(opened), username=who.user.username, role=who.user.role)


def _shown(credentials: Credentials, address: str | None) -> Shown:
    return Shown(
        username=credentials.username,
        address=address,
        password=Secret(credentials.password.get_secret_value()),
        code=None if credentials.code is None else Secret(credentials.code.get_secret_value()),
    )


def _told(opened: OpenedSession) -> dict[str, Any]:
    return {
        "session_id": opened.id,
        "key": opened.access_token.reveal(),
        "expires_at": opened.access_expires_at,
        "refresh_token": opened.refresh_token.reveal(),
        "refresh_expires_at": opened.refresh_expires_at,
    }


def _printable(text: str | None) -> str | None:
    """What a program says of itself, fit for a terminal."""
    return None if text is None else "".join(c for c in text if c.isprintable())
