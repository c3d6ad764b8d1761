"""One server in the cloud with everything that is its own: port, floating IP, volume."""

import base64
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.openstack_customer import owner


class InstanceError(Exception):
    """A sentence that says what is wrong with a server, and how to go on."""


class Cloud:
    """What a customer has in the cloud, asked once for all servers, and what their settings name, asked once each.

    conn: openstacksdk's connection. common: what the servers share, the module's own options: customer, image, network,
    external_network, key_name, user, public_keys, timeout (seconds). seconds_left: a function that returns how many
    seconds of it are left.
    """

    def __init__(
        self, conn: Any, common: Mapping[str, Any], seconds_left: Callable[[], int], check_mode: bool = False
    ) -> None:
        self.conn, self.common, self.seconds_left = conn, common, seconds_left
        self._found: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        network, mine = conn.network, {"project_id": conn.current_project_id}
        # Before the first run there is none, which check mode passes over: it asks for nothing.
        self.network = network.find_network(common["network"], ignore_missing=check_mode)
        self.servers = self.read_servers()
        self.ports = {port.name: port for port in network.ports(network_id=self.network.id)} if self.network else {}
        self.ips = list(network.ips(**mine))
        self.security_groups = {
            group.name: group.id
            for group in network.security_groups(**mine)
            if group.description == owner(common["customer"])
        }

    def read_servers(self) -> list[Any]:
        """Return the servers whose names begin like the customer's hosts; the project may have others."""
        return list(self.conn.compute.servers(name=f"^{self.common['customer']}-"))

    def find(self, service: str, kind: str, name: str) -> Any:
        """Return the cloud's resource of that name, such as find("compute", "flavor", "m1.large"); it must exist."""
        with self._lock:
            if (kind, name) not in self._found:
                search = getattr(getattr(self.conn, service), f"find_{kind}")
                self._found[kind, name] = search(name, ignore_missing=False)
            return self._found[kind, name]


class Instance:
    """One planned server. planned: what the module's option servers says of it. changed, created: what was done."""

    def __init__(self, cloud: Cloud, planned: Mapping[str, Any], check_mode: bool) -> None:
        self.cloud, self.conn, self.planned, self.check_mode = cloud, cloud.conn, planned, check_mode
        self.name: str = planned["name"]
        self.changed = self.created = False
        self.server: Any = None
        self.floating_ip: Any = None
        self.warnings: list[str] = []
        customer = cloud.common["customer"]
        self.description = owner(customer, self.name)
        self.metadata = {"customer": customer, "groups": ",".join(sorted(planned["groups"]))}

    def prepare(self) -> None:
        """Ask the cloud for whatever the server lacks, itself included. InstanceError: a person has to decide."""
        self.server = self._usable(self._existing())
        if self.check_mode and not self.server:
            self.changed = self.created = True
            return
        port = self._keep_port()
        if not self.server:
            self.changed = self.created = True
            self.server = self._boot(port)
        self.floating_ip = self._keep_floating_ip(port)

    def settled(self, server: Any) -> bool:
        """Tell whether the server, as the cloud shows it now, is ACTIVE with its address."""
        self.server = server
        if server.status == "ERROR":
            reason = (server.fault or {}).get("message", "the cloud gives no reason")
            raise InstanceError(
                f"The cloud could not boot {self.name}: {reason.rstrip('.')}. "
                "Fix the cause and run again: the failed server is replaced."
            )
        address = self.floating_ip and self.floating_ip.floating_ip_address
        return self.check_mode or bool(server.status == "ACTIVE" and (not address or address in self._shown()))

    def late(self) -> str:
        """What to say of a server that did not settle in time."""
        return (
            f"{self.name} is in state {self.server.status} with addresses {sorted(self._shown())} after "
            f"{self.cloud.common['timeout']} s, expected ACTIVE: look at the cloud, then run again."
        )

    def complete(self) -> None:
        """Keep the metadata of the running server, and note what cannot be changed while it runs."""
        server, flavor, zone = self.server, self.planned["flavor"], self.planned.get("zone")
        if any(server.metadata.get(key) != value for key, value in self.metadata.items()):
            self.changed = True
            if not self.check_mode:
                self.conn.compute.set_server_metadata(server, **self.metadata)
        if server.flavor["original_name"] != flavor:
            self.warnings.append(
                f"{self.name} has the flavor {server.flavor['original_name']}, not {flavor}: resize it"
            )
        if zone and server.availability_zone != zone:
            self.warnings.append(
                f"{self.name} is in the zone {server.availability_zone}, not {zone}: delete it to have it made there"
            )

    def _shown(self) -> set[str]:
        """The addresses that the cloud shows for the server."""
        return {address["addr"] for addresses in (self.server.addresses or {}).values() for address in addresses}

    def _existing(self) -> Any:
        """Return this host's server, or none; refuse a foreign one of that name."""
        found = [server for server in self.cloud.servers if server.name == self.name]
        if len(found) > 1:
            raise InstanceError(
                f"The cloud has {len(found)} servers named {self.name}: delete all but one, then run again."
            )
        customer = self.cloud.common["customer"]
        if found and found[0].metadata.get("customer") != customer:
            raise InstanceError(
                f"The server {self.name} exists and does not belong to customer {customer}: "
                "rename or delete it, or choose another host name."
            )
        return found[0] if found else None

    def _usable(self, server: Any) -> Any:
        """Return server when it runs or will run, none when one has to be booted."""
        if not server or server.status in ("ACTIVE", "BUILD"):
            if not server or server.task_state != "deleting":
                return server
            self._deleted(server)
            return None
        if server.status == "ERROR" and not server.launched_at:
            self.changed = True
            if not self.check_mode:
                self.conn.compute.delete_server(server)
            self._deleted(server)
            return None
        raise InstanceError(
            f"The server {self.name} is in state {server.status}, not ACTIVE: start or repair it "
            f"(openstack server show {server.id}), or delete it to have it made anew, then run again."
        )

    def _deleted(self, server: Any) -> None:
        """Wait until a deleted server is gone."""
        if not self.check_mode:
            self.conn.compute.wait_for_delete(server, interval=1, wait=self.cloud.seconds_left())

    def _keep_port(self) -> Any:
        groups = sorted(self.cloud.security_groups[name] for name in self.planned["security_groups"])
        port = self.cloud.ports.get(self.name)
        if not port:
            self.changed = True
        if not port and not self.check_mode:
            return self.conn.network.create_port(
                name=self.name,
                description=self.description,
                network_id=self.cloud.network.id,
                security_group_ids=groups,
            )
        if port and sorted(port.security_group_ids) != groups:
            self.changed = True
            if not self.check_mode:
                port = self.conn.network.update_port(port, security_group_ids=groups)
        return port

    def _boot(self, port: Any) -> Any:
        """Return the new server, not running yet."""
        common, planned, find = self.cloud.common, self.planned, self.cloud.find
        image = find("image", "image", common["image"])
        request = {
            "name": self.name,
            "metadata": self.metadata,
            "flavor_id": find("compute", "flavor", planned["flavor"]).id,
            "image_id": image.id,
            "networks": [{"port": port.id}],
            "key_name": common["key_name"],
            "user_data": base64.b64encode(self._user_data().encode()).decode(),
        }
        if planned.get("server_group"):
            request["scheduler_hints"] = {"group": find("compute", "server_group", planned["server_group"]).id}
        if planned.get("zone"):
            request["availability_zone"] = planned["zone"]
        if planned["volume_gb"]:
            request["block_device_mapping"] = [
                {
                    "boot_index": 0,
                    "source_type": "volume",
                    "destination_type": "volume",
                    "uuid": self._keep_volume(image).id,
                    "delete_on_termination": False,
                }
            ]
        return self._create(request)

    def _user_data(self) -> str:
        """What cloud-init does at the first boot: nothing secret, for everyone on the server can read it."""
        operators = {
            "name": self.cloud.common["user"],
            "gecos": "operators",
            "shell": "/bin/bash",
            "lock_passwd": True,
            "sudo": "ALL=(ALL) NOPASSWD:ALL",
            "ssh_authorized_keys": self.cloud.common["public_keys"],
        }
        config = {"hostname": self.name, "disable_root": True, "ssh_pwauth": False, "users": [operators]}
        # JSON is YAML, and says what is a text; but YAML has no pairs of \u for one character.
        return f"#cloud-config\n{json.dumps(config, indent=2, ensure_ascii=False)}\n"

    def _create(self, request: dict[str, Any]) -> Any:
        """Ask for the server; say what is wrong when its volume lies in a zone from which it may not be booted."""
        try:
            return self.conn.compute.create_server(**request)
        except Exception as refusal:
            if "availability_zone" not in str(refusal):
                raise
            raise InstanceError(
                f"The cloud boots {self.name} only from a volume of its own availability zone "
                f"({self.planned.get('zone') or 'any'}), and the volume {self.name} lies in another one: delete that "
                "volume, and write zones as cloud_bridge_zones that block storage has, too, or "
                f"cloud_volume_gb.videobridge: 0. The cloud says: {refusal}"
            ) from refusal

    def _keep_volume(self, image: Any) -> Any:
        """Return the host's volume. One of that name that is not the customer's is not booted: names are anybody's."""
        storage, zone = self.conn.block_storage, self.planned.get("zone")
        mark = {"customer": self.cloud.common["customer"]}
        found = (each for each in storage.volumes(name=self.name) if each.name == self.name)
        own = (each for each in found if mark.items() <= (each.metadata or {}).items())
        zones = [known.name for known in storage.availability_zones()] if zone else []
        volume = next(own, None) or storage.create_volume(
            name=self.name,
            size=self.planned["volume_gb"],
            image_id=image.id,
            metadata=mark,
            **({"availability_zone": zone} if zone in zones else {}),
        )
        return storage.wait_for_status(volume, status="available", failures=["error"], wait=self.cloud.seconds_left())

    def _keep_floating_ip(self, port: Any) -> Any:
        """Return the port's floating IP, or none when the server is not public."""
        network = self.conn.network
        current = port and next((ip for ip in self.cloud.ips if ip.port_id == port.id), None)
        if bool(current) == self.planned["public"]:
            return current
        self.changed = True
        if self.check_mode:
            return current
        if current:
            network.delete_ip(current)
            return None
        own = (ip for ip in self.cloud.ips if ip.description == self.description and not ip.port_id)
        if free := next(own, None):
            return network.update_ip(free, port_id=port.id)
        external = self.cloud.find("network", "network", self.cloud.common["external_network"])
        return network.create_ip(floating_network_id=external.id, port_id=port.id, description=self.description)
