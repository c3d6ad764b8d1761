"""The firewall matrix as OpenStack security groups."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.shapes import Matrix, Row

WORLD = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}
# Name of a peer -> its networks (CIDR).
type Networks = Mapping[str, Sequence[str]]
ICMP = {"IPv4": "icmp", "IPv6": "ipv6-icmp"}


def _peers(peer: str, customer: str, matrix: Matrix, networks: Networks) -> list[tuple[str, str | None, str | None]]:
    """Return (ethertype, prefix, name of a security group) for every way to write this peer."""
    if peer == "world":
        return [(family, prefix, None) for family, prefix in WORLD.items()]
    if peer in networks:
        known = [ipaddress.ip_network(network) for network in networks[peer]]
        return [(f"IPv{network.version}", str(network), None) for network in known]
    if peer in matrix:
        return [(family, None, f"{customer}-{peer}") for family in WORLD]
    raise ValueError(f"the peer '{peer}' is neither world, admin nor a group of the matrix")


def _ports(entry: Row) -> tuple[int | None, int | None]:
    if "port" not in entry:
        return None, None
    first, _, last = str(entry["port"]).partition("-")
    return int(first), int(last or first)


def security_groups(
    matrix: Matrix, customer: str, admin_networks: Sequence[str], networks: Networks | None = None
) -> list[dict[str, Any]]:
    """Return the security groups that say what matrix says, each with name and rules.

    Raises ValueError for a peer that nobody knows.
    """
    known = {"admin": admin_networks, **(networks or {})}
    groups = []
    for group, directions in matrix.items():
        rules: list[dict[str, Any]] = []
        for direction in ("ingress", "egress"):
            for entry in directions.get(direction, []):
                first, last = _ports(entry)
                for ethertype, prefix, remote_group in _peers(entry["peer"], customer, matrix, known):
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
