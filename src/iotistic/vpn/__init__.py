"""Certificates of the VPN: which were issued, and which are taken back."""

from iotistic.vpn.errors import CertificateExists, CertificateInvalid, CertificateNotFound
from iotistic.vpn.model import CertificateState, IssuedCertificate, RevocationReason, VpnCertificate
from iotistic.vpn.service import VpnService

__all__ = [
    "CertificateExists",
    "CertificateInvalid",
    "CertificateNotFound",
    "CertificateState",
    "IssuedCertificate",
    "RevocationReason",
    "VpnCertificate",
    "VpnService",
]
