"""What an OpenStack operator does before the first customer comes: seed.py services|tenant (cloud lab-admin).

services: service users and the catalogue. tenant: external network, image, flavors, the project "customer" with its
user and quotas.
"""

import os
import sys

import openstack

PASSWORD = os.environ["LAB_PASSWORD"]
PORTS = {name: int(os.environ[f"LAB_PORT_{name.upper()}"]) for name in ("glance", "placement", "nova", "neutron")}
CATALOGUE = {  # service: (type, path)
    "glance": ("image", ""),
    "placement": ("placement", ""),
    "nova": ("compute", "/v2.1"),
    "neutron": ("network", ""),
}
FLAVORS = {"lab.small": (512, 1), "lab.medium": (1024, 2)}  # name: (MiB, vCPUs)
QUOTAS = {  # room for some customers of 20 servers in the one project
    "compute": {
        "instances": 60,
        "cores": 120,
        "ram": 60000,
        "key_pairs": 20,
        "server_groups": 20,
        "server_group_members": 60,
    },
    "network": {"floatingip": 60, "port": 200, "security_group": 60, "security_group_rule": 1000, "router": 20},
}


def services(cloud: openstack.connection.Connection) -> None:
    identity = cloud.identity
    project = identity.create_project(name="service", domain_id="default")
    roles = [identity.find_role("admin"), identity.find_role("service") or identity.create_role(name="service")]
    for name, (kind, path) in CATALOGUE.items():
        user = identity.create_user(name=name, password=PASSWORD, domain_id="default")
        for role in roles:
            identity.assign_project_role_to_user(project, user, role)
        service = identity.create_service(name=name, type=kind)
        for interface in ("public", "internal", "admin"):
            identity.create_endpoint(
                service_id=service.id,
                interface=interface,
                region_id="RegionOne",
                url=f"http://127.0.0.1:{PORTS[name]}{path}",
            )


def tenant(cloud: openstack.connection.Connection) -> None:
    public = cloud.network.create_network(
        name="public",
        is_router_external=True,
        provider_network_type="flat",
        provider_physical_network="public",
    )
    cloud.network.create_subnet(
        network_id=public.id,
        name="public-ipv4",
        ip_version=4,
        cidr="172.24.4.0/24",
        is_dhcp_enabled=False,
        allocation_pools=[{"start": "172.24.4.10", "end": "172.24.4.250"}],
    )
    for name, (ram, vcpus) in FLAVORS.items():
        cloud.compute.create_flavor(name=name, ram=ram, vcpus=vcpus, disk=5)
    cloud.create_image(
        "debian-13", data=b"\0" * 1024, disk_format="raw", container_format="bare", visibility="public", wait=True
    )
    project = cloud.identity.create_project(name="customer", domain_id="default")
    user = cloud.identity.create_user(name="customer", password=PASSWORD, domain_id="default")
    cloud.identity.assign_project_role_to_user(project, user, cloud.identity.find_role("member"))
    cloud.set_compute_quotas(project.id, **QUOTAS["compute"])
    cloud.set_network_quotas(project.id, **QUOTAS["network"])


{"services": services, "tenant": tenant}[sys.argv[1]](openstack.connect(cloud="lab-admin"))
