#!/usr/bin/python
"""One server with everything that is its own: port, floating IP, volume."""

import base64
import time
from typing import Any, ClassVar

from ansible_collections.openstack.cloud.plugins.module_utils.openstack import OpenStackModule

DOCUMENTATION = r"""
module: openstack_server_bundle
short_description: Keep one server with its port, floating IP and volume
description:
  - Converges from wherever an earlier run was interrupted and never makes anything twice. The port is found by its
    name; a floating IP is made for the port in one request, so that none is ever left unassigned; one which an earlier
    server of this host left behind is adopted.
  - Answers when the server is ACTIVE and shows its addresses.
  - A server that never got further than ERROR is replaced. One that ran and is now in another state than ACTIVE is left
    alone and refused.
  - One module instead of four of the collection, because a customer's servers boot in parallel on the controller, where
    starting a module costs more than what it asks of the cloud.
options:
  name:
    description: Name of the server, its port and its volume.
    type: str
    required: true
  customer:
    description: The owner; written into metadata and descriptions. A server of this name without it is refused.
    type: str
    required: true
  groups:
    description: The server's inventory groups, written into its metadata.
    type: list
    elements: str
    required: true
  image:
    description: The image to boot.
    type: str
    required: true
  flavor:
    description: The flavor. A server that exists with another flavor is kept, with a warning.
    type: str
    required: true
  network:
    description: The network of the port.
    type: str
    required: true
  security_groups:
    description: Names of the port's security groups.
    type: list
    elements: str
    required: true
  external_network:
    description: The network that lends the floating IP; left out, the server has none.
    type: str
  volume_gb:
    description: Size of the boot volume; 0 boots from the hypervisor's disk.
    type: int
    default: 0
  key_name:
    description: The key pair.
    type: str
    required: true
  server_group:
    description: Name of the server group whose policy places the server.
    type: str
  zone:
    description: >-
      The availability zone to boot in; its volume is made in the block storage's zone of that name where there is one.
      A server that exists in another one is kept, with a warning.
    type: str
  user_data:
    description: What cloud-init reads at the first boot.
    type: str
    required: true
extends_documentation_fragment: openstack.cloud.openstack
"""

EXAMPLES = r"""
- name: Boot the first bridge
  openstack_server_bundle:
    cloud: mycloud
    name: acme-jvb-1
    customer: acme
    groups: [videobridges]
    image: debian-13
    flavor: m1.large
    network: acme-jitsi
    security_groups: [acme-jitsi, acme-videobridges]
    external_network: public
    key_name: acme-jitsi
    server_group: acme-videobridges
    user_data: |
      #cloud-config
"""

RETURN = r"""
server_id:
  description: The server's identifier.
  type: str
  returned: always
created:
  description: Whether this call booted the server.
  type: bool
  returned: always
"""


class ServerBundle(OpenStackModule):
    argument_spec: ClassVar = {
        "name": {"required": True},
        "customer": {"required": True},
        "groups": {"type": "list", "elements": "str", "required": True},
        "image": {"required": True},
        "flavor": {"required": True},
        "network": {"required": True},
        "security_groups": {"type": "list", "elements": "str", "required": True},
        "external_network": {},
        "volume_gb": {"type": "int", "default": 0},
        "key_name": {"required": True, "no_log": False},
        "server_group": {},
        "zone": {},
        "user_data": {"required": True},
    }
    module_kwargs: ClassVar = {"supports_check_mode": True}

    def run(self) -> None:
        self.changed = False
        self.deadline = time.monotonic() + self.params["timeout"]
        name = self.params["name"]
        self.description = f"jitsi customer {self.params['customer']} host {name}"
        self.metadata = {"customer": self.params["customer"], "groups": ",".join(sorted(self.params["groups"]))}
        server = self._usable(self._find_server())
        if self.check_mode and not server:
            self.exit_json(changed=True, created=True, server_id="")
        port = self._keep_port()
        created = not server
        if created:
            server = self._boot(port)
        floating_ip = self._keep_floating_ip(port)
        server = self._await(server, floating_ip)
        self._keep_metadata(server)
        if server.flavor["original_name"] != self.params["flavor"]:
            self.warn(f"{name} has the flavor {server.flavor['original_name']}, not {self.params['flavor']}: resize it")
        zone = self.params["zone"]
        if zone and server.availability_zone != zone:
            self.warn(f"{name} is in the zone {server.availability_zone}, not {zone}: delete it to have it made there")
        self.exit_json(changed=self.changed, created=created, server_id=server.id)

    def _find_server(self) -> Any:
        """Return this host's server, or none; refuse a foreign one of that name."""
        name = self.params["name"]
        found = list(self.conn.compute.servers(name=f"^{name}$"))
        if len(found) > 1:
            self.fail_json(msg=f"The cloud has {len(found)} servers named {name}: delete all but one, then run again.")
        if found and found[0].metadata.get("customer") != self.params["customer"]:
            self.fail_json(
                msg=f"The server {name} exists and does not belong to customer {self.params['customer']}: "
                "rename or delete it, or choose another host name."
            )
        return found[0] if found else None

    def _usable(self, server: Any) -> Any:
        """Return server when it runs or will run, none when one has to be booted."""
        if not server or server.status in ("ACTIVE", "BUILD"):
            if not server or server.task_state != "deleting":
                return server
            self._gone(server)
            return None
        if server.status == "ERROR" and not server.launched_at:
            self.changed = True
            if not self.check_mode:
                self.conn.compute.delete_server(server)
            self._gone(server)
            return None
        self.fail_json(
            msg=f"The server {server.name} is in state {server.status}, not ACTIVE: start or repair it "
            f"(openstack server show {server.id}), or delete it to have it made anew, then run again."
        )

    def _gone(self, server: Any) -> None:
        """Wait until a deleted server is gone."""
        if not self.check_mode:
            self.conn.compute.wait_for_delete(server, interval=1, wait=self._left())

    def _left(self) -> int:
        return max(1, int(self.deadline - time.monotonic()))

    def _keep_port(self) -> Any:
        network = self.conn.network.find_network(self.params["network"], ignore_missing=False)
        names = {
            group.name: group.id
            for group in self.conn.network.security_groups(project_id=self.conn.current_project_id)
            if group.description == f"jitsi customer {self.params['customer']}"
        }
        groups = sorted(names[name] for name in self.params["security_groups"])
        port = next(self.conn.network.ports(name=self.params["name"], network_id=network.id), None)
        if not port and self.check_mode:
            self.exit_json(changed=True, created=False, server_id="")
        if not port:
            self.changed = True
            return self.conn.network.create_port(
                name=self.params["name"],
                description=self.description,
                network_id=network.id,
                security_group_ids=groups,
            )
        if sorted(port.security_group_ids) != groups:
            self.changed = True
            if not self.check_mode:
                port = self.conn.network.update_port(port, security_group_ids=groups)
        return port

    def _boot(self, port: Any) -> Any:
        self.changed = True
        image = self.conn.image.find_image(self.params["image"], ignore_missing=False)
        request: dict[str, Any] = {
            "name": self.params["name"],
            "metadata": self.metadata,
            "flavor_id": self.conn.compute.find_flavor(self.params["flavor"], ignore_missing=False).id,
            "image_id": image.id,
            "networks": [{"port": port.id}],
            "key_name": self.params["key_name"],
            "user_data": base64.b64encode(self.params["user_data"].encode()).decode(),
        }
        if self.params["server_group"]:
            group = self.conn.compute.find_server_group(self.params["server_group"], ignore_missing=False)
            request["scheduler_hints"] = {"group": group.id}
        if self.params["zone"]:
            request["availability_zone"] = self.params["zone"]
        if self.params["volume_gb"]:
            volume = self._keep_volume(image)
            request["block_device_mapping"] = [
                {
                    "boot_index": 0,
                    "source_type": "volume",
                    "destination_type": "volume",
                    "uuid": volume.id,
                    "delete_on_termination": False,
                }
            ]
        return self._create(request)

    def _create(self, request: dict[str, Any]) -> Any:
        """Ask for the server; say what is wrong when its volume lies in a zone from which it may not be booted."""
        try:
            return self.conn.compute.create_server(**request)
        except self.sdk.exceptions.BadRequestException as refusal:
            if "availability_zone" not in str(refusal):
                raise
            name = self.params["name"]
            self.fail_json(
                msg=f"The cloud boots {name} only from a volume of its own availability zone "
                f"({self.params['zone'] or 'any'}), and the volume {name} lies in another one: delete that volume, and "
                "write zones as cloud_bridge_zones that block storage has, too, or cloud_volume_gb.videobridge: 0. "
                f"The cloud says: {refusal}"
            )

    def _keep_volume(self, image: Any) -> Any:
        storage, zone = self.conn.block_storage, self.params["zone"]
        found = (v for v in storage.volumes(name=self.params["name"]) if v.name == self.params["name"])
        zones = [known.name for known in storage.availability_zones()] if zone else []
        volume = next(found, None) or storage.create_volume(
            name=self.params["name"],
            size=self.params["volume_gb"],
            image_id=image.id,
            metadata={"customer": self.params["customer"]},
            **({"availability_zone": zone} if zone in zones else {}),
        )
        return storage.wait_for_status(volume, status="available", failures=["error"], wait=self._left())

    def _keep_floating_ip(self, port: Any) -> Any:
        """Return the port's floating IP, or none when the server is not public."""
        network = self.conn.network
        current = next(network.ips(port_id=port.id), None)
        if bool(current) == bool(self.params["external_network"]):
            return current
        self.changed = True
        if self.check_mode:
            return current
        if current:
            network.delete_ip(current)
            return None
        own = [ip for ip in network.ips(project_id=self.conn.current_project_id) if ip.description == self.description]
        free = next((ip for ip in own if not ip.port_id), None)
        if free:
            return network.update_ip(free, port_id=port.id)
        external = network.find_network(self.params["external_network"], ignore_missing=False)
        return network.create_ip(floating_network_id=external.id, port_id=port.id, description=self.description)

    def _await(self, server: Any, floating_ip: Any) -> Any:
        """Return the server once it is ACTIVE and shows its addresses; both come some time after the requests."""
        while True:
            server = self.conn.compute.get_server(server.id)
            shown = {address["addr"] for addresses in (server.addresses or {}).values() for address in addresses}
            if server.status == "ACTIVE" and (not floating_ip or floating_ip.floating_ip_address in shown):
                return server
            if server.status == "ERROR":
                reason = (server.fault or {}).get("message", "the cloud gives no reason")
                self.fail_json(
                    msg=f"The cloud could not boot {server.name}: {reason.rstrip('.')}. "
                    "Cure that and run again: the failed server is replaced."
                )
            if self.check_mode:
                return server
            if time.monotonic() > self.deadline:
                self.fail_json(
                    msg=f"{server.name} is in state {server.status} with addresses {sorted(shown)} after "
                    f"{self.params['timeout']} s, expected ACTIVE: look at the cloud, then run again."
                )
            time.sleep(0.5)

    def _keep_metadata(self, server: Any) -> None:
        if any(server.metadata.get(key) != value for key, value in self.metadata.items()):
            self.changed = True
            if not self.check_mode:
                self.conn.compute.set_server_metadata(server, **self.metadata)


if __name__ == "__main__":
    ServerBundle()()
