"""Why a login is refused, besides a wrong name or password (`iotistic.security.errors.LoginRefused`)."""

from iotistic.errors import Exhausted, Unauthenticated

__all__ = ["LoginPaused", "SecondFactorNeeded", "SecondFactorRefused"]


class LoginPaused(Exhausted):
    """Logins for this name failed from there one after another, or from many places; the next is looked at after a pause."""

    code = "login_paused"


class SecondFactorNeeded(Unauthenticated):
    """The account has a second factor, and no code was sent along. Nobody hears this who does not know the password."""

    code = "second_factor_needed"


class SecondFactorRefused(Unauthenticated):
    """The code is wrong, too old, or was used before."""

    code = "second_factor_refused"
