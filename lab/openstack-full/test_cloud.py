"""What the toolkit relies on, asked of the running cloud: ``pytest lab/openstack-full/test_cloud.py``.

Needs ``lab/openstack-full/up`` to have run. Works as the customer, with a plain member's rights, as the toolkit does.
"""

from __future__ import annotations

import os
import pathlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import openstack
import pytest

CHECKOUT = pathlib.Path(__file__).parents[2]
STATE = pathlib.Path(os.environ.get("LAB_STATE", CHECKOUT / ".lab")) / "openstack-full"
NAME = "cloud-test"
PORT = 8080


def eventually(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until a condition holds, and fail when it does not within the bound."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.5)


def connects(address: str, port: int) -> bool:
    """Tell whether something accepts a TCP connection there."""
    try:
        socket.create_connection((address, port), timeout=3).close()
    except OSError:
        return False
    return True


class Server:
    """A booted server, and how to run a command on it."""

    def __init__(self, cloud: openstack.connection.Connection, server, address: str, key: pathlib.Path) -> None:
        self.cloud, self.server, self.address, self.key = cloud, server, address, key

    def run(self, command: str) -> str:
        """Run a command over SSH as the image's default user and return what it prints."""
        options = ["-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={self.key}.hosts", "-o", "BatchMode=yes"]
        return subprocess.run(
            ["ssh", "-i", self.key, *options, f"debian@{self.address}", command],
            check=True, capture_output=True, text=True, timeout=300,
        ).stdout  # fmt: skip


@pytest.fixture(scope="module")
def cloud() -> openstack.connection.Connection:
    region = openstack.config.OpenStackConfig(config_files=[str(STATE / "clouds.yaml")]).get_one(cloud="lab")
    return openstack.connection.Connection(config=region)


def leftovers(cloud: openstack.connection.Connection) -> list[str]:
    """Everything the customer has in the project that carries the test's name or no name of its own."""
    network = cloud.network
    project = cloud.current_project_id
    found = [*cloud.compute.servers(), *cloud.compute.keypairs()]
    found += [group for group in network.security_groups(project_id=project) if group.name != "default"]
    for kind in (network.networks, network.ports, network.routers, network.ips):
        found += kind(project_id=project)
    return [f"{type(item).__name__} {item.name or item.id}" for item in found]


@pytest.fixture(scope="module", params=["debian-12", "debian-13"])
def server(request, cloud, tmp_path_factory) -> Iterator[Server]:
    """One server that admits SSH only; afterwards the project is as empty as before."""
    assert leftovers(cloud) == []
    network = cloud.network
    key = tmp_path_factory.mktemp("ssh") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    cloud.compute.create_keypair(name=NAME, public_key=key.with_suffix(".pub").read_text())
    net = network.create_network(name=NAME)
    subnet = network.create_subnet(name=NAME, network_id=net.id, ip_version=4, cidr="10.20.0.0/24")
    router = network.create_router(
        name=NAME, external_gateway_info={"network_id": network.find_network("public", ignore_missing=False).id}
    )
    network.add_interface_to_router(router, subnet_id=subnet.id)
    group = network.create_security_group(name=NAME)
    network.create_security_group_rule(
        security_group_id=group.id, direction="ingress", ethertype="IPv4", protocol="tcp",
        port_range_min=22, port_range_max=22,
    )  # fmt: skip
    port = network.create_port(name=NAME, network_id=net.id, security_group_ids=[group.id])
    floating = network.create_ip(
        floating_network_id=network.find_network("public", ignore_missing=False).id, port_id=port.id
    )
    server = cloud.compute.create_server(
        name=NAME,
        image_id=cloud.image.find_image(request.param, ignore_missing=False).id,
        flavor_id=cloud.compute.find_flavor("lab.small", ignore_missing=False).id,
        networks=[{"port": port.id}],
        key_name=NAME,
    )
    server = cloud.compute.wait_for_server(server, wait=180, interval=1)
    booted = Server(cloud, server, floating.floating_ip_address, key)
    eventually(lambda: connects(booted.address, 22), 180, f"{request.param} answers on port 22")
    booted.run("cloud-init status --wait")
    yield booted
    cloud.compute.delete_server(server)
    cloud.compute.wait_for_delete(server, wait=120, interval=1)
    network.delete_ip(floating)
    network.delete_port(port)
    network.delete_security_group(group)
    network.remove_interface_from_router(router, subnet_id=subnet.id)
    network.delete_router(router)
    network.delete_network(net)
    cloud.compute.delete_keypair(NAME)
    assert leftovers(cloud) == []


def test_the_metadata_service_names_the_server_and_lets_the_default_user_in(server: Server) -> None:
    assert server.run("hostname").strip() == NAME
    assert server.run("sudo --non-interactive id --user").strip() == "0"


def test_the_console_log_tells_the_host_keys(server: Server) -> None:
    on_disk = server.run("cut -d' ' -f1,2 /etc/ssh/ssh_host_*_key.pub").splitlines()
    console = server.cloud.compute.get_server_console_output(server.server)["output"]
    assert on_disk
    assert [key for key in on_disk if key not in console] == []


def test_a_security_group_refuses_what_it_does_not_admit(server: Server) -> None:
    server.run(f"sudo systemd-run --unit=listener python3 -m http.server {PORT}")
    eventually(lambda: f":{PORT}" in server.run("ss --listening --tcp --numeric"), 30, "the listener listens")
    assert not connects(server.address, PORT)

    group = server.cloud.network.find_security_group(NAME)
    server.cloud.network.create_security_group_rule(
        security_group_id=group.id, direction="ingress", ethertype="IPv4", protocol="tcp",
        port_range_min=PORT, port_range_max=PORT,
    )  # fmt: skip
    eventually(lambda: connects(server.address, PORT), 30, "the new rule is in force")


def test_a_server_reaches_package_mirrors_and_runs_sandboxed_services(server: Server) -> None:
    server.run("sudo apt-get -qq update && sudo DEBIAN_FRONTEND=noninteractive apt-get -qq -y install nginx-light nftables")
    assert server.run("systemctl is-active nginx").strip() == "active"
    server.run("sudo systemctl start nftables && sudo nft add table inet lab && sudo nft delete table inet lab")
    sandbox = "-p ProtectSystem=strict -p PrivateTmp=yes -p PrivateDevices=yes -p NoNewPrivileges=yes -p DynamicUser=yes"
    assert server.run(f"sudo systemd-run --quiet --wait --pipe {sandbox} echo sandboxed").strip() == "sandboxed"
