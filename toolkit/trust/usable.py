"""What daemons and browsers ask of a certificate beside its names, dates and chain."""

import warnings
from operator import attrgetter

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID

LEAST_BITS = 2048  # OpenSSL refuses less in Debian (security level 2)
CURVES = (ec.SECP256R1, ec.SECP384R1)  # what every browser takes
WEAK = (hashes.MD5, hashes.SHA1)


def certificates_in(data: bytes) -> list[x509.Certificate]:
    """The certificates in the content of a file (PEM). Raises ValueError."""
    try:
        with warnings.catch_warnings(action="ignore", category=CryptographyDeprecationWarning):  # of old roots' numbers
            return x509.load_pem_x509_certificates(data)
    except x509.InvalidVersion as error:
        raise ValueError from error


def is_too_short(certificate: x509.Certificate) -> bool:
    """Whether OpenSSL refuses its key, whoever has it."""
    key = certificate.public_key()
    return isinstance(key, rsa.RSAPublicKey) and key.key_size < LEAST_BITS


def is_weakly_signed(certificate: x509.Certificate) -> bool:
    """Whether it is signed with a hash that can be forged."""
    try:
        return isinstance(certificate.signature_hash_algorithm, WEAK)
    except UnsupportedAlgorithm:
        return True


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether it may issue certificates."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def is_for_servers(certificate: x509.Certificate) -> bool:
    """Whether its purposes have a server's, or are not limited."""
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return bool({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(purposes))


def key_is_taken(certificate: x509.Certificate) -> bool:
    """Whether every browser takes a server's key of this kind."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return isinstance(key.curve, CURVES)
    return isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_BITS


_QUESTIONS = (
    attrgetter("subject", "issuer", "not_valid_before_utc", "not_valid_after_utc", "extensions"),
    is_too_short,
    is_weakly_signed,
    is_authority,
    is_for_servers,
    key_is_taken,
)


def is_readable(certificate: x509.Certificate) -> bool:
    """Whether all that is asked of a certificate here has an answer.

    The library reads each part of a certificate when it is asked for, and no list says what it raises then (TypeError
    for a name of bits, ValueError for the year 0): whatever it is, the certificate is one that nobody can use.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            for question in _QUESTIONS:
                question(certificate)
    except Exception:
        return False
    return True
