"""What daemons and browsers ask of a certificate; tests/hostile has whole files."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from toolkit.trust.ca_errors import file_errors
from toolkit.trust.usable import is_for_servers, is_weakly_signed

# By openssl: the library signs with SHA-1 no more.
SHA1 = b"""-----BEGIN CERTIFICATE-----
MIIBBjCBrQIBATAJBgcqhkjOPQQBMA8xDTALBgNVBAMMBFJvb3QwIBcNMjYxMTMw
MTc1NTUyWhgPMjA1MTA3MjIxNzU1NTJaMA8xDTALBgNVBAMMBG1lZXQwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAASAwp29/PgivrKSIhBmr/npUNKKwlPXhtI+bblK
rGJj//Xy5dMjXFX6VzTBQlLDWavaz69gNPM2YUfsQ0Hf1W5vMAkGByqGSM49BAED
SQAwRgIhAJPrqJSn+VQvuA2JK5UaRBlJ6+VNuaHKV3qFhD0hWs7VAiEAuTwRxcRe
AH948hj4wM5fGe0UFH2SxCt7g/6AiTM4yIU=
-----END CERTIFICATE-----
"""
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def made(key, *extensions):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=9))
    for extension in extensions:
        builder = builder.add_extension(extension, False)
    return builder.sign(key, hashes.SHA256())


def test_a_hash_that_can_be_forged_is_weak():
    assert is_weakly_signed(x509.load_pem_x509_certificate(SHA1))
    assert not is_weakly_signed(made(ec.generate_private_key(ec.SECP256R1())))


def test_a_server_is_one_of_the_purposes():
    key = ec.generate_private_key(ec.SECP256R1())
    client, server = x509.ExtendedKeyUsageOID.CLIENT_AUTH, x509.ExtendedKeyUsageOID.SERVER_AUTH
    assert is_for_servers(made(key))
    assert is_for_servers(made(key, x509.ExtendedKeyUsage([client, server])))
    assert not is_for_servers(made(key, x509.ExtendedKeyUsage([client])))


def test_an_authority_with_a_short_key_vouches_for_nobody(tmp_path):
    file = tmp_path / "ca.crt"
    pems = [
        made(rsa.generate_private_key(65537, bits)).public_bytes(serialization.Encoding.PEM) for bits in (1024, 2048)
    ]
    file.write_bytes(pems[0])
    (error,) = file_errors("jitsi_directory.ca_file", str(file), "its administrator", NOW)
    assert error == (
        f"jitsi_directory.ca_file {file} has a key of less than 2048 bits, or of an unknown kind, which servers "
        "refuse: ask its administrator for another CA certificate."
    )
    file.write_bytes(b"".join(pems))
    assert file_errors("jitsi_directory.ca_file", str(file), "its administrator", NOW) == []
