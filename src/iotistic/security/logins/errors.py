"""Why a login is refused, besides a wrong name or password (`iotistic.security.errors.LoginRefused`)."""

from iotistic.errors import Exhausted, Unauthenticated
from iotistic.security.logins.limits import Pause

__all__ = ["LoginPaused", "SecondFactorNeeded", "SecondFactorRefused"]


class LoginPaused(Exhausted):
    """Logins for this name failed from there one after another, or from many places; the next is looked at after a pause."""

    code = "login_paused"

    def __init__(self, pause: Pause, *, known: frozenset[str] | None) -> None:
        """`known`: the sources that `pause.together` does not hold; None: not told."""
        super().__init__(
            "Too many failed logins for this account.",
            hint="Try again when Retry-After has passed; until then no password is looked at.",
            retry_after=pause.left,
        )
        self.pause = pause
        self.known = known


class SecondFactorNeeded(Unauthenticated):
    """The account has a second factor, and no code was sent along. Nobody hears this who does not know the password."""

    code = "second_factor_needed"


class SecondFactorRefused(Unauthenticated):
    """The code is wrong, too old, or was used before."""

    code = "second_factor_refused"
