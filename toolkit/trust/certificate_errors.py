"""What keeps a supplied certificate from working."""

import functools
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from toolkit.files import content


def _covers(pattern: str, name: str) -> bool:
    pattern, name = pattern.lower(), name.lower()
    return pattern == name or (pattern.startswith("*.") and pattern[2:] == name.partition(".")[2])


def _public(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _end_of_chain(chain: list[x509.Certificate]) -> x509.Certificate:
    """Return the certificate whose issuer the chain lacks, or the one signed by itself."""
    end, others = chain[0], chain[1:]
    while issuer := next((other for other in others if _issued(end, other)), None):
        end, others = issuer, [other for other in others if other != issuer]
    return end


def _is_trusted(certificate: x509.Certificate) -> bool:
    """Whether it is signed by itself, or by a root of Mozilla's list."""
    if _issued(certificate, certificate):
        return True
    return any(_issued(certificate, root) for root in _roots(certifi.where()) if root.subject == certificate.issuer)


@functools.cache
def _roots(file: str) -> list[x509.Certificate]:
    with warnings.catch_warnings(action="ignore", category=CryptographyDeprecationWarning):  # of their numbers
        return x509.load_pem_x509_certificates(Path(file).read_bytes())


def _name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


def _not_covered(certificate: x509.Certificate, names: Sequence[str]) -> list[str]:
    """Those of the DNS names that the certificate is not good for."""
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return list(names)
    patterns = alternatives.get_values_for_type(x509.DNSName)
    return [name for name in names if not any(_covers(pattern, name) for pattern in patterns)]


def certificate_errors(
    certificate_file: str, key_file: str, names: Sequence[str], at: datetime | None = None
) -> list[str]:
    """Return what is wrong with the two files (PEM) for these DNS names, at the given moment (now)."""
    at = at or datetime.now(UTC)
    try:
        chain = x509.load_pem_x509_certificates(content(Path(certificate_file).expanduser()))
    except (OSError, ValueError) as error:
        return [f"{certificate_file}: no certificate can be read ({error}): give a file with PEM, the chain behind it."]
    try:
        key = load_pem_private_key(content(Path(key_file).expanduser()), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        return [f"{key_file}: no key can be read ({error}): give a file with PEM, without a passphrase."]

    certificate, end = chain[0], _end_of_chain(chain)
    errors = []
    if not _is_trusted(end):
        errors.append(
            f"{certificate_file} lacks the certificate of {_name(end.issuer)}, which issued {_name(end.subject)}: "
            "append the intermediate certificates, or give the file that has them (fullchain.pem)."
        )
    if _public(key.public_key()) != _public(certificate.public_key()):
        errors.append(f"{key_file} is not the key of {certificate_file}: give the two that were made together.")
    if at >= certificate.not_valid_after_utc:
        errors.append(f"{certificate_file} ended on {certificate.not_valid_after_utc:%Y-%m-%d}: renew it.")
    if at < certificate.not_valid_before_utc:
        errors.append(
            f"{certificate_file} is good from {certificate.not_valid_before_utc:%Y-%m-%d} only: wait or renew."
        )
    if missing := _not_covered(certificate, names):
        errors.append(f"{certificate_file} is not good for {', '.join(missing)}: have it issued for these names too.")
    return errors
