#!/usr/bin/python
"""Everything one customer has in the cloud: list it or delete it."""

from collections.abc import Iterable
from typing import Any, ClassVar

from ansible.module_utils.openstack_customer import CustomerModule, is_of_a_host, owner

DOCUMENTATION = r"""
module: openstack_resources
short_description: List or delete everything that one customer has in the cloud
description:
  - Finds servers and volumes by their metadata, ports, floating IPs, security groups and DNS records by their
    description, network, router, key pair and server group by their names. What another customer of the same project
    has is never touched, even when one name begins with the other.
  - Of a DNS zone only the records that carry the customer's mark go. The zone itself goes when the toolkit made it for
    this customer and nothing but what Designate puts into every zone is left in it; otherwise it stays, with a warning.
  - Deletes in the order in which the cloud lets go. May be interrupted and run again.
options:
  customer:
    description: The customer's name.
    type: str
    required: true
  hosts:
    description: Only what belongs to the servers of these names; left out, everything.
    type: list
    elements: str
  state:
    description: C(query) only looks, C(absent) deletes.
    type: str
    choices: [query, absent]
    default: query
extends_documentation_fragment: openstack.cloud.openstack
"""

EXAMPLES = r"""
- name: Delete everything of a customer
  openstack_resources:
    cloud: mycloud
    customer: acme
    state: absent
"""

RETURN = r"""
resources:
  description: What the customer has (after a deletion what is left), names by kind.
  type: dict
  returned: always
deleted:
  description: What was deleted, names by kind; with check mode what would be.
  type: dict
  returned: when state is absent
"""


# Kind of resource -> those of the customer.
Found = dict[str, list[Any]]


def is_part_of(zone: Any, record: Any) -> bool:
    """Tell whether Designate itself keeps this record: the zone's SOA and its own name servers."""
    return record.name == zone.name and record.type in ("SOA", "NS")


class Resources(CustomerModule):
    argument_spec: ClassVar = {
        "customer": {"required": True},
        "hosts": {"type": "list", "elements": "str"},
        "state": {"choices": ["query", "absent"], "default": "query"},
    }
    module_kwargs: ClassVar = {"supports_check_mode": True}

    def run(self) -> None:
        self.owner = owner(self.params["customer"])
        self.project = {"project_id": self.conn.current_project_id}
        found = self._find()
        if self.params["state"] == "query":
            self.exit_json(changed=False, resources=self._names(found))
        deleted = self._names(found)
        changed = any(deleted.values())
        if changed and not self.check_mode:
            self._delete(found)
            found = self._find()
        self.exit_json(changed=changed, deleted=deleted, resources=self._names(found))

    def _mine(self, description: str | None) -> bool:
        """Tell by its description whether something belongs to the customer, and to the hosts asked for."""
        if self.params["hosts"] is None:
            return bool(description == self.owner or is_of_a_host(description, self.params["customer"]))
        return description in [owner(self.params["customer"], host) for host in self.params["hosts"]]

    def _of_host(self, resource: Any) -> bool:
        """Tell by metadata and name whether a server or volume is meant."""
        wanted = self.params["hosts"] is None or resource.name in self.params["hosts"]
        return bool(wanted and resource.metadata.get("customer") == self.params["customer"])

    def _find(self) -> Found:
        """Return the resources by kind, in the order of their deletion."""
        compute, network = self.conn.compute, self.conn.network
        volumes = self.conn.block_storage.volumes() if self.conn.has_service("block-storage") else []
        found: Found = {
            "servers": [server for server in compute.servers() if self._of_host(server)],
            "floating IPs": [ip for ip in network.ips(**self.project) if self._mine(ip.description)],
            "ports": [port for port in network.ports(**self.project) if self._mine(port.description)],
            "volumes": [volume for volume in volumes if self._of_host(volume)],
            "DNS records": [],
            "DNS zones": [],
        }
        if self.conn.has_service("dns"):
            for zone in self.conn.dns.zones():
                records = list(self.conn.dns.recordsets(zone))
                found["DNS records"] += [record for record in records if self._mine(record.description)]
                if self._goes(zone, records):
                    found["DNS zones"].append(zone)
        if self.params["hosts"] is not None:
            return found
        shared = f"{self.params['customer']}-jitsi"
        networks = list(network.networks(name=shared, **self.project))
        return found | {
            "routers": list(network.routers(name=shared, **self.project)),
            "subnets": [s for n in networks for s in network.subnets(network_id=n.id)],
            "networks": networks,
            "security groups": [g for g in network.security_groups(**self.project) if self._mine(g.description)],
            "server groups": [
                g for g in compute.server_groups() if g.name == f"{self.params['customer']}-videobridges"
            ],
            "key pairs": [key for key in compute.keypairs() if key.name == shared],
        }

    def _goes(self, zone: Any, records: Iterable[Any]) -> bool:
        """Tell whether a zone goes with the customer: the toolkit made it, and nothing of others is in it."""
        if self.params["hosts"] is not None or zone.description != f"made for {self.owner}":
            return False
        others = [record for record in records if not self._mine(record.description) and not is_part_of(zone, record)]
        if others:
            names = ", ".join(f"{record.name} {record.type}" for record in others[:5])
            self.warn(f"The DNS zone {zone.name} stays, for {len(others)} records of others are in it ({names}).")
        return not others

    @staticmethod
    def _names(found: Found) -> dict[str, list[str]]:
        return {
            kind: sorted(getattr(r, "floating_ip_address", None) or r.name or r.id for r in resources)
            for kind, resources in found.items()
        }

    def _delete(self, found: Found) -> None:
        compute, network = self.conn.compute, self.conn.network
        for server in found["servers"]:
            compute.delete_server(server)
        for server in found["servers"]:
            compute.wait_for_delete(server, interval=1, wait=self.seconds_left())
        for floating_ip in found["floating IPs"]:
            network.delete_ip(floating_ip)
        for port in found["ports"]:
            network.delete_port(port)
        for volume in found["volumes"]:
            self.conn.block_storage.wait_for_status(
                volume, status="available", failures=[], interval=1, wait=self.seconds_left()
            )
            self.conn.block_storage.delete_volume(volume)
        for volume in found["volumes"]:
            self.conn.block_storage.wait_for_delete(volume, interval=1, wait=self.seconds_left())
        self._delete_names(found)
        self._delete_shared(found)

    def _delete_shared(self, found: Found) -> None:
        """Delete what belongs to all servers together; there is none of it where single hosts are meant."""
        compute, network = self.conn.compute, self.conn.network
        for router in found.get("routers", []):
            for port in network.ports(device_id=router.id, **self.project):
                network.remove_interface_from_router(router, port_id=port.id)
            network.delete_router(router)
        for subnet in found.get("subnets", []):
            network.delete_subnet(subnet)
        for owned_network in found.get("networks", []):
            network.delete_network(owned_network)
        for group in found.get("security groups", []):
            network.delete_security_group(group)
        for group in found.get("server groups", []):
            compute.delete_server_group(group)
        for key in found.get("key pairs", []):
            compute.delete_keypair(key)

    def _delete_names(self, found: Found) -> None:
        """Delete records and zones; Designate lists them until its name servers have let go of them."""
        dns = self.conn.dns
        for record in found["DNS records"]:
            dns.delete_recordset(record)
        for record in found["DNS records"]:
            dns.wait_for_delete(record, interval=1, wait=self.seconds_left())
        for zone in found["DNS zones"]:
            # Others may have put something into it meanwhile.
            if self._goes(zone, list(dns.recordsets(zone))):
                dns.delete_zone(zone)
                dns.wait_for_delete(zone, interval=1, wait=self.seconds_left())


if __name__ == "__main__":
    Resources()()
