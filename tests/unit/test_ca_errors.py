from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from toolkit.trust.ca_errors import ca_errors

NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def ca():
    """A CA certificate that is good for a year from the given day on."""

    def make(begin):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        builder = builder.serial_number(1).not_valid_before(begin).not_valid_after(begin + timedelta(days=365))
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    return make


@pytest.fixture(params=[("jitsi_directory", "ca_file"), ("jitsi_certificate", "acme_ca_file")], ids="-".join)
def judge(request, tmp_path):
    """judge(content): the name of the file with it, and what is said of it."""
    setting, key = request.param

    def run(content):
        file = tmp_path / "ca.crt"
        if content is not None:
            file.write_bytes(content)
        absolute, relative = (ca_errors({setting: {key: name}}, str(tmp_path), NOW) for name in (str(file), file.name))
        assert absolute == relative
        return f"{setting}.{key} {file}", absolute

    return run


def test_one_good_certificate_is_enough(judge, ca):
    assert judge(ca(NOW - timedelta(days=1)))[1] == []
    assert judge(ca(NOW - timedelta(days=900)) + ca(NOW - timedelta(days=1)))[1] == []


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file or directory"), (b"not PEM", "no certificate in it")]
)
def test_what_cannot_be_read_is_named(judge, content, reason):
    name, (error,) = judge(content)
    assert error.startswith(f"{name} cannot be read ({reason}): ask ")


def test_certificates_that_have_all_ended_are_named(judge, ca):
    name, (error,) = judge(ca(datetime(2024, 1, 1, tzinfo=UTC)) + ca(datetime(2025, 1, 1, tzinfo=UTC)))
    assert error.startswith(f"{name} ended on 2026-01-01: ask ")


@pytest.mark.parametrize(
    "settings",
    [{}, {"jitsi_directory": 1}, {"jitsi_certificate": {"acme_ca_file": 1}}, {"jitsi_directory": {"ca_file": ""}}],
)
def test_what_the_contract_refuses_is_passed_over(settings):
    assert ca_errors(settings, "/acme") == []
