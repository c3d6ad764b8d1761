"""Which addresses the internet does not reach."""

from toolkit.firewall.private_addresses import private_addresses


def test_only_private_addresses_are_named():
    public = ["", "198.51.100.7", "172.32.0.1", "100.128.0.1", "9.255.255.255"]
    private = ["10.0.0.7", "172.24.4.10", "192.168.1.1", "100.64.0.1", "169.254.0.1"]
    assert private_addresses([*public, *private]) == private
