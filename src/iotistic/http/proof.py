"""Asking somebody who is logged in for the password once more, before what a stranger at an open session must not do."""

from fastapi import Request

from iotistic.errors import Denied
from iotistic.http.access import address_of
from iotistic.http.login_gate import LoginGate
from iotistic.http.platform_access import platform_of
from iotistic.http.schemas.second_factor import Proof
from iotistic.secret import Secret
from iotistic.security import LoginRefused, Principal
from iotistic.security.logins import Credentials, LoggedIn, SecondFactorNeeded, SecondFactorRefused
from iotistic.security.second_factor import CodeWrong

__all__ = ["PasswordWrong", "SecondFactorAsked", "require_proof"]


class PasswordWrong(Denied):
    """The password that was sent along is not the account's."""

    code = "password_wrong"


class SecondFactorAsked(Denied):
    """The account has a second factor, and no code was sent along."""

    code = "code_needed"


async def require_proof(request: Request, caller: Principal, proof: Proof) -> None:
    """Returns when password and code are the caller's, and the code is used up; in a transaction of its own, so that a wrong one counts.

    Raises PasswordWrong, SecondFactorAsked or CodeWrong, and what holds a login back. They are 403 and not 401: the session is good.
    """
    gate: LoginGate = request.app.state.login_gate
    shown = Credentials(
        username=caller.username or "",
        address=address_of(request.scope),
        is_known=True,
        password=Secret(proof.password.get_secret_value()),
        code=None if proof.code is None else Secret(proof.code.get_secret_value()),
    )
    try:
        async with gate.turn(request.client.host if request.client else ""):
            async with platform_of(request.scope).begin() as work:
                outcome = await work.logins.prove(shown)
            if not isinstance(outcome, LoggedIn | SecondFactorNeeded):
                raise outcome
    except LoginRefused as error:
        raise PasswordWrong("The password is wrong.") from error
    except SecondFactorRefused as error:
        raise CodeWrong(error.message, hint=error.hint) from error
    if isinstance(outcome, SecondFactorNeeded):
        raise SecondFactorAsked("A code is needed too.", hint=outcome.hint)
