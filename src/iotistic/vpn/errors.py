"""What can be wrong about certificates."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound

__all__ = ["CONSTRAINTS", "CertificateExists", "CertificateInvalid", "CertificateNotFound"]


class CertificateNotFound(NotFound):
    """No certificate has this fingerprint."""

    code = "certificate_not_found"


class CertificateExists(Conflict):
    """The certificate, or another with this issuer and serial, is known already."""

    code = "certificate_exists"


class CertificateInvalid(Invalid):
    """What no certificate of ours can be."""

    code = "certificate_invalid"


def _exists(_: psycopg.Error) -> IotisticError:
    return CertificateExists("A certificate with this fingerprint, or this issuer and serial, is known.")


def _bad_serial(_: psycopg.Error) -> IotisticError:
    return CertificateInvalid("A serial is 1 to 40 hexadecimal digits in lower case, without leading zeros.")


def _bad_fingerprint(_: psycopg.Error) -> IotisticError:
    return CertificateInvalid("A fingerprint is the SHA-256 of a certificate: 32 octets.")


def _bad_validity(_: psycopg.Error) -> IotisticError:
    return CertificateInvalid("A certificate ends to be valid after it begins to.")


def _bad_name(_: psycopg.Error) -> IotisticError:
    return CertificateInvalid("A common name has 1 to 64 characters, an issuer 1 to 200.")


def _no_device(_: psycopg.Error) -> IotisticError:
    return CertificateInvalid("There is no such device.")


CONSTRAINTS: ConstraintErrors = {
    "vpn_certificates_pkey": _exists,
    "vpn_certificates_issuer_serial_key": _exists,
    "vpn_certificates_serial_check": _bad_serial,
    "vpn_certificates_fingerprint_check": _bad_fingerprint,
    "vpn_certificates_not_after_check": _bad_validity,
    "vpn_certificates_common_name_check": _bad_name,
    "vpn_certificates_issuer_check": _bad_name,
    "vpn_certificates_device_uuid_fkey": _no_device,
}
