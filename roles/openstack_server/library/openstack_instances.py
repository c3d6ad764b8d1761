#!/usr/bin/python
"""The customer's servers, each with everything that is its own: port, floating IP, volume."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from ansible.module_utils.openstack_customer import CustomerModule
from ansible.module_utils.openstack_instance import Cloud, Instance, InstanceError

DOCUMENTATION = r"""
module: openstack_instances
short_description: Keep the customer's servers, each with its port, floating IP and volume
description:
  - Converges from wherever an earlier run was interrupted and never makes anything twice. The port is found by its
    name; a floating IP is made for the port in one request, so that none is ever left unassigned; one which an earlier
    server of this host left behind is adopted.
  - Answers when the servers are ACTIVE and show their addresses.
  - A server that never got further than ERROR is replaced. One that ran and is now in another state than ACTIVE is left
    alone and refused.
  - All servers in one call, because they share most of what has to be asked of the cloud, the login included; several
    are made at the same time. A server that cannot be made does not keep the others from it; all errors are told
    together.
options:
  customer:
    description: The owner; written into metadata and descriptions. A server of a planned name without it is refused.
    type: str
    required: true
  image:
    description: The image to boot.
    type: str
    required: true
  network:
    description: The network of the ports.
    type: str
    required: true
  external_network:
    description: The network that lends floating IPs.
    type: str
    required: true
  key_name:
    description: The key pair.
    type: str
    required: true
  user:
    description: The operators' user, made at the first boot.
    type: str
    required: true
  public_keys:
    description: The SSH keys that may log in as this user.
    type: list
    elements: str
    required: true
  servers:
    description: The planned servers.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the server, its port and its volume.
        type: str
        required: true
      groups:
        description: The server's inventory groups, written into its metadata.
        type: list
        elements: str
        required: true
      flavor:
        description: The flavor. A server that exists with another flavor is kept, with a warning.
        type: str
        required: true
      security_groups:
        description: Names of the port's security groups.
        type: list
        elements: str
        required: true
      public:
        description: Whether the server has a floating IP.
        type: bool
        required: true
      volume_gb:
        description: Size of the boot volume; 0 boots from the hypervisor's disk.
        type: int
        default: 0
      server_group:
        description: Name of the server group whose policy places the server.
        type: str
      zone:
        description: >-
          The availability zone to boot in; its volume is made in the block storage's zone of that name where there is
          one. A server that exists in another one is kept, with a warning.
        type: str
extends_documentation_fragment: openstack.cloud.openstack
"""

EXAMPLES = r"""
- name: Create the first bridge
  openstack_instances:
    cloud: mycloud
    customer: acme
    image: debian-13
    network: acme-jitsi
    external_network: public
    key_name: acme-jitsi
    user: ops
    public_keys: [ssh-ed25519 AAAA... operator]
    servers:
      - name: acme-jvb-1
        groups: [videobridges]
        flavor: m1.large
        security_groups: [acme-jitsi, acme-videobridges]
        public: true
        server_group: acme-videobridges
"""

RETURN = r"""
servers:
  description: Name of each server to its identifier (C(id), empty in check mode where it does not exist) and to whether
    this call booted it (C(created)).
  type: dict
  returned: always
"""

AT_ONCE = 8  # servers; a cloud limits how many requests it takes
INTERVAL = 1  # seconds between two looks at the servers that boot


class Instances(CustomerModule):
    argument_spec: ClassVar = {
        "customer": {"required": True},
        "image": {"required": True},
        "network": {"required": True},
        "external_network": {"required": True},
        "key_name": {"required": True, "no_log": False},
        "user": {"required": True},
        "public_keys": {"type": "list", "elements": "str", "required": True, "no_log": False},
        "servers": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"required": True},
                "groups": {"type": "list", "elements": "str", "required": True},
                "flavor": {"required": True},
                "security_groups": {"type": "list", "elements": "str", "required": True},
                "public": {"type": "bool", "required": True},
                "volume_gb": {"type": "int", "default": 0},
                "server_group": {},
                "zone": {},
            },
        },
    }
    module_kwargs: ClassVar = {"supports_check_mode": True}

    def run(self) -> None:
        cloud = Cloud(self.conn, self.params, self.seconds_left, self.check_mode)
        instances = [Instance(cloud, planned, self.check_mode) for planned in self.params["servers"]]
        self.errors: list[str] = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            prepared = list(pool.map(lambda each: self._told(each.prepare), instances))
        self._await([each for each, (done, _) in zip(instances, prepared, strict=True) if done and each.server], cloud)
        for warning in (warning for each in instances for warning in each.warnings):
            self.warn(warning)
        if self.errors:
            self.fail_json(msg=" ".join(self.errors))
        self.exit_json(
            changed=any(each.changed for each in instances),
            servers={
                each.name: {"id": each.server.id if each.server else "", "created": each.created} for each in instances
            },
        )

    def _told(self, act: Callable[..., Any], *arguments: Any) -> tuple[bool, Any]:
        """Return whether act succeeded, and its result; keep the sentence of an error."""
        try:
            return True, act(*arguments)
        except (InstanceError, self.sdk.exceptions.SDKException) as error:
            self.errors.append(str(error))
            return False, None

    def _await(self, waiting: list[Instance], cloud: Cloud) -> None:
        """Look at all servers together until each has settled, has failed, or is late."""
        shown = {server.id: server for server in cloud.servers}
        while waiting:
            looked_at = [(each, self._told(each.settled, shown.get(each.server.id, each.server))) for each in waiting]
            for each in (each for each, (_, settled) in looked_at if settled):
                self._told(each.complete)
            waiting = [each for each, (done, settled) in looked_at if done and not settled]
            if waiting and time.monotonic() > self.deadline:
                self.errors += [each.late() for each in waiting]
                return
            if waiting:
                time.sleep(INTERVAL)
                shown = {server.id: server for server in cloud.read_servers()}


if __name__ == "__main__":
    Instances()()
