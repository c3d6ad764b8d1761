"""Servers that the cloud has and the plan no longer has: deploy says so, and the verification expects them to go."""

import json
import os
import subprocess

import pytest
from contract import PLAN, ROOT, environment, play, write_customer


@pytest.fixture
def folder(tmp_path):
    return write_customer(tmp_path / "acme")


@pytest.fixture
def cloud(tmp_path):
    """cloud(name ...): the inventory of a cloud that has the plan's servers, on this machine, and those named."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-subj", "/CN=x",
         "-keyout", "/dev/null", "-out", tmp_path / "server.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    here = {"ansible_connection": "local", "ansible_become": False}
    here |= {"server_public_ipv4": "192.0.2.1", "server_private_ipv4": "10.71.0.11"}

    def write(*others):
        hosts = dict.fromkeys([*PLAN["jitsi"], *others], here)
        (tmp_path / "cloud.json").write_text(json.dumps({"all": {"hosts": hosts}}))
        return ["-i", str(tmp_path / "cloud.json")]

    return write


def summed_up(folder, *arguments):
    done = play(folder, "summary", "-e", f"summary_certificate_file={folder.parent}/server.crt", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def test_the_summary_names_them_and_the_command_that_deletes_them(folder, cloud):
    said = summed_up(folder, *cloud("acme-jvb-3", "acme-jvb-4"))
    assert "Servers beyond the plan: acme-jvb-3, acme-jvb-4 (make retire deletes them)" in said
    assert "Servers beyond the plan: none" in summed_up(folder, *cloud())


def test_the_verification_knows_them(folder, cloud):
    done = subprocess.run(
        ["ansible", "acme-meet", "-i", folder / "plan.yml", *cloud("acme-jvb-3"), "--playbook-dir", "playbooks",
         "-m", "ansible.builtin.debug", "-a", "msg={{ conference_check_expectations.retiring }}"],
        cwd=ROOT, env=environment(folder.parent) | {"PATH": os.environ["PATH"]}, text=True, capture_output=True,
        check=False,
    )  # fmt: skip
    assert "- acme-jvb-3" in done.stdout, done.stdout + done.stderr
    assert "- acme-jvb-1" not in done.stdout
