#!/usr/bin/python
"""What the cloud has and allows, read before anything is made."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from ansible.module_utils.openstack_customer import is_of_a_host, owner
from ansible_collections.openstack.cloud.plugins.module_utils.openstack import OpenStackModule

DOCUMENTATION = r"""
module: openstack_facts
short_description: Read what a customer's plan depends on in the cloud
description:
  - Images, flavors, external networks, availability zones and the project's quotas, and which of the customer's
    resources are there. Changes nothing.
  - What the cloud does not tell its customers is left out.
options:
  customer:
    description: The customer's name.
    type: str
    required: true
extends_documentation_fragment: openstack.cloud.openstack
"""

EXAMPLES = r"""
- name: Read the cloud's resources
  openstack_facts:
    cloud: mycloud
    customer: acme
"""

RETURN = r"""
facts:
  description: What filter C(cloud_errors) compares with the plan.
  type: dict
  returned: always
"""

# Quotas of Nova: what they limit -> the names of limit and use among its limits.
COMPUTE = {
    "instances": ("instances", "instances_used"),
    "cores": ("total_cores", "total_cores_used"),
    "MB of memory": ("total_ram", "total_ram_used"),
    "server groups": ("server_groups", "server_groups_used"),
}
NETWORK = {
    "networks": "networks",
    "subnets": "subnets",
    "routers": "routers",
    "ports": "ports",
    "floating IPs": "floating_ips",
    "security groups": "security_groups",
    "security group rules": "security_group_rules",
}
STORAGE = {
    "volumes": ("max_total_volumes", "total_volumes_used"),
    "GB of volumes": ("max_total_volume_gigabytes", "total_gigabytes_used"),
}


def fields(resource: Any, *names: str) -> dict[str, Any]:
    """Return identifier, name and more of a resource."""
    return {name: getattr(resource, name) for name in ("id", "name", *names)}


def limits(absolute: Any, names: Mapping[str, tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Return the quotas among a service's limits."""
    return {
        kind: {"limit": getattr(absolute, limit), "used": getattr(absolute, used)}
        for kind, (limit, used) in names.items()
        if getattr(absolute, limit) is not None and getattr(absolute, used) is not None
    }


class Facts(OpenStackModule):
    argument_spec: ClassVar = {"customer": {"required": True}}
    module_kwargs: ClassVar = {"supports_check_mode": True}

    def run(self) -> None:
        self.mine = {"project_id": self.conn.current_project_id}
        self.shared = f"{self.params['customer']}-jitsi"
        self.storage = self.conn.block_storage if self.conn.has_service("block-storage") else None
        compute, network = self.conn.compute, self.conn.network
        key_pairs, server_groups = list(compute.keypairs()), list(compute.server_groups())
        groups = [g for g in network.security_groups(**self.mine) if g.description == owner(self.params["customer"])]
        facts = {
            "images": [fields(image, "status", "min_disk", "min_ram") for image in self.conn.image.images()],
            "flavors": [fields(flavor, "vcpus", "ram", "disk") for flavor in compute.flavors()],
            "external_networks": [self._external(one) for one in network.networks(is_router_external=True)],
            "zones": sorted(zone.name for zone in compute.availability_zones()),
            "own": {
                "key pair": self._named(self.shared, key_pairs),
                "server group": self._named(f"{self.params['customer']}-videobridges", server_groups),
                **self._of_network(),
            },
            "hosts": self._hosts(),
            "rules": {group.name: len(group.security_group_rules) for group in groups},
            "quotas": self._quotas(len(key_pairs)),
            "has_volumes": bool(self.storage),
        }
        self.exit_json(changed=False, facts=facts)

    @staticmethod
    def _named(name: str, resources: Iterable[Any]) -> list[dict[str, Any]]:
        return [fields(one) for one in resources if one.name == name]

    def _of_network(self) -> dict[str, list[dict[str, Any]]]:
        """Return network, router and subnets under the names that the toolkit gives them."""
        network, names = self.conn.network, {"network": self.shared, "router": self.shared}
        names |= {"IPv4 subnet": f"{self.shared}-ipv4", "IPv6 subnet": f"{self.shared}-ipv6"}
        search = {"network": network.networks, "router": network.routers}
        return {
            kind: self._named(name, search.get(kind, network.subnets)(name=name, **self.mine))
            for kind, name in names.items()
        }

    def _hosts(self) -> dict[str, list[str]]:
        """Return the names of hosts that have a server, a port, a floating IP or a volume."""
        customer, network = self.params["customer"], self.conn.network
        servers = self.conn.compute.servers(name=f"^{customer}-")
        volumes = self.storage.volumes() if self.storage else ()
        return {
            "servers": [server.name for server in servers],
            "ports": [port.name for port in network.ports(**self.mine) if is_of_a_host(port.description, customer)],
            "floating IPs": [
                address.description.removeprefix(f"{owner(customer)} host ")
                for address in network.ips(**self.mine)
                if is_of_a_host(address.description, customer)
            ],
            "volumes": [each.name for each in volumes if (each.metadata or {}).get("customer") == customer],
        }

    def _external(self, network: Any) -> dict[str, Any]:
        """Return an external network, with what the cloud shows of its addresses."""
        neutron = self.conn.network
        subnets = self._told(lambda: list(neutron.subnets(network_id=network.id)), [])
        room = self._told(lambda: list(neutron.network_ip_availabilities(network_id=network.id)), [])
        pools = [pool for each in room for pool in each.subnet_ip_availability if pool["ip_version"] == 4]
        free = sum(pool["total_ips"] - pool["used_ips"] for pool in pools) if room else None
        return fields(network) | {"cidrs": [subnet.cidr for subnet in subnets], "free": free}

    def _quotas(self, key_pairs: int) -> dict[str, dict[str, int]]:
        """Return limit and use of each quota that the cloud tells."""
        compute = self.conn.compute.get_limits().absolute
        found = limits(compute, COMPUTE)
        # Both are no sums over the project: one is each user's, the other each group's.
        single = {
            "key pairs": (compute.keypairs, key_pairs),
            "members of a server group": (compute.server_group_members, 0),
        }
        found |= {kind: {"limit": limit, "used": used} for kind, (limit, used) in single.items() if limit is not None}
        details = self._told(lambda: self.conn.network.get_quota(self.conn.current_project_id, details=True), None)
        for kind, name in NETWORK.items():
            if quota := details and getattr(details, name):
                found[kind] = {"limit": quota["limit"], "used": quota["used"] + quota.get("reserved", 0)}
        if self.storage:
            found |= limits(self.storage.get_limits().absolute, STORAGE)
        return found

    def _told(self, ask: Callable[[], Any], otherwise: Any) -> Any:
        """Return what the cloud answers, or something else where it does not tell its customers."""
        try:
            return ask()
        except self.sdk.exceptions.HttpException:
            return otherwise


if __name__ == "__main__":
    Facts()()
