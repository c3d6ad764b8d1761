"""Certificates and keys that daemons or browsers would refuse, in mode files: each pair with what is said of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from folders import PUBLIC, Case, Folder

KEY, OTHER, AUTHORITY, ISSUER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(4))
NOW, DAY = datetime.now(UTC), timedelta(days=1)
CHOICE = "jitsi_certificate: {mode: files, certificate_file: server.crt, key_file: server.key}"


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(key, passphrase=None):
    how = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def issued(key, signer=None, subject="meet.acme.example", issuer=None, days=(-1, 90), names=PUBLIC, ca=False, more=()):
    """A certificate for key, by itself without a signer."""
    builder = (
        x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer or subject))
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(NOW + days[0] * DAY).not_valid_after(NOW + days[1] * DAY)
        .add_extension(x509.BasicConstraints(ca, None), True)
    )  # fmt: skip
    for extension in [x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), *more] if names else more:
        builder = builder.add_extension(extension, False)
    by = signer or key
    hashed = None if isinstance(by, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(by, hashed).public_bytes(Encoding.PEM)


def _rsa(bits):
    return rsa.generate_private_key(65537, bits)


def pairs():
    """Name, what is said, certificate file, key file."""
    good, key = issued(KEY), pem(KEY)
    root = issued(AUTHORITY, subject="Root", names=(), ca=True)
    leaf = issued(KEY, ISSUER, issuer="Issuer")
    yield "another key", "is not the key of", good, pem(OTHER)
    yield "expired", "ended on", issued(KEY, days=(-90, -1)), key
    yield "of the future", "is good from", issued(KEY, days=(1, 90)), key
    yield "another name", "is not good for turn-1", issued(KEY, names=PUBLIC[:1]), key
    yield "no name", "is not good for meet.acme.example", issued(KEY, names=()), key
    yield "wildcard below", "is not good for meet.acme.example", issued(KEY, names=["*.meet.acme.example"]), key
    yield "a passphrase", "without its passphrase", good, pem(KEY, b"x")
    yield "swapped", "no certificate can be read", key, good
    yield "empty certificate", "no certificate can be read", b"", key
    yield "empty key", "no key can be read", good, b""
    yield "a certificate as key", "no key can be read", good, good
    yield "DER", "no certificate can be read", x509.load_pem_x509_certificate(good).public_bytes(Encoding.DER), key
    yield "damaged", "no certificate can be read", good.replace(b"M", b"N"), key
    yield "UTF-16", "no certificate can be read", good.decode().encode("utf-16"), key
    yield "a megabyte and more", "no certificate can be read", b"x" * 1_000_001, key
    yield "no intermediate", "lacks the certificate of Issuer", leaf, key
    yield "the root alone", "lacks the certificate of Issuer", leaf + root, key
    yield "authority first", "begins with the certificate of an authority", root + leaf, key
    for days, said in (((-90, -1), "the certificate of Issuer ended on"),):
        middle = issued(ISSUER, AUTHORITY, "Issuer", "Root", days, (), ca=True)
        yield "expired intermediate", said, leaf + middle + root, key
    middle = issued(ISSUER, AUTHORITY, "Issuer", "Root", names=())
    yield "an issuer that is no authority", "may not issue others", leaf + middle + root, key
    short = _rsa(1024)
    middle = issued(short, AUTHORITY, "Issuer", "Root", names=(), ca=True)
    yield "short intermediate", "less than 2048 bits", issued(KEY, short, issuer="Issuer") + middle + root, key
    for kind, odd in (
        ("1024 bits", short), ("P-521", ec.generate_private_key(ec.SECP521R1())),
        ("Ed25519", ed25519.Ed25519PrivateKey.generate()), ("secp256k1", ec.generate_private_key(ec.SECP256K1())),
    ):  # fmt: skip
        yield kind, "has a key that browsers or daemons refuse", issued(odd), pem(odd)
    clients = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    yield "for clients", "is not for servers", issued(KEY, more=[clients]), key


def certificates() -> Iterator[Case]:
    for title, says, certificate, key in pairs():

        def make(folder: Folder, _canary: Path, certificate: bytes = certificate, key: bytes = key) -> None:
            folder.write("server.crt", certificate)
            folder.write("server.key", key)
            folder.choose(CHOICE)

        yield Case("certificates", title, says, make)
