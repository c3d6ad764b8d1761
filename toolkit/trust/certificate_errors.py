"""What keeps a supplied certificate from working."""

import functools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from toolkit.files import content
from toolkit.sentences import name_of
from toolkit.trust.usable import (
    LEAST_BITS,
    certificates_in,
    is_authority,
    is_for_servers,
    is_readable,
    is_too_short,
    is_weakly_signed,
    key_is_taken,
)


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


def _path(chain: list[x509.Certificate]) -> list[x509.Certificate]:
    """The server's certificate and, each behind the one it issued, its issuers as far as the chain has them."""
    path, others = chain[:1], chain[1:]
    while issuer := next((other for other in others if _issued(path[-1], other)), None):
        path, others = [*path, issuer], [other for other in others if other != issuer]
    return path


def _is_trusted(certificate: x509.Certificate) -> bool:
    """Whether it is signed by itself, or by a root of Mozilla's list."""
    if _issued(certificate, certificate):
        return True
    return any(_issued(certificate, root) for root in _roots(certifi.where()) if root.subject == certificate.issuer)


@functools.cache
def _roots(file: str) -> list[x509.Certificate]:
    return certificates_in(Path(file).read_bytes())


def _name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return name_of(str(common[0].value) if common else name.rfc4514_string())


def _not_covered(certificate: x509.Certificate, names: Sequence[str]) -> list[str]:
    """Those of the DNS names that the certificate is not good for."""
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return list(names)
    patterns = alternatives.get_values_for_type(x509.DNSName)
    return [name for name in names if not any(_covers(pattern, name) for pattern in patterns)]


def _server_errors(file: str, certificate: x509.Certificate, at: datetime) -> Iterator[str]:
    """What is wrong with the server's own certificate, whatever its names."""
    if not key_is_taken(certificate):
        yield f"{file} has a key that browsers or daemons refuse: have it issued for one of RSA, 2048 bits, or P-256."
    if not is_for_servers(certificate):
        yield f"{file} is not for servers (extended key usage): have it issued for TLS servers."
    if is_authority(certificate):
        yield f"{file} begins with the certificate of an authority: put the server's in front, the chain behind it."
    if at >= certificate.not_valid_after_utc:
        yield f"{file} ended on {certificate.not_valid_after_utc:%Y-%m-%d}: renew it."
    if at < certificate.not_valid_before_utc:
        yield f"{file} is good from {certificate.not_valid_before_utc:%Y-%m-%d} only: wait or renew."


def _issuer_errors(file: str, path: list[x509.Certificate], at: datetime) -> Iterator[str]:
    """What is wrong with what vouches for it."""
    if not _is_trusted(path[-1]):
        yield (
            f"{file} lacks the certificate of {_name(path[-1].issuer)}, which issued {_name(path[-1].subject)}: "
            "append the intermediate certificates, or give the file that has them (fullchain.pem)."
        )
    for issuer in path[1:]:
        name = f"{file}: the certificate of {_name(issuer.subject)}"
        if at >= issuer.not_valid_after_utc:
            yield f"{name} ended on {issuer.not_valid_after_utc:%Y-%m-%d}: append the authority's present one."
        if not is_authority(issuer) and not _issued(issuer, issuer):  # old roots do not say so
            yield f"{name} may not issue others: give the chain that the authority has sent."
        if is_too_short(issuer):
            yield f"{name} has a key of less than {LEAST_BITS} bits: have it issued by another authority."
    # Nobody looks at the signature of what is signed by itself.
    if any(is_weakly_signed(each) for each in path if not _issued(each, each)):
        yield f"{file} is signed with SHA-1 or MD5, which browsers and daemons refuse: have it issued anew."


def _load_chain(file: str) -> list[x509.Certificate]:
    """The certificates in the file. Raises ValueError with a sentence."""
    fix = "give a file with PEM, the chain behind it."
    try:
        chain = certificates_in(content(Path(file).expanduser()))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "there is none in it"
        raise ValueError(f"{file}: no certificate can be read ({reason}): {fix}") from None
    if not all(map(is_readable, chain)):
        raise ValueError(f"{file}: a certificate cannot be read (key or extensions of an unknown kind): {fix}")
    return chain


def _load_key(file: str) -> PrivateKeyTypes:
    """The key in the file. Raises ValueError with a sentence."""
    try:
        return load_pem_private_key(content(Path(file).expanduser()), password=None)
    except TypeError:
        raise ValueError(
            f"{file}: no key can be read without its passphrase, which no daemon has: write it without one (openssl "
            "pkey -in FILE -out NEWFILE)."
        ) from None
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        reason = error.strerror if isinstance(error, OSError) else "there is none in it"
        raise ValueError(
            f"{file}: no key can be read ({reason}): give a file with PEM, without a passphrase."
        ) from None


def certificate_errors(
    certificate_file: str, key_file: str, names: Sequence[str], at: datetime | None = None
) -> list[str]:
    """Return what is wrong with the two files (PEM) for these DNS names, at the given moment (now)."""
    at = at or datetime.now(UTC)
    try:
        chain, key = _load_chain(certificate_file), _load_key(key_file)
    except ValueError as error:
        return [str(error)]
    certificate = chain[0]
    errors = list(_issuer_errors(certificate_file, _path(chain), at))
    if _public(key.public_key()) != _public(certificate.public_key()):
        errors.append(f"{key_file} is not the key of {certificate_file}: give the two that were made together.")
    errors += _server_errors(certificate_file, certificate, at)
    if missing := _not_covered(certificate, names):
        errors.append(f"{certificate_file} is not good for {', '.join(missing)}: have it issued for these names too.")
    return errors
