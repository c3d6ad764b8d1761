"""Filter trunk_rows: what the firewall matrix says about the telephone's trunk."""

DOCUMENTATION = r"""
name: trunk_rows
short_description: Print the trunk as rows of the firewall matrix
description:
  - Calls come from the trunk's networks to the port of SIP. The way out to the trunk's server is open to the world,
    because it is known by a name whose addresses change without notice.
  - Without a port of its own (0), the trunk is where DNS says, which may be any port of its networks; over UDP the
    matrix lets gateways reach these for the sound of calls already.
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
    why = "login and answers at the trunk"
    egress = [{"proto": proto, "port": trunk["port"] or port, "peer": "world", "why": why}]
    if proto == "tcp" and not trunk["port"]:
        egress.append({"proto": proto, "port": "1024-65535", "peer": "trunk", "why": f"{why}, at the port DNS names"})
    return {"ingress": ingress, "egress": egress}


class FilterModule:
    """Makes trunk_rows known to Ansible."""

    def filters(self):
        return {"trunk_rows": trunk_rows}
