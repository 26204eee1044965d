"""Certificates of our own authority, checked by a second implementation: the ssl module's OpenSSL."""

import os
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from iotistic.operations.access.certificate_files import CertificateFolder
from iotistic.operations.access.certificates import (
    CertificateInvalid,
    make_authority,
    read_certificate,
    sign_server,
)
from iotistic.sealing import SealingKeys, SealingKeyUnknown, is_sealed
from iotistic.secret import Secret

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def test_a_certificate_says_whom_it_is_for_and_until_when() -> None:
    authority = make_authority("test", now=NOW)
    certificate, key = sign_server(authority, ["db.example.com", "10.0.0.1"], now=NOW, lasts=90 * DAY)
    facts = read_certificate(certificate)
    assert facts.hosts == ("db.example.com", "10.0.0.1")
    assert facts.ends == NOW + 90 * DAY
    assert facts.begins < NOW
    assert "PRIVATE KEY" in key.reveal()
    assert "PRIVATE KEY" not in repr(key)


def test_it_never_outlives_its_authority() -> None:
    authority = make_authority("test", now=NOW)
    certificate, _ = sign_server(authority, ["a"], now=NOW + 3600 * DAY, lasts=825 * DAY)
    assert read_certificate(certificate).ends == read_certificate(authority.certificate).ends


def test_openssl_accepts_the_chain_and_refuses_one_of_another_authority(tmp_path: Path) -> None:
    mine, other = make_authority("mine", now=NOW), make_authority("mine", now=NOW)
    certificate, _ = sign_server(mine, ["db"], now=NOW, lasts=DAY)
    for name, content in (("mine", mine.certificate), ("other", other.certificate), ("server", certificate)):
        (tmp_path / name).write_bytes(content)
    for authority, accepted in (("mine", True), ("other", False)):
        command = [
            "openssl",
            "verify",
            "-x509_strict",
            "-purpose",
            "sslserver",
            "-CAfile",
            authority,
            "server",
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert (done.returncode == 0) is accepted, done.stderr


@pytest.mark.parametrize("hosts", [[], ["münchen.example"], ["bad host"], ["a,DNS:b"], [""], ["-a"]])
def test_what_is_no_host_is_refused(hosts: list[str]) -> None:
    with pytest.raises(CertificateInvalid):
        sign_server(make_authority("test", now=NOW), hosts, now=NOW, lasts=DAY)


@pytest.mark.parametrize(
    "junk", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_refused(junk: bytes) -> None:
    with pytest.raises(CertificateInvalid):
        read_certificate(junk)


def test_a_folder_keeps_its_authority_when_the_server_gets_a_new_certificate(tmp_path: Path) -> None:
    place = CertificateFolder(tmp_path / "tls", SealingKeys.generate())
    first = place.write(["db"], now=NOW, lasts=DAY)
    authority = (place.path / "ca.crt").read_bytes()
    second = place.write(["db"], now=NOW, lasts=DAY)
    assert (first.authority_made, second.authority_made) == (True, False)
    assert first.server.serial != second.server.serial
    assert (place.path / "ca.crt").read_bytes() == authority
    assert sorted(path.name for path in place.path.iterdir()) == [
        "ca.crt",
        "ca.key",
        "server.crt",
        "server.key",
    ]


def test_a_certificate_that_lasts_long_enough_for_the_same_hosts_stays(tmp_path: Path) -> None:
    place = CertificateFolder(tmp_path, SealingKeys.generate())
    first = place.write(["db", "127.0.0.1"], now=NOW, lasts=10 * DAY, unless_lasts=5 * DAY)
    assert first.renewed
    for hosts, now, renewed in (
        (["127.0.0.1", "db"], NOW + 5 * DAY, False),  # exactly as long as asked
        (["db"], NOW, True),
        (["db"], NOW + 5 * DAY + timedelta(seconds=1), True),
    ):
        again = place.write(hosts, now=now, lasts=10 * DAY, unless_lasts=5 * DAY)
        assert (again.renewed, again.authority_made) == (renewed, False)
    (tmp_path / "server.key").unlink()
    assert place.write(["db"], now=NOW, lasts=DAY, unless_lasts=timedelta(0)).renewed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_servers_key_belongs_to_the_servers_account(tmp_path: Path) -> None:
    place = CertificateFolder(tmp_path, SealingKeys.generate())
    place.write(["db"], now=NOW, lasts=DAY, owner=(70, 70))
    key = (tmp_path / "server.key").stat()
    assert (key.st_uid, key.st_gid, stat.S_IMODE(key.st_mode)) == (70, 70, 0o600)
    assert (tmp_path / "ca.key").stat().st_uid == 0


def test_the_key_of_the_authority_lies_sealed_and_only_the_installations_key_signs_again(
    tmp_path: Path,
) -> None:
    place = CertificateFolder(tmp_path, SealingKeys.generate())
    place.write(["db"], now=NOW, lasts=DAY)
    assert is_sealed((tmp_path / "ca.key").read_text())
    for name in ("ca.key", "server.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    with pytest.raises(SealingKeyUnknown):
        CertificateFolder(tmp_path, SealingKeys.generate()).write(["db"], now=NOW, lasts=DAY)


def test_a_key_that_does_not_fit_its_authority_is_refused() -> None:
    mine, other = make_authority("mine", now=NOW), make_authority("other", now=NOW)
    with pytest.raises(CertificateInvalid):
        sign_server(type(mine)(certificate=mine.certificate, key=other.key), ["db"], now=NOW, lasts=DAY)
    with pytest.raises(CertificateInvalid):
        sign_server(type(mine)(certificate=mine.certificate, key=Secret("junk")), ["db"], now=NOW, lasts=DAY)
