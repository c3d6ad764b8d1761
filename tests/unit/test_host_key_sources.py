"""What the summary says about host keys."""

from toolkit.trust.host_key_sources import host_key_sources

KNOWN_HOSTS = """\
acme-jvb-1,198.51.100.8 ssh-ed25519 BBBB id-2 trusted
acme-meet,198.51.100.7 ecdsa-sha2-nistp256 AAAA id-1 console
acme-meet,198.51.100.7 ssh-ed25519 AAAA id-1 console
acme-old,198.51.100.9 ssh-ed25519 CCCC id-3
acme-turn-1,198.51.100.10 ssh-ed25519 DDDD id-4 by telephone
"""


def test_each_server_says_how_its_key_was_learnt():
    assert host_key_sources(KNOWN_HOSTS, ["acme-meet", "acme-jvb-1", "acme-turn-1", "acme-old", "acme-new"]) == [
        "acme-meet read from its console",
        "acme-jvb-1 TRUSTED at the first contact, whoever answered",
        "acme-turn-1 by telephone",
        "acme-old not recorded",
        "acme-new not recorded",
    ]
