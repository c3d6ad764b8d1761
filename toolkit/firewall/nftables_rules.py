"""One host's share of the firewall matrix as nftables rules."""

import ipaddress
import re
from collections.abc import Container, Iterable, Mapping, Sequence

from toolkit.shapes import Matrix, Row

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Name of a peer -> where its hosts are, addresses or networks; an empty text is a host without an address.
type Addresses = Mapping[str, Sequence[str]]


CHAINS = {"input": ("ingress", "saddr"), "output": ("egress", "daddr")}
FAMILIES = {4: ("ip", "ipv4", "icmp"), 6: ("ip6", "ipv6", "ipv6-icmp")}


def _networks(peer: str, addresses: Addresses, admin_networks: Sequence[str]) -> list[Network]:
    if peer == "admin":
        names = list(admin_networks)
    elif peer in addresses:
        names = [address for address in addresses[peer] if address]
    else:
        raise ValueError(f"the peer '{peer}' is neither world, admin nor a group of the matrix")
    try:
        networks = [ipaddress.ip_network(name) for name in names]
    except ValueError as error:
        raise ValueError(f"peer '{peer}': {error}") from error
    # Overlaps are merged: nft refuses them in a set.
    return [
        *ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv4Network)),
        *ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv6Network)),
    ]


def _sources(networks: Iterable[Network], side: str) -> dict[int | None, str]:
    """Return per IP version what a packet's peer must match."""
    matches: dict[int | None, str] = {}
    for version, (keyword, family, _icmp) in FAMILIES.items():
        members = [n for n in networks if n.version == version]
        if any(n.prefixlen == 0 for n in members):
            matches[version] = f"meta nfproto {family} "
        elif members:
            texts = (str(n.network_address) if n.num_addresses == 1 else str(n) for n in members)
            matches[version] = f"{keyword} {side} {{ {', '.join(texts)} }} "
    return matches


def _service(row: Row, version: int | None) -> str:
    proto, port = row["proto"], str(row.get("port", ""))
    if proto == "icmp":
        kinds = "{ icmp, ipv6-icmp }" if version is None else FAMILIES[version][2]
        return f"meta l4proto {kinds} "
    if proto in ("tcp", "udp") and re.fullmatch(r"\d+(-\d+)?", port):
        return f"{proto} dport {port} "
    raise ValueError(f"cannot print proto '{proto}' with port '{port}'")


def _rules(row: Row, side: str, addresses: Addresses, admin_networks: Sequence[str]) -> list[str]:
    if row["peer"] == "world":
        matches: dict[int | None, str] = {None: ""}
    else:
        matches = _sources(_networks(row["peer"], addresses, admin_networks), side)
    why = re.sub(r'["\\\n]', " ", row["why"])[:120]
    limited = row["peer"] == "world" and row["proto"] == "tcp" and side == "saddr"
    verdict = "goto visitors" if limited else "accept"
    return [f'{match}{_service(row, version)}{verdict} comment "{why}"' for version, match in matches.items()]


def nftables_rules(
    matrix: Matrix, group_names: Container[str], addresses: Addresses, admin_networks: Sequence[str]
) -> dict[str, list[str]]:
    """Return {'input': [...], 'output': [...]}; raises ValueError on a row that cannot be printed."""
    rules = {}
    for chain, (direction, side) in CHAINS.items():
        unique: dict[str, str] = {}
        for group in (g for g in matrix if g in group_names):
            for row in matrix[group].get(direction, []):
                for rule in _rules(row, side, addresses, admin_networks):
                    unique.setdefault(rule.partition(" comment ")[0], rule)
        rules[chain] = list(unique.values())
    return rules
