"""What the wiring (group_vars) hands to the roles of each host, evaluated by Ansible from one customer's settings."""

import json
from pathlib import Path

import pytest
import yaml
from rendering import ROLES, play, render
from settings import SETTINGS

ROOT = Path(__file__).parents[2]

EXAMPLE = "example-full"  # every kind of machine, each with a host of its own
# Learnt from the cloud once there are servers.
UNKNOWN = {"openstack_server_id", "openstack_server_address"}
# What another kind of accounts needs, and whole hosts.
UNASKED = {"login_backends", "verify_providers", "turn_peer_hosts", "openstack_server_planned"}

# Roles whose files are looked at here alone.
MORE_ROLES = {
    "jitsi": ("base", "log_retention", "updates"),
    "gateways": ("jigasi", "sip_server", "dial_in_ivr"),
    "streamers": ("streaming",),
}
# Settings that name files of the operator's, which rendering would read.
FILES = {"jitsi_logo_file", "jitsi_pictures", "jitsi_consent_texts"}


def names_of(group):
    """The variables that files of the wiring give to hosts of this group."""
    files = sorted((ROOT / "group_vars" / group).glob("*.yml"))
    return [name for file in files for name in yaml.safe_load(file.read_text()) if name not in UNKNOWN | UNASKED]


def dump_of(group, names):
    """The play in which hosts of the group write down these variables."""
    content = f"{{{{ {{{', '.join(f'{name!r}: {name}' for name in names)}}} | to_json }}}}"
    path = f"{{{{ dump_dir }}}}/{{{{ inventory_hostname }}}},{group}.json"
    task = {"ansible.builtin.copy": {"content": content, "dest": path, "mode": "0600"}, "diff": False}
    return {"name": f"Write down what {group} are given", "hosts": group, "connection": "local", "gather_facts": False,
            "tasks": [{"name": "Write down the variables"} | task]}  # fmt: skip


@pytest.fixture(scope="session")
def given(tmp_path_factory):
    """given[host][name]: what a variable of the wiring is on a host of the example, by the settings in settings.py."""
    directory = tmp_path_factory.mktemp("wiring")
    key = directory / "operator"
    key.with_suffix(".pub").write_text("ssh-ed25519 AAAA operator\n")
    extra = SETTINGS | {"dump_dir": str(directory), "cloud_ssh_private_key_file": str(key)}
    (directory / "extra.json").write_text(json.dumps(extra))
    groups = [path.name for path in sorted((ROOT / "group_vars").iterdir()) if path.is_dir()]
    playbook = directory / "dump.yml"
    playbook.write_text(json.dumps([dump_of(group, names_of(group)) for group in groups]))
    play(playbook, directory, EXAMPLE, "-e", f"@{directory}/extra.json")
    hosts = {}
    for file in directory.glob(f"{EXAMPLE}-*.json"):
        hosts.setdefault(file.stem.split(",")[0].removeprefix(f"{EXAMPLE}-"), {}).update(json.loads(file.read_text()))
    return hosts


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """files["meet/config.js"]: what roles write on a host of the example by the settings in settings.py."""
    directory = tmp_path_factory.mktemp("files")
    settings = directory / "settings"
    settings.write_text(json.dumps({name: value for name, value in SETTINGS.items() if name not in FILES}))
    rendered = render(EXAMPLE, directory, "-e", f"@{settings}", of_groups=ROLES | MORE_ROLES)
    return {name.removeprefix(f"{EXAMPLE}-"): text for name, text in rendered.files().items()}
