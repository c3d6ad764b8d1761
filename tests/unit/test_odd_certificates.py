"""A certificate and its key with each part replaced by what no part should be: all are judged by sentences.

The libraries read a part only when it is asked for, and raise whatever they find.
"""

import base64
import itertools
import warnings
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from toolkit.trust.ca_errors import file_errors
from toolkit.trust.certificate_errors import certificate_errors

NAME = "meet.acme.example"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
CONSTRUCTED = 0x20
LONGEST_SENTENCE = 600


def der(tag, content):
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, 128 + len(size)]) + size + content


def parts(data):
    """The parts of DER data: tag and content, each."""
    while data:
        length, start = data[1], 2
        if length >= 128:
            start += length - 128
            length = int.from_bytes(data[2:start])
        yield data[0], data[start : start + length]
        data = data[start + length :]


# Under each tag contents that the libraries have a class or a limit for.
ODD = [
    der(tag, content)
    for tag, contents in {
        0x01: [b"\x07"],  # boolean
        0x02: [b"", b"\xff" * 30, b"\x00" * 4],  # integer
        0x03: [b"", b"\x07", b"\x00ab"],  # bits
        0x04: [b"\x30\x80", b"x" * 9000],  # bytes
        0x05: [b""],
        0x06: [b"", b"\x2a\x03\x04", b"\x55\x04\x2d", b"\x55\x1d\x11", b"\x80" * 20],  # object identifiers
        0x0C: [b"", b"\xff\xfe", b"a\r\nb\x00\x1b[2J", "\u202e\u2028".encode(), b"long " * 400],  # UTF-8
        0x13: [b"\xff"],  # texts of other alphabets
        0x14: [b"\xff\x00"],
        0x16: [b"\xff"],
        0x1C: [b"\x00\x11\x00\x00"],
        0x1E: [b"\xd8\x00"],
        0x17: [b"000000000000Z", b"491231235959Z"],  # dates, two digits a year
        0x18: [b"00000101000000Z", b"99991231235959Z", b"20300101000000.5Z", b"20300230000000Z"],  # four
        0x30: [b""],  # sequence
        0x31: [b"", der(0x30, b"")],  # set
        0xA0: [b""],
        0xA3: [b""],
        0x80: [b"\xff"],
        0x1F: [b""],
    }.items()
    for content in contents
]


def altered(data):
    """The data with one part of it, at any depth, gone, twice, odd, or under another tag."""
    for number, (tag, content) in enumerate(found := list(parts(data))):
        before = b"".join(itertools.starmap(der, found[:number]))
        after = b"".join(itertools.starmap(der, found[number + 1 :]))
        others = [b"", *ODD, der(tag, content) * 2, *(der(odd[0], content) for odd in ODD)]
        # The value of an extension, and the key in a file of keys, are bytes with parts.
        if tag & CONSTRUCTED or (tag == 0x04 and content[:1] == b"\x30"):
            others += [der(tag, inner) for inner in altered(content)]
        yield from (before + other + after for other in dict.fromkeys(others))


@pytest.fixture(scope="module")
def pair():
    """A certificate with the extensions that are asked for, and its key: DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=90))
    for extension in (
        x509.BasicConstraints(False, None),
        x509.SubjectAlternativeName([x509.DNSName(NAME)]),
        x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]),
    ):
        builder = builder.add_extension(extension, False)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    return certificate, key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def pem(kind, data):
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (kind, base64.encodebytes(data), kind)


@pytest.fixture
def judge(tmp_path):
    """judge(certificate, key): the sentences about them; whatever else would reach the operator fails."""

    def run(certificate, key):
        files = tmp_path / "server.crt", tmp_path / "server.key"
        files[0].write_bytes(pem(b"CERTIFICATE", certificate))
        files[1].write_bytes(pem(b"PRIVATE KEY", key))
        with warnings.catch_warnings(action="error"):
            said = certificate_errors(*map(str, files), [NAME], NOW)
            vouching = file_errors("jitsi_directory.ca_file", str(files[0]), "its administrator", NOW)
        for sentence in said + vouching:
            assert sentence.isprintable(), ascii(sentence)
            assert len(sentence) < LONGEST_SENTENCE
        return said

    return run


def test_the_pair_itself_is_good(judge, pair):
    assert judge(*pair) == []


def test_a_certificate_with_an_odd_part_is_judged(judge, pair):
    certificate, key = pair
    count = sum(1 for other in altered(certificate) if judge(other, key))
    assert count > 1000


def test_a_key_with_an_odd_part_is_judged(judge, pair):
    certificate, key = pair
    assert sum(1 for other in altered(key) if judge(certificate, other)) > 200
