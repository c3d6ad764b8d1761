"""Domains as long as towns have them, and as long as "validate" lets pass: every program takes its file."""

import json
import re

import pytest
from rendering import HERE, ROOT, link_role, play, unpack
from test_files import nginx_says, run

LONGEST = 110


def domain_of(length: int) -> str:
    """A domain of that many characters, of labels as long as they may be."""
    labels = "a" * (length - len("meet..test"))
    return f"meet.{'.'.join(re.findall('.{1,60}', labels))}.test"[:length]


@pytest.fixture(scope="module", params=[41, 61, 100, LONGEST])
def long(request, tmp_path_factory):
    """The files of a customer with a domain of that length: (domain, folder, files)."""
    folder = tmp_path_factory.mktemp("long")
    domain = domain_of(request.param)
    for role in ("prosody", "consent_gate", "web", "streaming"):
        link_role(role, folder, HERE / "role_tasks.yml")
    link_role("certificate", folder, HERE / "own_ca_tasks.yml")
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", folder / "server.key")
    variables = {
        "render_dir": str(folder),
        "real_role": str(ROOT / "roles/certificate"),
        "jitsi_domain": domain,
        "jitsi_state_dir": str(folder / "state"),
        "jitsi_certificate": {"mode": "own_ca"},
        "certificate_key_file": str(folder / "server.key"),
        "certificate_file": str(folder / "server.crt"),
        "web_turn_names": [f"turn-1.{domain}"],
    }
    play(HERE / "long_domains.yml", folder, "example-full", "-e", json.dumps(variables))
    return domain, folder, unpack("example-full", folder)


def test_the_domains_have_the_lengths_they_are_meant_to_have():
    assert [len(domain_of(length)) for length in (41, 61, 100, LONGEST)] == [41, 61, 100, LONGEST]


@pytest.mark.parametrize("name", ["nginx.conf", "streaming.conf"])
def test_nginx_accepts_a_long_domain(long, program, tmp_path, name):
    domain, _, files = long
    assert domain in files.only(name)
    nginx_says(files, program, tmp_path, name)


def test_prosodys_own_certificate_names_a_long_domain(long, program, tmp_path):
    domain, _, files = long
    (tmp_path / "certificate.cnf").write_text(files.only("certificate.cnf"))
    run(
        *(program("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-config", tmp_path / "certificate.cnf", "-keyout", tmp_path / "key", "-out", tmp_path / "crt"),
    )
    matches(tmp_path / "crt", f"auth.{domain}")


def test_the_own_ca_signs_a_long_domain(long):
    domain, folder, _ = long
    run("openssl", "verify", "-CAfile", folder / "state/own-ca/ca.crt", folder / "server.crt")
    matches(folder / "server.crt", domain)


def matches(certificate, name):
    """A client that looks for the name finds it in the certificate."""
    assert "does match certificate" in run("openssl", "x509", "-in", certificate, "-noout", "-checkhost", name)
