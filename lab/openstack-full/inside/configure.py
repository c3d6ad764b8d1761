#!/usr/bin/env python3
"""Write the configuration of every service on a node: configure.py NODE_ADDRESS RESOLVER

The files follow from the two addresses and the cloud's secrets (/etc/lab/secrets.json), and are the same on every node
but for the address: a compute node simply does not start the services it has no use for.
"""

import configparser
import json
import os
import pathlib
import socket
import sys

CLOUD = "172.31.255.2"
CONTROL = "10.99.0.1"
KEYSTONE = f"http://{CLOUD}:5000/v3"


def credentials(user: str, password: str) -> dict:
    """Options with which a service logs in to Keystone."""
    return {
        "auth_url": KEYSTONE,
        "auth_type": "password",
        "username": user,
        "password": password,
        "project_name": "service",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
        "region_name": "RegionOne",
    }


def common(user: str, password: str) -> dict:
    """Sections every service shares: who validates tokens, where locks lie, that all of it runs as root already."""
    return {
        "keystone_authtoken": credentials(user, password)
        | {"www_authenticate_uri": KEYSTONE, "service_token_roles_required": "false"},
        "oslo_concurrency": {"lock_path": f"/run/lock/{user}"},
        "oslo_messaging_notifications": {"driver": "noop"},
        "oslo_messaging_rabbit": {"heartbeat_in_pthread": "false"},
        "privsep": {"helper_command": "env privsep-helper"},
    }


def configuration(address: str, resolver: str, secrets: dict) -> dict:
    """All files: path -> section -> option -> value."""
    service = secrets["service"]
    queue = f"rabbit://openstack:{secrets['queue']}@{CONTROL}:5672/"

    def database(name: str) -> dict:
        # Compute nodes speak to the queue only: one that knew a database would wait for it in vain.
        if address != CONTROL:
            return {}
        return {"connection": f"mysql+pymysql://openstack:{secrets['database']}@127.0.0.1/{name}?charset=utf8"}

    return {
        "keystone/keystone.conf": {
            "DEFAULT": {"log_file": "/var/log/keystone/keystone.log"},
            "database": database("keystone"),
            "token": {"provider": "fernet", "expiration": 86400},
            # The lab's passwords are long and random; a slow hash would only slow every login.
            "identity": {"password_hash_rounds": 4},
        },
        "glance/glance-api.conf": common("glance", service)
        | {
            "DEFAULT": {
                "bind_host": CLOUD,
                "workers": 0,
                "log_file": "/var/log/glance/glance.log",
                "enabled_import_methods": "[]",
            },
            "database": database("glance"),
            "glance_store": {
                "stores": "file",
                "default_store": "file",
                "filesystem_store_datadir": "/var/lib/glance/images",
            },
            "paste_deploy": {"flavor": "keystone"},
        },
        "placement/placement.conf": common("placement", service)
        | {
            "DEFAULT": {"log_file": "/var/log/placement/placement.log"},
            "placement_database": database("placement"),
        },
        "nova/nova.conf": common("nova", service)
        | {
            "DEFAULT": {
                "log_file": "/var/log/nova/nova.log",
                "transport_url": queue,
                "my_ip": address,
                "enabled_apis": "osapi_compute,metadata",
                "osapi_compute_workers": 1,
                "metadata_workers": 1,
                "use_cow_images": "false",
                # A busy machine delays heartbeats; a node of this lab is never down on its own.
                "service_down_time": 99999999,
                "vif_plugging_timeout": 60,
                "vif_plugging_is_fatal": "false",
                "compute_driver": "libvirt.LibvirtDriver",
                "instances_path": "/var/lib/nova/instances",
                "state_path": "/var/lib/nova",
                "cpu_allocation_ratio": 16,
                "ram_allocation_ratio": 3,
                "disk_allocation_ratio": 16,
            },
            "api_database": database("nova_api"),
            "database": database("nova"),
            "conductor": {"workers": 1},
            "scheduler": {"workers": 1},
            "glance": {"api_servers": f"http://{CLOUD}:9292"},
            "image_cache": {"manager_interval": -1},
            "libvirt": {"virt_type": "lxc", "images_type": "raw", "connection_uri": "lxc:///system"},
            "vnc": {"enabled": "false"},
            "workarounds": {"disable_rootwrap": "true"},
            "nova_sys_admin": {"helper_command": "env privsep-helper"},
            "vif_plug_linux_bridge_privileged": {"helper_command": "env privsep-helper"},
            "placement": credentials("placement", service),
            "neutron": credentials("neutron", service)
            | {"service_metadata_proxy": "true", "metadata_proxy_shared_secret": secrets["metadata"]},
        },
        "neutron/neutron.conf": common("neutron", service)
        | {
            "DEFAULT": {
                "bind_host": CLOUD,
                "log_dir": "/var/log/neutron",
                "core_plugin": "ml2",
                "service_plugins": "router",
                "transport_url": queue,
                "auth_strategy": "keystone",
                "api_workers": 1,
                "rpc_workers": 1,
                "rpc_state_report_workers": 0,
                "notify_nova_on_port_status_changes": "true",
                "notify_nova_on_port_data_changes": "true",
                "agent_down_time": 99999999,
            },
            "agent": {"root_helper": "env", "root_helper_daemon": "", "report_interval": 30},
            "database": database("neutron"),
            "experimental": {"linuxbridge": "true"},
            "nova": credentials("nova", service),
            "placement": credentials("placement", service),
        },
        "neutron/plugins/ml2/ml2_conf.ini": {
            "ml2": {
                "type_drivers": "flat,vxlan",
                "tenant_network_types": "vxlan",
                "mechanism_drivers": "linuxbridge",
                "extension_drivers": "port_security",
            },
            "ml2_type_flat": {"flat_networks": "public"},
            "ml2_type_vxlan": {"vni_ranges": "1:1000"},
            "securitygroup": {"enable_ipset": "true"},
        },
        "neutron/plugins/ml2/linuxbridge_agent.ini": {
            # Only the control node reaches the external network: routers, and with them floating IPs, live there.
            "linux_bridge": {"physical_interface_mappings": "public:pub0"} if address == CONTROL else {},
            "vxlan": {"enable_vxlan": "true", "local_ip": address, "l2_population": "false"},
            "securitygroup": {"enable_security_group": "true", "firewall_driver": "iptables"},
        },
        "neutron/dhcp_agent.ini": {
            "DEFAULT": {
                "interface_driver": "linuxbridge",
                "enable_isolated_metadata": "true",
                "resync_interval": 30,
                # What a subnet without name servers of its own hands out resolves through the lab's host.
                "dnsmasq_dns_servers": resolver,
            },
        },
        "neutron/l3_agent.ini": {"DEFAULT": {"interface_driver": "linuxbridge"}},
        "neutron/metadata_agent.ini": {
            "DEFAULT": {
                "nova_metadata_host": CLOUD,
                "metadata_proxy_shared_secret": secrets["metadata"],
                "metadata_workers": 0,
            },
        },
        "designate/designate.conf": common("designate", service)
        | {
            "DEFAULT": {"log_dir": "/var/log/designate", "transport_url": queue, "root_helper": "env"},
            "storage:sqlalchemy": database("designate"),
            "service:api": {"auth_strategy": "keystone", "api_base_uri": f"http://{CLOUD}:9001/"},
            "service:central": {"workers": 1, "threads": 20},
            "service:mdns": {"workers": 1, "listen": f"{CLOUD}:5354"},
            "service:producer": {"workers": 1},
            # The one name server is on this node: asked at once whether it has a change, and often.
            "service:worker": {"workers": 1, "poll_delay": 1, "poll_retry_interval": 1, "poll_max_retries": 60},
        },
    }


# What Designate hands its zones to: BIND, which takes them from designate-mdns by zone transfer.
POOLS = f"""\
- name: default
  description: the lab's name server
  ns_records: [{{hostname: ns1.lab.test., priority: 1}}]
  nameservers: [{{host: {CLOUD}, port: 53}}]
  targets:
    - type: bind9
      masters: [{{host: {CLOUD}, port: 5354}}]
      options: {{host: {CLOUD}, port: 53, rndc_host: 127.0.0.1, rndc_port: 953, rndc_key_file: /etc/bind/rndc.key}}
"""
NAMED = f"""\
options {{
    directory "/var/cache/bind";
    listen-on {{ {CLOUD}; }};
    listen-on-v6 {{ none; }};
    recursion no;
    allow-new-zones yes;
    allow-transfer {{ any; }};
}};
"""


def main() -> None:
    address, resolver = sys.argv[1:]
    secrets = json.loads(pathlib.Path("/etc/lab/secrets.json").read_text())
    for name, sections in configuration(address, resolver, secrets).items():
        parser = configparser.ConfigParser(interpolation=None, default_section="", delimiters=("=",))
        if name in ("nova/nova.conf", "neutron/neutron.conf"):
            sections["DEFAULT"]["host"] = socket.gethostname()
        parser.read_dict(sections)
        with open(os.open(f"/etc/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            parser.write(file)
    pathlib.Path("/etc/rabbitmq/rabbitmq.conf").write_text(
        f"listeners.tcp.default = {CONTROL}:5672\n"
        "default_user = openstack\n"
        f"default_pass = {secrets['queue']}\n"
        "loopback_users = none\n"
    )
    pathlib.Path("/etc/designate/pools.yaml").write_text(POOLS)
    pathlib.Path("/etc/bind/named.conf").write_text(NAMED)


if __name__ == "__main__":
    main()
