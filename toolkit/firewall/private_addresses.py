"""Which IPv4 addresses the internet does not reach."""

import ipaddress
from collections.abc import Iterable

RANGES = [
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
]


def private_addresses(addresses: Iterable[str]) -> list[str]:
    """Return the private addresses, in their order; empty texts are passed over."""
    return [text for text in addresses if text and any(ipaddress.ip_address(text) in known for known in RANGES)]
