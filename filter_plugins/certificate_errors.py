"""Filter certificate_errors: what keeps a supplied certificate from working."""

import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

sys.path.append(str(Path(__file__).parents[1]))
from toolkit.files import content

DOCUMENTATION = r"""
name: certificate_errors
short_description: Say what keeps a supplied certificate from working
description:
  - Reads certificate and key on the controller and looks for what a daemon or a browser would refuse, so that a run can
    end before anything is touched.
  - Some browsers find a missing intermediate themselves, Java, phones and other servers never do. So the chain must
    end at a certificate signed by itself, or at one signed by a root of Mozilla's list (the package certifi), which is
    Debian's list, too, whatever the operator's machine trusts.
positional: _input, key_file, names
options:
  _input:
    description: File with the certificate, its chain behind it (PEM).
    type: path
    required: true
  key_file:
    description: File with the certificate's private key (PEM, no passphrase).
    type: path
    required: true
  names:
    description: DNS names the certificate must be good for.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
errors: "{{ 'fullchain.pem' | certificate_errors('key.pem', ['meet.example.org', 'turn-1.meet.example.org']) }}"
"""

RETURN = r"""
_value:
  description: One sentence per error with its fix; empty for a good certificate.
  type: list
  elements: str
"""


def _covers(pattern: str, name: str) -> bool:
    pattern, name = pattern.lower(), name.lower()
    return pattern == name or (pattern.startswith("*.") and pattern[2:] == name.partition(".")[2])


def _public(key) -> bytes:
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
    """Is it signed by itself, or by a root of Mozilla's list?"""
    if _issued(certificate, certificate):
        return True
    with warnings.catch_warnings(action="ignore", category=CryptographyDeprecationWarning):  # of other roots' numbers
        roots = x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes())
    return any(_issued(certificate, root) for root in roots if root.subject == certificate.issuer)


def _name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


def certificate_errors(certificate_file: str, key_file: str, names: list[str], at: datetime | None = None) -> list[str]:
    """Return the errors at the given moment (now)."""
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
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        patterns = alternatives.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        patterns = []
    missing = [name for name in names if not any(_covers(pattern, name) for pattern in patterns)]
    if missing:
        errors.append(f"{certificate_file} is not good for {', '.join(missing)}: have it issued for these names too.")
    return errors


class FilterModule:
    """Makes certificate_errors known to Ansible."""

    def filters(self):
        return {"certificate_errors": certificate_errors}
