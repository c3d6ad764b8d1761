"""Shapes of what the cloud says (module openstack_facts) and of what a customer's plan asks of it."""

from collections.abc import Mapping, Sequence
from typing import TypedDict


class Named(TypedDict):
    """A resource of the cloud."""

    id: str
    name: str


class Image(Named):
    """An image. min_disk: GB, min_ram: MB."""

    status: str
    min_disk: int
    min_ram: int


class Flavor(Named):
    """A flavor. ram: MB, disk: GB."""

    vcpus: int
    ram: int
    disk: int


class External(Named):
    """An external network. free: its free addresses, where the cloud tells them to its customers."""

    cidrs: list[str]
    free: int | None


class Quota(TypedDict):
    """A limit of the project, -1 for none, and how much of it is used."""

    limit: int
    used: int


class Facts(TypedDict):
    """What the cloud has.

    own: kind to what the project has under the names that the toolkit gives. hosts: kind to the names of the customer's
    hosts that have one. rules: security group of the customer to the number of its rules.
    """

    images: list[Image]
    flavors: list[Flavor]
    external_networks: list[External]
    zones: list[str]
    own: Mapping[str, Sequence[Named]]
    hosts: Mapping[str, Sequence[str]]
    rules: Mapping[str, int]
    quotas: Mapping[str, Quota]
    has_volumes: bool


class Planned(TypedDict):
    """A planned server."""

    name: str
    groups: list[str]
    flavor: str
    public: bool
    volume_gb: int
    server_group: str
    zone: str


class Group(TypedDict):
    """A planned security group."""

    name: str
    rules: Sequence[object]


class Wanted(TypedDict):
    """What the plan asks of the cloud."""

    customer: str
    image: str
    external_network: str
    networks: Sequence[str]
    servers: Sequence[Planned]
    security_groups: Sequence[Group]
