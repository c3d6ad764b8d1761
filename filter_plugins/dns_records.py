"""Filter dns_records: what the world's DNS must know of one server."""

DOCUMENTATION = r"""
name: dns_records
short_description: Return the DNS records of a server
description:
  - An A record per name, and an AAAA record where the server has a public IPv6 address. The value of an A record is
    empty while the server has no address.
positional: _input, host, ipv4, ipv6
options:
  _input:
    description: The names under which the world knows the server.
    type: list
    elements: str
    required: true
  host:
    description: The server's name.
    type: str
    required: true
  ipv4:
    description: Its public IPv4 address, or an empty text.
    type: str
    required: true
  ipv6:
    description: Its public IPv6 address, or an empty text.
    type: str
    required: true
"""

EXAMPLES = r"""
records: "{{ ['meet.acme.example'] | dns_records('acme-meet', '198.51.100.7', '') }}"
"""

RETURN = r"""
_value:
  description: Records, each with C(host), C(name) (with its final dot), C(type) and C(value).
  type: list
  elements: dict
"""


def dns_records(names: list[str], host: str, ipv4: str, ipv6: str) -> list[dict]:
    """Return the records of the server."""
    values = [("A", ipv4), *([("AAAA", ipv6)] if ipv6 else [])]
    return [
        {"host": host, "name": f"{name}.", "type": kind, "value": value} for name in names for kind, value in values
    ]


class FilterModule:
    """Makes dns_records known to Ansible."""

    def filters(self):
        return {"dns_records": dns_records}
