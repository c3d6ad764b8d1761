"""Filter security_groups: the firewall matrix as OpenStack security groups."""

import ipaddress

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: security_groups
short_description: Print the firewall matrix as OpenStack security groups
description:
  - One security group per inventory group of the matrix, named C(<customer>-<group>), with its ingress and egress rules
    written out for IPv4 and IPv6. Replies need no rule, for OpenStack's security groups are stateful.
  - The peer C(world) is every address, C(admin) the networks of the administrators, a peer of I(networks) those
    networks, any other the security group of that inventory group, so that OpenStack follows when servers come and go.
  - Rules that say the same are printed once, for Neutron refuses duplicates.
positional: _input, customer, admin_networks, networks
options:
  _input:
    description: The firewall matrix, see C(group_vars/jitsi/firewall.yml).
    type: dict
    required: true
  customer:
    description: The customer's name, the prefix of all names.
    type: str
    required: true
  admin_networks:
    description: Networks (CIDR) from which administrators come.
    type: list
    elements: str
    required: true
  networks:
    description: What further peers stand for, name to networks (CIDR).
    type: dict
"""

EXAMPLES = r"""
openstack_network_security_groups: "{{ firewall_matrix | security_groups(jitsi_customer, cloud_ssh_networks) }}"
"""

RETURN = r"""
_value:
  description:
    - C({name, rules}) per group. A rule has C(direction), C(ethertype), C(protocol), C(port_range_min),
      C(port_range_max), C(remote_ip_prefix) and C(remote_group) (a name); what does not apply is none.
  type: list
  elements: dict
"""

WORLD = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}
ICMP = {"IPv4": "icmp", "IPv6": "ipv6-icmp"}


def _peers(peer: str, customer: str, matrix: dict, networks: dict) -> list[tuple]:
    """Return (ethertype, prefix, name of a security group) for every way to write this peer."""
    if peer == "world":
        return [(family, prefix, None) for family, prefix in WORLD.items()]
    if peer in networks:
        known = [ipaddress.ip_network(network) for network in networks[peer]]
        return [(f"IPv{network.version}", str(network), None) for network in known]
    if peer in matrix:
        return [(family, None, f"{customer}-{peer}") for family in WORLD]
    raise AnsibleFilterError(f"security_groups: the peer '{peer}' is neither world, admin nor a group of the matrix")


def _ports(entry: dict) -> tuple[int | None, int | None]:
    if "port" not in entry:
        return None, None
    first, _, last = str(entry["port"]).partition("-")
    return int(first), int(last or first)


def security_groups(matrix: dict, customer: str, admin_networks: list[str], networks=None) -> list[dict]:
    """Return the security groups that say what matrix says."""
    networks = {"admin": admin_networks} | (networks or {})
    groups = []
    for group, directions in matrix.items():
        rules = []
        for direction in ("ingress", "egress"):
            for entry in directions.get(direction, []):
                first, last = _ports(entry)
                for ethertype, prefix, remote_group in _peers(entry["peer"], customer, matrix, networks):
                    rule = {
                        "direction": direction,
                        "ethertype": ethertype,
                        "protocol": ICMP[ethertype] if entry["proto"] == "icmp" else entry["proto"],
                        "port_range_min": first,
                        "port_range_max": last,
                        "remote_ip_prefix": prefix,
                        "remote_group": remote_group,
                    }
                    if rule not in rules:
                        rules.append(rule)
        groups.append({"name": f"{customer}-{group}", "rules": rules})
    return groups


class FilterModule:
    def filters(self):
        return {"security_groups": security_groups}
