#!/usr/bin/env python3
"""Give a freshly bootstrapped cloud what an operator would: services, a customer, a network, flavors and images.

Runs once, against an empty database; the result is kept as a template. Leaves /etc/lab/clouds.yaml: how to log in.
"""

import json
import os
import pathlib
import subprocess
import tempfile

import openstack

CLOUD = "172.31.255.2"
KEYSTONE = f"http://{CLOUD}:5000/v3"
LAB = pathlib.Path("/etc/lab")

SERVICES = {
    "glance": ("image", f"http://{CLOUD}:9292"),
    "placement": ("placement", f"http://{CLOUD}:8778"),
    "nova": ("compute", f"http://{CLOUD}:8774/v2.1"),
    "neutron": ("network", f"http://{CLOUD}:9696"),
    "designate": ("dns", f"http://{CLOUD}:9001"),
}
FLAVORS = {"lab.small": {"vcpus": 1, "ram": 1024}, "lab.medium": {"vcpus": 2, "ram": 2048}}
DISK_GIB = 6
COMPUTE_QUOTA = {"instances": 20, "cores": 40, "ram": 65536, "server_groups": 20, "server_group_members": 20}
NETWORK_QUOTA = {
    "networks": 20,
    "subnets": 40,
    "ports": 200,
    "routers": 10,
    "floating_ips": 40,
    "security_groups": 100,
    "security_group_rules": 1000,
}


def write_private(path: pathlib.Path, text: str) -> None:
    """Write a file only its owner can read."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def clouds(secrets: dict) -> dict:
    """Return the content of clouds.yaml: the customer's and the operator's login."""

    def login(name: str, password: str) -> dict:
        return {
            "region_name": "RegionOne",
            "auth": {
                "auth_url": KEYSTONE,
                "username": name,
                "password": password,
                "project_name": name,
                "user_domain_name": "Default",
                "project_domain_name": "Default",
            },
        }

    return {
        "clouds": {
            "lab": login("customer", secrets["customer"]),
            "lab-admin": login("admin", secrets["admin"]),
        }
    }


def create_services(cloud: openstack.connection.Connection, password: str) -> None:
    """Register the services in the catalogue, each with its user."""
    identity = cloud.identity
    roles = {role.name: role for role in identity.roles()}
    roles.setdefault("service", identity.create_role(name="service"))
    project = identity.create_project(name="service", domain_id="default")
    for name, (kind, url) in SERVICES.items():
        user = identity.create_user(name=name, password=password, domain_id="default")
        for role in ("admin", "service"):
            identity.assign_project_role_to_user(project, user, roles[role])
        service = identity.create_service(name=name, type=kind)
        for interface in ("public", "internal", "admin"):
            identity.create_endpoint(service_id=service.id, interface=interface, url=url, region_id="RegionOne")


def create_customer(cloud: openstack.connection.Connection, password: str) -> None:
    """Create the project a customer works in, with a plain member in it and room for a large deployment."""
    identity = cloud.identity
    project = identity.create_project(name="customer", domain_id="default")
    user = identity.create_user(name="customer", password=password, domain_id="default", default_project_id=project.id)
    identity.assign_project_role_to_user(project, user, identity.find_role("member"))
    cloud.set_compute_quotas(project.id, **COMPUTE_QUOTA)
    cloud.network.update_quota(project.id, **NETWORK_QUOTA)


def create_network(cloud: openstack.connection.Connection) -> None:
    """Create the external network the floating IPs come from."""
    network = cloud.network.create_network(
        name="public", is_router_external=True, provider_network_type="flat", provider_physical_network="public"
    )
    cloud.network.create_subnet(
        name="public",
        network_id=network.id,
        ip_version=4,
        cidr="172.24.4.0/24",
        gateway_ip="172.24.4.1",
        is_dhcp_enabled=False,
        allocation_pools=[{"start": "172.24.4.10", "end": "172.24.4.250"}],
    )


def create_images(cloud: openstack.connection.Connection) -> None:
    """Upload every image in /srv/images, as large as what is in use of it."""
    for raw in sorted(pathlib.Path("/srv/images").glob("*.raw")):
        distribution, version = raw.stem.split("-")
        with tempfile.TemporaryDirectory() as directory:
            upload = pathlib.Path(directory, raw.stem)
            subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, upload], check=True)
            cloud.create_image(
                raw.stem,
                filename=str(upload),
                disk_format="qcow2",
                container_format="bare",
                visibility="public",
                min_disk=DISK_GIB,
                meta={"os_distro": distribution, "os_version": version},
                wait=True,
            )


def main() -> None:
    secrets = json.loads((LAB / "secrets.json").read_text())
    write_private(LAB / "clouds.yaml", json.dumps(clouds(secrets), indent=2) + "\n")
    cloud = openstack.connect(cloud="lab-admin")
    create_services(cloud, secrets["service"])
    # The catalogue the session read at login is still the empty one.
    cloud = openstack.connect(cloud="lab-admin")
    create_customer(cloud, secrets["customer"])
    create_network(cloud)
    for name, size in FLAVORS.items():
        cloud.compute.create_flavor(name=name, disk=DISK_GIB, is_public=True, **size)
    create_images(cloud)


if __name__ == "__main__":
    main()
