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

__all__ = ["Account", "CertificateFolder", "Written"]

_ABOUT: Final = "key of the certificate authority"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was made."""

    authority_made: bool
    """Whether it is a new authority: its certificate has to reach every client."""
    renewed: bool
    """False: the server's certificate was good for long enough and stayed."""
    server: CertificateFacts


Account = tuple[int, int]
"""User and group that a file is to belong to, by number."""


@final
class CertificateFolder:
    """The folder of one authority and one server."""

    def __init__(self, path: Path, sealing: SealingKeys) -> None:
        self.path = path
        self._sealing = sealing

    def write(
        self,
        hosts: Sequence[str],
        *,
        now: datetime,
        lasts: timedelta,
        unless_lasts: timedelta | None = None,
        owner: Account | None = None,
    ) -> Written:
        """A certificate for a server of these names, by the authority of the folder, which is made where there is none.

        `unless_lasts`: the one that is there stays if it is for these names and goes on for so long. `owner`: whose file the server's key is, which
        PostgreSQL asks to be its own account's. Raises CertificateInvalid, SealBroken, SealingKeyUnknown.
        """
        present = None if unless_lasts is None else self._present(hosts, until=now + unless_lasts)
        if present is not None:
            return Written(authority_made=False, renewed=False, server=present)
        self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
        authority_made = not (self.path / "ca.crt").exists()
        authority = self._make(now) if authority_made else self._load()
        certificate, key = sign_server(authority, hosts, now=now, lasts=lasts)
        self._put("server.key", key.reveal().encode(), mode=0o600, owner=owner)
        self._put("server.crt", certificate, mode=0o644)
        return Written(authority_made=authority_made, renewed=True, server=read_certificate(certificate))

    def _present(self, hosts: Sequence[str], *, until: datetime) -> CertificateFacts | None:
        if not all((self.path / name).exists() for name in ("ca.crt", "server.crt", "server.key")):
            return None
        found = read_certificate((self.path / "server.crt").read_bytes())
        return found if set(found.hosts) == set(hosts) and found.ends >= until else None

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

    def _put(self, name: str, content: bytes, *, mode: int, owner: Account | None = None) -> None:
        path = self.path / name
        draft = self.path / f".{name}.{token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if owner is not None:
            os.chown(draft, *owner)
        elif path.exists() and os.geteuid() == 0:
            # A renewal leaves the files with the account that PostgreSQL runs as.
            before = path.stat()
            os.chown(draft, before.st_uid, before.st_gid)
            draft.chmod(before.st_mode & 0o777)
        draft.replace(path)
