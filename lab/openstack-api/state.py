"""What the services keep on disk.

state.py configure STATE VENV       write every service's configuration and clouds.yaml
state.py save STATE TEMPLATE        keep a consistent copy of a seeded cloud's databases and keys
state.py restore TEMPLATE STATE     start from such a copy, moved to this place and these ports
Ports and password come from LAB_PORT_<SERVICE> and LAB_PASSWORD.
"""

import json
import os
import shutil
import sqlite3
import sys
from pathlib import Path

SERVICES = ("keystone", "placement", "glance", "neutron", "nova")
DATABASES = ("keystone", "glance", "placement", "nova", "nova_api", "nova_cell0", "neutron")
PASSWORD = os.environ["LAB_PASSWORD"]
PORT = {name: int(os.environ[f"LAB_PORT_{name.upper()}"]) for name in SERVICES}
KEYSTONE = f"http://127.0.0.1:{PORT['keystone']}/v3"


def database(state: Path, name: str) -> dict:
    # The state need not survive a crash of the machine.
    return {"connection": f"sqlite:///{state}/db/{name}.sqlite?timeout=60", "sqlite_synchronous": "false"}


def login(user: str) -> dict:
    return {
        "auth_url": KEYSTONE,
        "auth_type": "password",
        "username": user,
        "password": PASSWORD,
        "project_name": "service",
        "user_domain_id": "default",
        "project_domain_id": "default",
    }


def client(user: str) -> dict:
    return login(user) | {"region_name": "RegionOne", "valid_interfaces": "internal"}


def common(state: Path, user: str) -> dict:
    """The sections every service but Keystone has."""
    return {
        "keystone_authtoken": login(user)
        | {
            "www_authenticate_uri": KEYSTONE,
            "interface": "internal",
            "service_token_roles": "service",
            "service_token_roles_required": "true",
        },
        "oslo_concurrency": {"lock_path": state / "lock"},
        "oslo_policy": {"policy_file": "none.yaml"},
    }


def configurations(state: Path, venv: Path) -> dict[str, dict]:
    """Return {file: {section: {option: value}}} of all services."""
    return {
        "keystone/keystone.conf": {
            "DEFAULT": {"log_file": state / "log/keystone.log"},
            "database": database(state, "keystone"),
            "token": {"expiration": 604800, "provider": "fernet"},
            "fernet_tokens": {"key_repository": state / "keystone/fernet"},
            "fernet_receipts": {"key_repository": state / "keystone/fernet"},
            "credential": {"key_repository": state / "keystone/credential"},
            "identity": {"password_hash_algorithm": "bcrypt", "password_hash_rounds": 4},
        },
        "glance/glance-api.conf": {
            "DEFAULT": {
                "enabled_import_methods": "[]",
                "enabled_backends": "files:file",
                "log_file": state / "log/glance.log",
            },
            "database": database(state, "glance"),
            "glance_store": {"default_backend": "files"},
            "files": {"filesystem_store_datadir": state / "images"},
            "os_glance_staging_store": {"filesystem_store_datadir": state / "glance/staging"},
            "os_glance_tasks_store": {"filesystem_store_datadir": state / "glance/tasks"},
            "paste_deploy": {"flavor": "keystone", "config_file": venv / "etc/glance/glance-api-paste.ini"},
        }
        | common(state, "glance"),
        "placement/placement.conf": {"placement_database": database(state, "placement")} | common(state, "placement"),
        "neutron/neutron.conf": {
            "DEFAULT": {
                "core_plugin": "ml2",
                "service_plugins": "lab_l3",
                "transport_url": "fake://",
                "auth_strategy": "keystone",
                "api_paste_config": venv / "etc/neutron/api-paste.ini",
                "log_file": state / "log/neutron.log",
                "state_path": state / "neutron",
                "dhcp_agent_notification": "false",
                # Nova learns of a floating IP from Neutron only: without this, waiting for one never ends.
                "notify_nova_on_port_status_changes": "true",
                "notify_nova_on_port_data_changes": "true",
            },
            "database": database(state, "neutron"),
            "ml2": {
                "type_drivers": "flat,local,vxlan",
                "tenant_network_types": "vxlan",
                "mechanism_drivers": "lab",
                "extension_drivers": "port_security",
            },
            "ml2_type_flat": {"flat_networks": "*"},
            "ml2_type_vxlan": {"vni_ranges": "1000:2000"},
            "placement": client("placement"),
            "nova": client("nova"),
        }
        | common(state, "neutron"),
        "nova/nova.conf": {
            "DEFAULT": {
                "host": "api",
                "transport_url": "fake://",
                "compute_driver": "lab.LabDriver",
                "my_ip": "127.0.0.1",
                "state_path": state / "nova",
                "log_file": state / "log/nova.log",
                "service_down_time": 99999999,  # a restored template looks old at first
                "instances_path": state / "nova/instances",
            },
            "api": {"auth_strategy": "keystone"},
            "api_database": database(state, "nova_api"),
            "database": database(state, "nova"),
            "cache": {"enabled": "false"},
            "conductor": {"workers": 1},
            "scheduler": {"workers": 1},
            "glance": {"api_servers": f"http://127.0.0.1:{PORT['glance']}"},
            "placement": client("placement"),
            "neutron": client("neutron"),
            "service_user": login("nova") | {"send_service_user_token": "true"},
            "workarounds": {"disable_rootwrap": "true"},
        }
        | common(state, "nova"),
    }


def clouds() -> dict:
    """Return clouds.yaml: lab is the customer's project, lab-admin the operator."""
    domain = {"user_domain_id": "default", "project_domain_id": "default"}
    logins = {"lab": ("customer", "customer"), "lab-admin": ("admin", "admin")}
    return {
        "clouds": {
            name: {
                "region_name": "RegionOne",
                "auth": {"auth_url": KEYSTONE, "username": user, "password": PASSWORD, "project_name": project}
                | domain,
            }
            for name, (user, project) in logins.items()
        }
    }


def configure(state: Path, venv: Path) -> None:
    for folder in (*SERVICES, "log", "pid", "images", "db", "lock"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    for name, sections in configurations(state, venv).items():
        lines = [
            line
            for section, options in sections.items()
            for line in (f"[{section}]", *(f"{option} = {value}" for option, value in options.items()))
        ]
        (state / name).write_text("\n".join(lines) + "\n")
    shutil.copy(venv / "etc/nova/api-paste.ini", state / "nova")
    (state / "clouds.yaml").write_text(json.dumps(clouds(), indent=2) + "\n")  # JSON is YAML


def save(state: Path, template: Path) -> None:
    fresh = template.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / "db").mkdir(parents=True)
    for name in DATABASES:
        source, copy = (sqlite3.connect(folder / f"db/{name}.sqlite") for folder in (state, fresh))
        source.backup(copy)
        source.close()
        copy.close()
    for folder in ("keystone/fernet", "keystone/credential", "images"):
        shutil.copytree(state / folder, fresh / folder)
    (fresh / "origin.json").write_text(json.dumps({"state": str(state), "ports": PORT}))
    fresh.rename(template)


def restore(template: Path, state: Path) -> None:
    shutil.copytree(template, state)
    origin = json.loads((state / "origin.json").read_text())

    def replace(name: str, column: str, old: str, new: str) -> None:
        table, column = column.split(".")
        with sqlite3.connect(state / f"db/{name}.sqlite") as connection:
            # Names come from the calls below; a statement cannot take a table's name as a parameter.
            connection.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (old, new))  # noqa: S608 - names from the schema itself
        connection.close()

    replace("nova_api", "cell_mappings.database_connection", origin["state"], str(state))
    replace("glance", "image_locations.value", origin["state"], str(state))
    for name in DATABASES:  # Nova's threads read while another one writes
        with sqlite3.connect(state / f"db/{name}.sqlite") as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
    for service, port in origin["ports"].items():
        replace("keystone", "endpoint.url", f"127.0.0.1:{port}", f"127.0.0.1:{PORT[service]}")


if __name__ == "__main__":
    verb, first, second = sys.argv[1:]
    {"configure": configure, "save": save, "restore": restore}[verb](Path(first), Path(second))
