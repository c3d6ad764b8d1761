import pytest
from unknown_keys import unknown_keys

KNOWN = "# what the program reads\n\np2p.enabled\np2p.stunServers\nhosts\ne2ee\ne2ee.disabled\n"


@pytest.mark.parametrize(
    ("configuration", "unknown"),
    [
        ({}, []),
        ({"p2p": {"enabled": True, "stunServers": []}, "hosts": "x"}, []),
        ({"p2p": {}, "e2ee": {"disabled": True}}, []),
        ({"hosts": {"domain": "x", "a": {"b": 1}}}, []),
        ({"p2p": {"enable": True, "enabled": {"x": 1}}}, ["p2p.enable"]),
        ({"hots": {"domain": "x"}, "e2ee": {"off": True}}, ["hots.domain", "e2ee.off"]),
        ({"# what the program reads": 1, "": 1, "p2p.enabled": True}, ["# what the program reads", "", "p2p.enabled"]),
    ],
)
def test_finds_what_nobody_reads(configuration, unknown):
    assert unknown_keys(configuration, KNOWN) == unknown
