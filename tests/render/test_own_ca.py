"""The own CA: the same from run to run, another one after a new seed."""

import json

import pytest
from rendering import HERE, ROOT, link_role, play
from test_files import run


@pytest.fixture
def deploy(tmp_path):
    """deploy(name, seed): run the role's tasks; return the CA's certificate, by which the server's must be signed."""
    key, certificate = tmp_path / "server.key", tmp_path / "server.crt"
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)

    def start(name, seed):
        variables = {
            "real_role": str(ROOT / "roles/certificate"),
            "jitsi_seed": seed,
            "jitsi_state_dir": str(tmp_path / "state"),
            "jitsi_certificate": {"mode": "own_ca"},
            "certificate_key_file": str(key),
            "certificate_file": str(certificate),
        }
        (tmp_path / name).mkdir()
        link_role("certificate", tmp_path / name, HERE / "own_ca_tasks.yml")
        play(HERE / "own_ca.yml", tmp_path / name, "example-small", "-e", json.dumps(variables))
        authority = tmp_path / "state/own-ca/ca.crt"
        run("openssl", "verify", "-CAfile", authority, certificate)
        return authority.read_text(), certificate.read_text()

    return start


def test_a_new_seed_makes_it_anew_and_the_same_one_does_not(deploy):
    first = deploy("first", "1" * 40)
    assert deploy("again", "1" * 40) == first
    assert deploy("new", "2" * 40)[0] != first[0]


def test_a_run_that_was_interrupted_behind_the_new_key_is_finished(deploy, tmp_path):
    first, _ = deploy("first", "1" * 40)
    (tmp_path / "state/own-ca/ca.crt").unlink()
    assert deploy("new", "2" * 40)[0] != first
