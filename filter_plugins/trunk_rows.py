"""Filter trunk_rows: what the firewall matrix says about the telephone's trunk."""

DOCUMENTATION = r"""
name: trunk_rows
short_description: Print the trunk as rows of the firewall matrix
description:
  - Calls come from the trunk's networks to the port of SIP. The way out to the trunk's server is open to the world,
    because it is known by a name whose addresses change without notice.
  - Inside TLS the gateways show a certificate, whose authority may want to see them on port 80.
positional: _input
options:
  _input:
    description: The trunk as in C(group_vars/jitsi/trunk.yml), nothing left out.
    type: dict
    required: true
"""

EXAMPLES = r"""
rows: "{{ {'transport': 'udp', 'port': 5060} | trunk_rows }}"
# -> {'ingress': [{'proto': 'udp', 'port': 5060, 'peer': 'trunk', 'why': 'calls from the telephone'}],
#     'egress': [{'proto': 'udp', 'port': 5060, 'peer': 'world', 'why': 'login and answers at the trunk'}]}
"""

RETURN = r"""
_value:
  description: Rows of group gateways, C(ingress) and C(egress).
  type: dict
"""

# Where a gateway listens for the trunk, whatever port the trunk itself has.
LISTENS = {"udp": ("udp", 5060), "tcp": ("tcp", 5060), "tls": ("tcp", 5061)}


def trunk_rows(trunk: dict) -> dict:
    """Return the rows."""
    proto, port = LISTENS[trunk["transport"]]
    ingress = [{"proto": proto, "port": port, "peer": "trunk", "why": "calls from the telephone"}]
    if trunk["transport"] == "tls":
        ingress.append({"proto": "tcp", "port": 80, "peer": "world", "why": "certificate challenge"})
    egress = [{"proto": proto, "port": trunk["port"], "peer": "world", "why": "login and answers at the trunk"}]
    return {"ingress": ingress, "egress": egress}


class FilterModule:
    """Makes trunk_rows known to Ansible."""

    def filters(self):
        return {"trunk_rows": trunk_rows}
