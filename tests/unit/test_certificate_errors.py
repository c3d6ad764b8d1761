from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from toolkit.trust.certificate_errors import certificate_errors

REAL_ROOTS = certifi.where()
NOW = datetime(2030, 6, 1, tzinfo=UTC)
NAMES = ["meet.example.org", "turn-1.meet.example.org"]


def make_key():
    return ec.generate_private_key(ec.SECP256R1())


def write_key(path, key, passphrase=None):
    how = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how))
    return str(path)


def write_certificate(path, key, names):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "meet.example.org")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=10))
        .not_valid_after(NOW + timedelta(days=10))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return str(path)


def issue(subject, key, issuer, issuer_key, names=()):
    """A certificate for key, signed by issuer_key."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=10))
        .not_valid_after(NOW + timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names or ["x"]]), critical=False)
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    )
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """Judges files made of a listed root, its intermediate, a leaf and an impostor who has the intermediate's name."""
    root, intermediate, leaf, impostor = (make_key() for _ in range(4))
    made = {
        "root": issue("Root", root, "Root", root),
        "intermediate": issue("Intermediate", intermediate, "Root", root),
        "leaf": issue("meet.example.org", leaf, "Intermediate", intermediate, NAMES),
        "direct": issue("meet.example.org", leaf, "Root", root, NAMES),
        "impostor": issue("Intermediate", impostor, "Root", impostor),
    }
    (tmp_path / "roots.pem").write_bytes(made["root"])
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "roots.pem"))
    key = write_key(tmp_path / "k.pem", leaf)

    def judge(*parts):
        (tmp_path / "c.pem").write_bytes(b"".join(made[part] for part in parts))
        return certificate_errors(str(tmp_path / "c.pem"), key, NAMES, NOW)

    return judge


@pytest.mark.parametrize("parts", [["leaf", "intermediate"], ["leaf", "root", "intermediate"], ["direct"]])
def test_a_chain_that_ends_at_a_root_is_whole(authority, parts):
    assert authority(*parts) == []


@pytest.mark.parametrize("parts", [["leaf"], ["leaf", "root"], ["leaf", "impostor", "root"]])
def test_a_missing_intermediate_is_named(authority, parts):
    (error,) = authority(*parts)
    assert "c.pem lacks the certificate of Intermediate, which issued meet.example.org: append" in error


def test_an_own_authority_stands_in_the_file(authority, tmp_path):
    (tmp_path / "roots.pem").write_bytes(Path(REAL_ROOTS).read_bytes())
    assert "lacks the certificate of Root, which issued Intermediate" in authority("leaf", "intermediate")[0]
    assert authority("leaf", "intermediate", "root") == []


@pytest.fixture
def pair(tmp_path):
    def make(names=NAMES, other_key=False, passphrase=None):
        key = make_key()
        certificate = write_certificate(tmp_path / "c.pem", key, names)
        return certificate, write_key(tmp_path / "k.pem", make_key() if other_key else key, passphrase)

    return make


@pytest.mark.parametrize("names", [NAMES, ["MEET.example.org", "*.meet.example.org"], ["*.example.org", *NAMES]])
def test_finds_nothing_in_a_good_pair(pair, names):
    assert certificate_errors(*pair(names), NAMES, NOW) == []


def test_names_the_names_that_lack(pair):
    (error,) = certificate_errors(*pair(["*.example.org"]), NAMES, NOW)
    assert "not good for turn-1.meet.example.org" in error
    (error,) = certificate_errors(*pair([]), NAMES, NOW)
    assert "meet.example.org, turn-1" in error


@pytest.mark.parametrize(("days", "said"), [(11, "ended on 2030-06-11"), (-11, "good from 2030-05-22")])
def test_knows_when_it_is_good(pair, days, said):
    (error,) = certificate_errors(*pair(), NAMES, NOW + timedelta(days=days))
    assert said in error


def test_notices_another_key(pair):
    (error,) = certificate_errors(*pair(other_key=True), NAMES, NOW)
    assert "is not the key of" in error


def test_names_what_cannot_be_read(pair, tmp_path):
    certificate, key = pair(passphrase=b"secret")
    assert "k.pem: no key" in certificate_errors(certificate, key, NAMES, NOW)[0]
    assert "k.pem: no certificate" in certificate_errors(key, key, NAMES, NOW)[0]
    assert "missing.pem: no certificate" in certificate_errors("missing.pem", key, NAMES, NOW)[0]
    assert "missing.pem: no key" in certificate_errors(certificate, "missing.pem", NAMES, NOW)[0]
