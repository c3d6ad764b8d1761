"""Filter private_addresses: which IPv4 addresses the internet does not reach."""

import ipaddress

DOCUMENTATION = r"""
name: private_addresses
short_description: Return those IPv4 addresses that only a network of one's own reaches
description: >-
  Private ranges (RFC 1918), shared ones of providers (RFC 6598) and link-local ones. A private cloud may well have
  nothing else; whoever expects guests from the internet must know.
positional: _input
options:
  _input:
    description: Addresses; empty texts are passed over.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
unreachable: "{{ ['10.0.0.7', '198.51.100.7'] | private_addresses }}"
"""

RETURN = r"""
_value:
  description: The private ones, in their order.
  type: list
  elements: str
"""

RANGES = [
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
]


def private_addresses(addresses: list[str]) -> list[str]:
    """Return the private addresses."""
    return [text for text in addresses if text and any(ipaddress.ip_address(text) in known for known in RANGES)]


class FilterModule:
    """Makes private_addresses known to Ansible."""

    def filters(self):
        return {"private_addresses": private_addresses}
