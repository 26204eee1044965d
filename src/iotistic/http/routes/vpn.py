"""Certificates of the VPN."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.vpn import CertificatePage, CertificateSeen
from iotistic.vpn import VpnCertificate

__all__ = ["router"]

_PATH = "/api/v1/vpn/certificates"
router = APIRouter(prefix=_PATH, tags=["vpn"], responses=refusals())


class _Place(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    fingerprint: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


@router.get(
    "",
    dependencies=[needs("vpn:read")],
    response_model=CertificatePage,
    summary="Certificates, by fingerprint",
)
async def list_certificates(
    request: Request,
    response: Response,
    *,
    device: Annotated[UUID | None, Query(description="Only those of this device.")] = None,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """Also those that are expired or taken back. A page that is full has a `next`, also as a Link header."""
    place = None if after is None else decode_cursor(after, _Place).fingerprint
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.vpn.list_certificates(device_uuid=device, after=place, limit=limit)
    following = encode_cursor(_Place(found[-1].fingerprint)) if len(found) == limit else None
    if following is not None:
        chosen = "" if device is None else f"device={device}&"
        response.headers["Link"] = f'<{_PATH}?{chosen}limit={limit}&after={following}>; rel="next"'
    return {"items": found, "next": following}


@router.get(
    "/{fingerprint}",
    dependencies=[needs("vpn:read")],
    response_model=CertificateSeen,
    responses=refusals(404),
    summary="One certificate",
)
async def get_certificate(
    request: Request,
    fingerprint: Annotated[
        str,
        Path(
            description="SHA-256 of the certificate, with or without colons.",
            pattern=r"^[0-9A-Fa-f:]{64,95}$",
        ),
    ],
) -> VpnCertificate:
    """By what `openssl x509 -fingerprint -sha256` prints."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.vpn.get_certificate(fingerprint)
