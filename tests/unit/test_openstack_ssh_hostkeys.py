"""What is learnt of a new server's host keys."""

import pytest
from openstack_ssh_hostkeys import keys_of, keys_on_console, refused_key, with_keys

OLD = ["acme-meet,198.51.100.7 ssh-ed25519 AAAA id-1 console", "acme-jvb-1,198.51.100.8 ssh-ed25519 BBBB id-2"]


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


def test_keys_are_those_of_the_very_server_and_how_they_were_learnt_is_known():
    assert keys_of(OLD, "acme-meet", "id-1") == (["ssh-ed25519 AAAA"], "console")
    assert keys_of(OLD, "acme-jvb-1", "id-2") == (["ssh-ed25519 BBBB"], "")  # an earlier release did not write it
    assert keys_of(OLD, "acme-meet", "id-9") == ([], "")  # made anew under the same name


def test_a_server_made_anew_replaces_the_former_ones_keys():
    lines = with_keys(OLD, "acme-meet", "198.51.100.7", "id-9", ["ssh-ed25519 CCCC"], "trusted")
    assert sorted(lines) == [OLD[1], "acme-meet,198.51.100.7 ssh-ed25519 CCCC id-9 trusted"]


def test_an_address_belongs_to_the_server_that_had_it_last():
    lines = with_keys(OLD, "acme-meet", "198.51.100.8", "id-1", ["ssh-ed25519 AAAA"], "console")
    assert lines == ["acme-meet,198.51.100.8 ssh-ed25519 AAAA id-1 console"]


@pytest.mark.parametrize(
    ("stderr", "is_own"),
    [
        ("No ED25519 host key is known for acme-meet and you have requested strict checking.", True),
        ("Host key for acme-meet has changed and you have requested strict checking.", True),
        ("No ED25519 host key is known for 198.51.100.7 and you have requested strict checking.", False),  # the jump's
        ("ssh: connect to host 198.51.100.7 port 22: Connection refused", False),
    ],
)
def test_only_the_servers_own_key_counts_as_refused(stderr, is_own):
    assert refused_key("acme-meet", f"{stderr}\r\nHost key verification failed.\r\n") == is_own
