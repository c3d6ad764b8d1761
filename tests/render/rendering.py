"""Renders what the hosts of an inventory would get, from the real roles (but for their tasks) and the real wiring."""

import itertools
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
EXAMPLES = sorted(path.name for path in (ROOT / "inventories").glob("example-*"))
# Which roles the hosts of each group get, as far as they render templates.
ROLES = {
    "meet": ("login", "prosody", "jicofo", "conference_mapper", "consent_gate", "web"),
    "videobridges": ("videobridge",),
    "turn": ("turn",),
    "recorders": ("jibri", "recording_delivery"),
    "gateways": ("jigasi",),
}


@dataclass
class Rendered:
    """The files of one example's hosts, and what the tests need to know about it."""

    example: str
    path: Path

    @property
    def domain(self):
        settings = ROOT / "inventories" / self.example / "group_vars/jitsi/main.yml"
        return re.search(r"^jitsi_domain: (\S+)", settings.read_text(), re.M)[1]

    @property
    def groups(self):
        plan = yaml.safe_load((ROOT / "inventories" / self.example / "plan.yml").read_text())
        return set(plan["jitsi"]["children"])

    def files(self, name="*"):
        return {str(file.relative_to(self.path)): file.read_text() for file in sorted(self.path.glob(f"*/{name}"))}

    def only(self, name):
        [text] = self.files(name).values()
        return text


def link_role(role, directory, tasks, entry="main"):
    """The real role in directory/roles but for its tasks: the file tasks stands for those of its entry point."""
    there = directory / "roles" / role
    (there / "tasks").mkdir(parents=True)
    shutil.copy(tasks, there / f"tasks/{entry}.yml")
    for part in ("defaults", "meta", "vars", "templates", "files"):
        if (ROOT / "roles" / role / part).is_dir():
            (there / part).symlink_to(ROOT / "roles" / role / part)


def accelerated():
    """How `make` runs playbooks: through mitogen, where that is installed."""
    run = subprocess.run([ROOT / "scripts/accelerate"], capture_output=True, text=True, check=True)
    return dict(word.split("=") for word in run.stdout.split())


def play(playbook, directory, example, *options):
    """Runs a playbook from the directory, on the example's plan and made-up addresses, with the roles linked there."""
    (directory / "group_vars").symlink_to(ROOT / "group_vars")
    here = directory / playbook.name
    here.write_text(playbook.read_text())
    command = [
        *(Path(sys.executable).with_name("ansible-playbook"), here),
        *("-i", ROOT / "inventories" / example / "plan.yml", "-i", HERE / "lab/hosts.yml"),
        *("-e", f"ansible_python_interpreter={sys.executable}", *options),
    ]
    settings = accelerated() | {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_LOOKUP_PLUGINS": str(HERE / "lookup_plugins"),
        "ANSIBLE_ROLES_PATH": str(directory / "roles"),
        "ANSIBLE_HOME": str(directory / "home"),
        "ANSIBLE_STDOUT_CALLBACK": "default",
    }
    run = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def within_limits(text):
    """A configuration of nginx with no more files than this machine allows; systemd allows more than any of ours."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return re.sub(
        r"^worker_rlimit_nofile (\d+);",
        lambda found: f"worker_rlimit_nofile {min(int(found[1]), most)};",
        text,
        flags=re.M,
    )


def render(example, directory, *options, roles=None, of_groups=ROLES):
    """Renders one example into directory/out: all its hosts, or those of the roles named, and these roles alone.

    The roles are links to the real ones but for their tasks, which render instead of installing.
    """
    wanted = {group: [role for role in of if role in (roles or of)] for group, of in of_groups.items()}
    for role in {*itertools.chain(*wanted.values())}:
        link_role(role, directory, HERE / "role_tasks.yml")
    playbook = directory / "plays.yml"
    playbook.write_text(json.dumps([render_play(group, of) for group, of in wanted.items() if of]))
    play(playbook, directory, example, "-e", f"render_dir={directory}", *options)
    return unpack(example, directory)


def render_play(group, roles):
    """The play that renders these roles for the hosts of a group, which not every example has."""
    hosts = f"{{{{ groups['{group}'] | default([]) }}}}"
    name = f"Render what {group} would get"
    return {"name": name, "hosts": hosts, "connection": "local", "gather_facts": False, "roles": roles}


def bundled(directory):
    """Host, role, name and text of each file that role_tasks.yml bundled in the directory."""
    for bundle in directory.glob("*,*.json"):
        host, role, *_ = bundle.stem.split(",")
        for name, text in json.loads(bundle.read_text()).items():
            # Ansible takes a file that is nothing but JSON for what it means.
            yield host, role, name, text if isinstance(text, str) else json.dumps(text)


def unpack(example, directory):
    """The files that role_tasks.yml bundled in the directory, one by one."""
    for host, _, name, text in bundled(directory):
        folder = directory / "out" / host
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return Rendered(example, directory / "out")
