"""A real OpenStack API of its own for these tests, and customers on it."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import openstack
import pytest
from rendering import accelerated

ROOT = Path(__file__).parents[2]
LAB = ROOT / "lab/openstack-api"
PORTS = (5000, 8778, 9292, 9696, 8774)


def free_offset() -> int:
    """Return a distance from the default ports at which nothing listens yet."""

    def is_free(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    return next(offset for offset in range(20000, 50000, 1000) if all(is_free(port + offset) for port in PORTS))


@pytest.fixture(scope="session")
def clouds_yaml(tmp_path_factory) -> Iterator[Path]:
    settings = {"LAB_STATE": str(tmp_path_factory.mktemp("lab")), "LAB_OPENSTACK_OFFSET": str(free_offset())}
    environment = os.environ | settings
    try:
        subprocess.run([LAB / "up"], env=environment, check=True)
        yield Path(settings["LAB_STATE"]) / "openstack-api/clouds.yaml"
    finally:
        subprocess.run([LAB / "down"], env=environment, check=True)


@pytest.fixture(scope="session")
def cloud(clouds_yaml) -> openstack.connection.Connection:
    config = openstack.config.OpenStackConfig(config_files=[str(clouds_yaml)])
    return openstack.connection.Connection(config=config.get_one("lab"))


class Customer:
    """A customer folder made from the example, and the playbooks on it."""

    def __init__(self, name: str, folder: Path, clouds_yaml: Path):
        self.name, self.folder, self.clouds_yaml = name, folder, clouds_yaml
        shutil.copytree(ROOT / "inventories/example-small", folder, ignore=shutil.ignore_patterns("state"))
        for file in (path for path in folder.rglob("*.yml") if path.name != "vault.yml"):
            file.write_text(file.read_text().replace("example-small", name))
        key = folder.parent / f"{name}-key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        self.choose(f"cloud_ssh_private_key_file: {key}")
        self.choose("cloud_network_cidr_ipv6: 2001:db8:71::/64")

    def choose(self, line: str) -> None:
        """Add a setting, in place of the former one of that name."""
        file = self.folder / "group_vars/jitsi/main.yml"
        setting = line.split(":")[0]
        kept = [former for former in file.read_text().splitlines() if not former.startswith(f"{setting}:")]
        file.write_text("\n".join([*kept, line, ""]))

    def start(self, playbook: str, *arguments: str, **environment: str) -> subprocess.Popen:
        """Start a playbook as `make` does, or with another environment."""
        command = ["ansible-playbook", "-i", self.folder, f"playbooks/{playbook}.yml"]
        command += ["-e", "openstack_server_wait_for_ssh=false", *arguments]  # the hypervisor is a fake
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | accelerated() | {"OS_CLIENT_CONFIG_FILE": str(self.clouds_yaml)} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def play(self, playbook: str, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run a playbook to its end; return its exit code and its output with line breaks folded away."""
        process = self.start(playbook, *arguments, **environment)
        output, _ = process.communicate(timeout=600)
        return process.returncode, re.sub(r"\s+", " ", output)


@pytest.fixture(scope="session")
def new_customer(tmp_path_factory, clouds_yaml):
    """Return a function that makes the folder of a customer of that name."""
    return lambda name: Customer(name, tmp_path_factory.mktemp("customers") / name, clouds_yaml)
