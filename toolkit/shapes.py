"""Shapes of data that several modules hand to each other."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

# Name -> value, as the customer wrote it; before validation a value may have any type.
type Settings = Mapping[str, Any]
# Ansible's groups: group -> names of its hosts.
type Groups = Mapping[str, Sequence[str]]


class Row(TypedDict):
    """A row of the firewall matrix: who (peer: world, admin, a group or a name of networks) is let to which port.

    proto: tcp, udp or icmp. port: a number or a range such as "10000-20000"; icmp has none.
    """

    proto: str
    port: NotRequired[int | str]
    peer: str
    why: str


# Group -> direction (ingress, egress) -> rows.
type Matrix = Mapping[str, Mapping[str, Sequence[Row]]]


class Server(TypedDict):
    """A server of the plan. volume_gb: 0 where it boots from the flavor's own disk."""

    name: str
    groups: list[str]
    flavor: str
    volume_gb: int
    floating_ip: bool


class Port(TypedDict):
    """An open port. port: NUMBER/PROTOCOL, or the protocol alone."""

    group: str
    peer: str
    port: str
    why: str


class Plan(TypedDict):
    """What a customer's folder puts into the cloud. dns: records, each with name and server."""

    servers: list[Server]
    ports: list[Port]
    dns: list[dict[str, str]]
