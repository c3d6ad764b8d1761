"""What is learnt of a new server's host keys."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOG = """\
[   12.3] cloud-init[401]: old boot
-----BEGIN SSH HOST KEY KEYS-----
ssh-ed25519 AAAAold root@localhost
-----END SSH HOST KEY KEYS-----
ci-info: ssh-ed25519 AAAAnotahostkey operator
-----BEGIN SSH HOST KEY KEYS-----\r
ecdsa-sha2-nistp256 AAAAE2Vj+/= root@acme-meet\r
ssh-ed25519 AAAAC3Nz root@acme-meet\r
-----END SSH HOST KEY KEYS-----\r
"""


@pytest.fixture(scope="module")
def contact():
    sys.path.insert(0, str(ROOT / "collections"))
    path = ROOT / "roles/openstack_server/library/openstack_first_contact.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(ROOT / "collections"))
    return module


def test_keys_are_those_of_the_last_boot_on_the_console(contact):
    assert contact.keys_on_console(LOG) == ["ecdsa-sha2-nistp256 AAAAE2Vj+/=", "ssh-ed25519 AAAAC3Nz"]


@pytest.mark.parametrize("log", ["", "booting", LOG.split("-----END")[0]])
def test_a_console_without_a_whole_block_of_keys_tells_nothing(contact, log):
    assert contact.keys_on_console(log) == []


def test_a_server_made_anew_replaces_the_keys_of_its_forerunner_only(contact):
    known = ["acme-meet ssh-ed25519 AAAAold id-1", "acme-meet-2 ssh-ed25519 AAAAother id-2"]
    assert contact.with_keys(known, "acme-meet", "id-3", ["ssh-ed25519 AAAAnew"]) == [
        "acme-meet-2 ssh-ed25519 AAAAother id-2",
        "acme-meet ssh-ed25519 AAAAnew id-3",
    ]
