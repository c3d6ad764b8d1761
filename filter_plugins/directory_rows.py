"""Filter directory_rows: what the firewall matrix says about the servers of a customer's directory."""

from urllib.parse import urlsplit

DOCUMENTATION = r"""
name: directory_rows
short_description: Print the servers of a directory as rows of the firewall matrix
description:
  - One row per port. The peer is the world, because servers are known by names whose addresses change without notice;
    that it is the right server is proved by its certificate.
positional: _input
options:
  _input:
    description: Servers as in C(jitsi_directory.servers).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
rows: "{{ ['ldaps://dc1.acme.example', 'ldaps://dc2.acme.example'] | directory_rows }}"
# -> [{'proto': 'tcp', 'port': 636, 'peer': 'world', 'why': "the customer's directory"}]
"""

RETURN = r"""
_value:
  description: The rows, one per port, in the servers' order.
  type: list
  elements: dict
"""

PORTS = {"ldap": 389, "ldaps": 636}


def directory_rows(servers: list[str]) -> list[dict]:
    """Return the rows."""
    parts = [urlsplit(server) for server in servers]
    ports = dict.fromkeys(part.port or PORTS[part.scheme] for part in parts)
    return [{"proto": "tcp", "port": port, "peer": "world", "why": "the customer's directory"} for port in ports]


class FilterModule:
    """Makes directory_rows known to Ansible."""

    def filters(self):
        return {"directory_rows": directory_rows}
