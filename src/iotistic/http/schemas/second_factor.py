"""Second factors on the wire."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from iotistic.http.schemas.sessions import Code, check_secret
from iotistic.http.schemas.values import Answer, Request, Timestamp

__all__ = [
    "AppEnrolled",
    "FirstCode",
    "Password",
    "PasswordChange",
    "Proof",
    "RecoveryCodes",
    "SecondFactorSeen",
]

Password = Annotated[SecretStr, AfterValidator(check_secret), Field(min_length=1, max_length=1000)]


class Proof(Request):
    """That it is the account's owner who asks, and not somebody who found a session open."""

    password: Password = Field(examples=["correct horse battery staple"])
    code: Code | None = Field(
        default=None,
        description="Where the account has a second factor: six digits of the app, or a recovery code.",
        examples=["492039"],
    )


class PasswordChange(Proof):
    """Another password."""

    new_password: Password = Field(
        description="10 characters or more, 72 octets or fewer.", examples=["another correct horse"]
    )


class FirstCode(Request):
    """What the app shows."""

    code: Code = Field(examples=["492039"])


class AppEnrolled(Answer):
    """What to tell an authenticator app, shown this once."""

    secret: str = Field(
        description="To be typed in: base32, SHA-1, six digits, 30 seconds.",
        examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"],
    )
    uri: str = Field(
        description="To be shown as a QR code.",
        examples=["otpauth://totp/Iotistic:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Iotistic"],
    )


class RecoveryCodes(Answer):
    """For whoever has lost the app: each is good once, and they are shown this once."""

    recovery_codes: list[str] = Field(examples=[["k7wq3-mzt4p-xd9ha-8vbnr"]])


class SecondFactorSeen(Answer):
    """Whether an account has a second factor."""

    username: str = Field(examples=["ada"])
    since: Timestamp | None = Field(
        description="When it began to count; null: it has none.", examples=["2026-11-24T08:00:00Z"]
    )
    is_pending: bool = Field(description="One waits for its first code.", examples=[False])
    recovery_codes_left: int = Field(examples=[10])
