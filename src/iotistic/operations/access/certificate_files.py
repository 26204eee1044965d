"""Certificates in a folder: ca.crt and server.crt for everybody, server.key for PostgreSQL alone, ca.key sealed.

Each file is written whole under another name and then renamed: a server that reloads meanwhile reads the old one or the new one. The key is
renamed before its certificate; PostgreSQL refuses a pair that does not fit and goes on with what it has.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Final, final

from iotistic.operations.access.certificates import (
    Authority,
    CertificateFacts,
    make_authority,
    read_certificate,
    sign_server,
)
from iotistic.sealing import SealingKeys

__all__ = ["CertificateFolder", "Written"]

_ABOUT: Final = "key of the certificate authority"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was made."""

    authority_made: bool
    """Whether it is a new authority: its certificate has to reach every client."""
    server: CertificateFacts


@final
class CertificateFolder:
    """The folder of one authority and one server."""

    def __init__(self, path: Path, sealing: SealingKeys) -> None:
        self.path = path
        self._sealing = sealing

    def write(self, hosts: Sequence[str], *, now: datetime, lasts: timedelta) -> Written:
        """A certificate for a server of these names, by the authority of the folder, which is made where there is none.

        Raises CertificateInvalid, SealBroken, SealingKeyUnknown.
        """
        self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
        authority_made = not (self.path / "ca.crt").exists()
        authority = self._make(now) if authority_made else self._load()
        certificate, key = sign_server(authority, hosts, now=now, lasts=lasts)
        self._put("server.key", key.reveal().encode(), mode=0o600)
        self._put("server.crt", certificate, mode=0o644)
        return Written(authority_made=authority_made, server=read_certificate(certificate))

    def _make(self, now: datetime) -> Authority:
        authority = make_authority(f"Iotistic authority of {now:%Y-%m-%d}", now=now)
        self._put("ca.key", self._sealing.seal(authority.key, about=_ABOUT).encode(), mode=0o600)
        self._put("ca.crt", authority.certificate, mode=0o644)
        return authority

    def _load(self) -> Authority:
        sealed = (self.path / "ca.key").read_text(encoding="ascii").strip()
        return Authority(
            certificate=(self.path / "ca.crt").read_bytes(), key=self._sealing.open(sealed, about=_ABOUT)
        )

    def _put(self, name: str, content: bytes, *, mode: int) -> None:
        path = self.path / name
        draft = self.path / f".{name}.{token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if (
            path.exists() and os.geteuid() == 0
        ):  # a renewal leaves the files with the account that PostgreSQL runs as
            owner = path.stat()
            os.chown(draft, owner.st_uid, owner.st_gid)
            draft.chmod(owner.st_mode & 0o777)
        draft.replace(path)
