"""What is learnt of a new server's host keys."""

import pytest
from openstack_first_contact import keys_of, keys_on_console, with_keys

OLD = ["acme-meet,198.51.100.7 ssh-ed25519 AAAA id-1", "acme-jvb-1,198.51.100.8 ssh-ed25519 BBBB id-2"]


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


def test_keys_are_those_of_the_last_boot_on_the_console():
    assert keys_on_console(LOG) == ["ecdsa-sha2-nistp256 AAAAE2Vj+/=", "ssh-ed25519 AAAAC3Nz"]


@pytest.mark.parametrize("log", ["", "booting", LOG.split("-----END")[0]])
def test_a_console_without_a_whole_block_of_keys_tells_nothing(log):
    assert keys_on_console(log) == []


def test_keys_are_those_of_the_very_server():
    assert keys_of(OLD, "acme-meet", "id-1") == ["ssh-ed25519 AAAA"]
    assert keys_of(OLD, "acme-meet", "id-9") == []  # made anew under the same name


def test_a_server_made_anew_replaces_the_former_ones_keys():
    lines = with_keys(OLD, "acme-meet", "198.51.100.7", "id-9", ["ssh-ed25519 CCCC"])
    assert sorted(lines) == [OLD[1], "acme-meet,198.51.100.7 ssh-ed25519 CCCC id-9"]


def test_an_address_belongs_to_the_server_that_had_it_last():
    lines = with_keys(OLD, "acme-meet", "198.51.100.8", "id-1", ["ssh-ed25519 AAAA"])
    assert lines == ["acme-meet,198.51.100.8 ssh-ed25519 AAAA id-1"]
