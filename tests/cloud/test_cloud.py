"""What the toolkit relies on, asked of the running cloud: ``pytest tests/cloud/test_cloud.py``.

Needs ``lab/openstack-full/up`` to have run. Works as the customer, with a plain member's rights, as the toolkit does.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shlex
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import openstack
import pytest

from toolkit.sandbox.units import BASE

CHECKOUT = pathlib.Path(__file__).parents[2]
STATE = pathlib.Path(os.environ.get("LAB_STATE", CHECKOUT / ".lab")) / "openstack-full"
NAME = "cloud-test"
PORT = 8080
HOST = "172.31.255.1"
SERVICES = ["nginx", "prosody", "coturn"]
SANDBOX = " ".join(shlex.quote(f"--property={name}={value}") for name, value in (BASE | {"DynamicUser": "yes"}).items())


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
        options = ("StrictHostKeyChecking=no", f"UserKnownHostsFile={self.key}.hosts", "BatchMode=yes")
        ssh = ["ssh", "-i", self.key, *(f"-o{option}" for option in options), f"debian@{self.address}"]
        done = subprocess.run([*ssh, command], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout


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
    with contextlib.ExitStack() as undo:
        booted = boot(cloud, request.param, tmp_path_factory.mktemp("ssh") / "key", undo.callback)
        eventually(lambda: connects(booted.address, 22), 180, f"{request.param} answers on port 22")
        booted.run("cloud-init status --wait")
        yield booted
    assert leftovers(cloud) == []


def boot(cloud: openstack.connection.Connection, image: str, key: pathlib.Path, undo: Callable) -> Server:
    """Boot a server in a network of its own; every step registers how it is undone."""
    network = cloud.network
    public = network.find_network("public").id
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    cloud.compute.create_keypair(name=NAME, public_key=key.with_suffix(".pub").read_text())
    undo(cloud.compute.delete_keypair, NAME)
    net = network.create_network(name=NAME)
    undo(network.delete_network, net)
    subnet = network.create_subnet(name=NAME, network_id=net.id, ip_version=4, cidr="10.20.0.0/24")
    router = network.create_router(name=NAME, external_gateway_info={"network_id": public})
    undo(network.delete_router, router)
    network.add_interface_to_router(router, subnet.id)
    undo(network.remove_interface_from_router, router, subnet.id)
    group = network.create_security_group(name=NAME)
    undo(network.delete_security_group, group)
    admit(cloud, group, 22)
    port = network.create_port(name=NAME, network_id=net.id, security_group_ids=[group.id])
    undo(network.delete_port, port)
    floating = network.create_ip(floating_network_id=public, port_id=port.id)
    undo(network.delete_ip, floating)
    server = cloud.compute.create_server(
        name=NAME,
        image_id=cloud.image.find_image(image).id,
        flavor_id=cloud.compute.find_flavor("lab.small").id,
        networks=[{"port": port.id}],
        key_name=NAME,
    )
    undo(cloud.compute.wait_for_delete, server, wait=120, interval=1)
    undo(cloud.compute.delete_server, server)
    return Server(cloud, cloud.compute.wait_for_server(server, wait=180, interval=1), floating.floating_ip_address, key)


def admit(cloud: openstack.connection.Connection, group, port: int) -> None:
    """Add the security group rule that lets the world connect to a TCP port."""
    cloud.network.create_security_group_rule(
        security_group_id=group.id,
        direction="ingress",
        ethertype="IPv4",
        protocol="tcp",
        port_range_min=port,
        port_range_max=port,
    )


def test_the_metadata_service_names_the_server_and_lets_the_default_user_in(server: Server) -> None:
    assert server.run("hostname").strip() == NAME
    assert server.run("sudo --non-interactive id --user").strip() == "0"


def test_a_server_sees_the_memory_of_its_flavor(server: Server) -> None:
    """Daemons size themselves by what they see; without an own limit each server would see the whole machine."""
    seen = int(server.run("sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo")) / 1024
    assert 900 < seen <= 1024  # lab.small


def test_the_console_log_tells_the_host_keys(server: Server) -> None:
    on_disk = server.run("cut -d' ' -f1,2 /etc/ssh/ssh_host_*_key.pub").splitlines()
    console = server.cloud.compute.get_server_console_output(server.server)["output"]
    assert on_disk
    assert [key for key in on_disk if key not in console] == []


def test_a_security_group_refuses_what_it_does_not_admit(server: Server) -> None:
    server.run(f"sudo systemd-run --unit=listener python3 -m http.server {PORT}")
    eventually(lambda: f":{PORT}" in server.run("ss --listening --tcp --numeric"), 30, "the listener listens")
    assert not connects(server.address, PORT)

    admit(server.cloud, server.cloud.network.find_security_group(NAME), PORT)
    eventually(lambda: connects(server.address, PORT), 30, "the new rule is in force")


def test_a_server_reaches_the_address_packages_are_served_at(server: Server) -> None:
    with socket.create_server((HOST, 0)) as listener:
        listener.settimeout(30)
        port = listener.getsockname()[1]
        server.run(f"timeout 20 bash -c '</dev/tcp/{HOST}/{port}'")
        assert listener.accept()


def test_a_server_installs_packages_and_runs_sandboxed_services(server: Server) -> None:
    server.run("sudo apt-get -qq update")
    server.run(f"sudo DEBIAN_FRONTEND=noninteractive apt-get -qq -y install nftables {' '.join(SERVICES)} >/dev/null")
    assert server.run(f"systemctl is-active {' '.join(SERVICES)}").split() == ["active"] * len(SERVICES)
    server.run("sudo systemctl start nftables && sudo nft add table inet lab && sudo nft delete table inet lab")
    sandboxed = server.run(f"sudo systemd-run --quiet --wait --pipe {SANDBOX} sh -c 'id --user; touch /etc/x || true'")
    assert int(sandboxed) >= 61184, "a dynamic user"
    assert "absent" in server.run("test -e /etc/x || echo absent")
