"""Filter nftables_rules: one host's share of the firewall matrix as nftables rules."""

import ipaddress
import re

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: nftables_rules
short_description: Print one host's share of the firewall matrix as nftables rules
description:
  - Merges the rows of all groups a host is in, so that machines may share roles; what two groups need stands once.
  - An inventory group as peer becomes a set of addresses; without an address there is no rule, so nobody is let in.
positional: _input, group_names, addresses, admin_networks
options:
  _input:
    description: The matrix (C(firewall_matrix)).
    type: dict
    required: true
  group_names:
    description: The groups of the host.
    type: list
    elements: str
    required: true
  addresses:
    description: Where the hosts of each group and further peers are, IPv4 or IPv6, addresses or networks.
    type: dict
    required: true
  admin_networks:
    description: What the peer C(admin) stands for, CIDR notation.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
base_firewall: "{{ firewall_matrix | nftables_rules(group_names, firewall_addresses, cloud_ssh_networks) }}"
# {'input': ['ip saddr { 10.71.0.11, 10.71.0.12 } tcp dport 5222 accept comment "bridges log in to prosody"'],
#  'output': ['udp dport 53 accept comment "names"']}
"""

RETURN = r"""
_value:
  description: Rules of the chains C(input) and C(output), in the matrix' order.
  type: dict
"""

CHAINS = {"input": ("ingress", "saddr"), "output": ("egress", "daddr")}
FAMILIES = {4: ("ip", "ipv4", "icmp"), 6: ("ip6", "ipv6", "ipv6-icmp")}


def _networks(peer: str, addresses: dict, admin_networks: list) -> list:
    if peer == "admin":
        names = admin_networks
    elif peer in addresses:
        names = [address for address in addresses[peer] if address]
    else:
        raise AnsibleFilterError(f"nftables_rules: the peer '{peer}' is neither world, admin nor a group of the matrix")
    try:
        networks = [ipaddress.ip_network(name) for name in names]
    except ValueError as error:
        raise AnsibleFilterError(f"nftables_rules: peer '{peer}': {error}") from error
    # Overlaps are merged: nft refuses them in a set.
    return [
        network
        for version in FAMILIES
        for network in ipaddress.collapse_addresses(n for n in networks if n.version == version)
    ]


def _sources(networks: list, side: str) -> dict[int, str]:
    """Return per IP version what a packet's peer must match."""
    matches = {}
    for version, (keyword, family, _icmp) in FAMILIES.items():
        members = [n for n in networks if n.version == version]
        if any(n.prefixlen == 0 for n in members):
            matches[version] = f"meta nfproto {family} "
        elif members:
            texts = (str(n.network_address) if n.num_addresses == 1 else str(n) for n in members)
            matches[version] = f"{keyword} {side} {{ {', '.join(texts)} }} "
    return matches


def _service(row: dict, version: int | None) -> str:
    proto, port = row["proto"], str(row.get("port", ""))
    if proto == "icmp":
        kinds = "{ icmp, ipv6-icmp }" if version is None else FAMILIES[version][2]
        return f"meta l4proto {kinds} "
    if proto in ("tcp", "udp") and re.fullmatch(r"\d+(-\d+)?", port):
        return f"{proto} dport {port} "
    raise AnsibleFilterError(f"nftables_rules: cannot print proto '{proto}' with port '{port}'")


def _rules(row: dict, side: str, addresses: dict, admin_networks: list) -> list[str]:
    if row["peer"] == "world":
        matches = {None: ""}
    else:
        matches = _sources(_networks(row["peer"], addresses, admin_networks), side)
    why = re.sub(r'["\\\n]', " ", row["why"])[:120]
    limited = row["peer"] == "world" and row["proto"] == "tcp" and side == "saddr"
    verdict = "goto visitors" if limited else "accept"
    return [f'{match}{_service(row, version)}{verdict} comment "{why}"' for version, match in matches.items()]


def nftables_rules(matrix: dict, group_names: list, addresses: dict, admin_networks: list) -> dict[str, list[str]]:
    """Return {'input': [...], 'output': [...]}; raises AnsibleFilterError on a row that cannot be printed."""
    rules = {}
    for chain, (direction, side) in CHAINS.items():
        unique = {}
        for group in (g for g in matrix if g in group_names):
            for row in matrix[group].get(direction, []):
                for rule in _rules(row, side, addresses, admin_networks):
                    unique.setdefault(rule.partition(" comment ")[0], rule)
        rules[chain] = list(unique.values())
    return rules


class FilterModule:
    """Makes nftables_rules known to Ansible."""

    def filters(self):
        return {"nftables_rules": nftables_rules}
