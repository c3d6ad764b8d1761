"""Pictures of what `make` shows on a terminal, for the pages that the table in docs/development.md names.

usage: PYTHONPATH=tests/contract .venv/bin/python scripts/terminal_pictures.py FOLDER

Refusals, the plan, accounts and releases are real. The other runs need a cloud and servers, and have stand-ins here:
programs in place of daemons (running, done, failed, pipe, deferred), answers of servers (verify), a cloud (destroy).
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import yaml
from release_repository import Repository
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text
from signing import served
from terminal import WIDTH, Terminal

from action_plugins.daemon import ActionModule

ROOT = Path(__file__).parent.parent

FORMAT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)  # no fonts of third parties
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
PROGRESS = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_STDOUT_CALLBACK": "progress"}
GROUPS = {"meet": ["acme-meet"], "videobridges": [f"acme-jvb-{n}" for n in range(1, 5)], "turn": ["acme-turn-1"]}
SUMMARY = [
    "Conference: https://meet.acme.example",
    "Moderators log in: https://meet.acme.example/login",
    "Certificate ends: Feb 24 08:00:00 2027 GMT",
    "Accounts and passwords: make users ACTION=show; check again: make verify",
]
# What the tasks run: some hosts are ready at once, the others when the picture has been taken.
PROGRAMS = {
    "apt-get": "until [ -e go ] || case $2 in *[13]) ;; *) false;; esac; do sleep 0.1; done",
    "systemctl": '[ -z "$FAULT" ] || { echo "Job for $2.service failed." >&2; exit 1; }',
    "true": "",
}
# What action daemon finds on a meet host with three meetings.
MEETINGS = SimpleNamespace(_low_level_execute_command=lambda _: {"rc": 0, "stdout": "3\n", "stderr": ""})
ENDS = ActionModule._ends(MEETINGS, "prosody.service")
BUSY = {"restart": {"unit": "prosody.service", "needed": True, "reads": [], "ends": ENDS}}
# The module of role openstack_resources, in a cloud that has nothing any more.
EMPTY_CLOUD = """
    from unittest.mock import MagicMock

    import openstack

    class Emptied(Resources):
        def openstack_cloud_from_module(self):
            return openstack, MagicMock()

        def run(self):
            if self.params["state"] == "absent":
                self.exit_json(changed=True)
            super().run()

    Emptied()()
"""
# A plugin of pytest: one videobridge does not run, jicofo knows the other one, and every other check passes.
ANSWERS = """
import itertools
import json
import sys
from types import SimpleNamespace

import pytest

SELECTOR = {"bridge_selector": {"bridge": {"brewery@internal/acme-jvb-1": {"operational": True}}}}


def pytest_collection_modifyitems(items):
    for item in items:
        item.fixturenames.clear()  # no server and no page is asked


def answer(stdout):
    return SimpleNamespace(run=lambda *command: SimpleNamespace(rc=0, stdout=stdout))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    check, stash, conftest = pyfuncitem.obj, pyfuncitem.config.stash, sys.modules["conftest"]
    if pyfuncitem.originalname == "test_daemons_run":
        server = pyfuncitem.callspec.params["server"]
        states = ["failed" if server.name == "acme-jvb-2" else "active" for unit in server.daemons]
        check(lambda server: answer("\\n".join(states)), server, stash[conftest.STOPPED])
    if pyfuncitem.originalname == "test_bridge_count":
        pyfuncitem.module.time = SimpleNamespace(monotonic=itertools.count(0, 60).__next__)  # no waiting
        check(stash[conftest.CUSTOMER], answer("200 " + json.dumps(SELECTOR)))
    return True
"""


def task(name: str, *words: str) -> dict:
    return {"name": name, "ansible.builtin.command": {"argv": [f"./{words[0]}", *words[1:]]}}


def stage(name: str, hosts: str, *roles: str, **more: object) -> dict:
    return {"name": name, "hosts": hosts, "gather_facts": False, "roles": list(roles), **more}


ROLES = {
    "base": [task("Configure time, updates and firewall", "true")],
    "prosody": [
        task("Configure prosody", "true"),
        {"name": "Run prosody", "busy_daemon": {}, "when": "lookup('ansible.builtin.env', 'BUSY') != ''"},
    ],
    "web": [task("Configure nginx", "true")],
    "videobridge": [
        task("Install the bridge", "apt-get", "install", "{{ inventory_hostname }}"),
        task("Start and enable the bridge", "systemctl", "restart", "jitsi-videobridge2"),
    ],
    "summary": [{"name": "Show the summary", "ansible.builtin.debug": {"msg": SUMMARY}}],
}
STAGES = [
    stage("Configure the base system", "jitsi", "base"),
    stage("Run prosody, jicofo and the page", "meet", "prosody", "web"),
    stage("Run the videobridges", "videobridges", "videobridge"),
    stage("Show the summary", "meet", "summary"),
]


def write(folder: Path) -> list:
    """A customer's folder and the playbook; the words that run it."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    groups = {name: {"hosts": {host: {} for host in hosts}} for name, hosts in GROUPS.items()}
    files = {"inventories/acme/plan.yml": {"jitsi": {"children": groups}}, "playbooks/site.yml": STAGES}
    for path, text in (files | {f"roles/{name}/tasks/main.yml": tasks for name, tasks in ROLES.items()}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(text))
    programs = {f"playbooks/{name}": lines for name, lines in PROGRAMS.items()}
    programs |= {"roles/prosody/library/busy_daemon": f"echo '{json.dumps(BUSY)}'"}
    for name, lines in programs.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"#!/bin/sh\n{lines}\n")
        (folder / name).chmod(0o755)
    return [PLAYBOOK, "-i", "inventories/acme", "playbooks/site.yml", "-e", json.dumps(local)]


def draw(path: Path, shown: str, title: str = "make deploy CUSTOMER=acme") -> None:
    """What a terminal shows, colours and all, as a file; the folder of this run is an operator's checkout there."""
    made = rf"{re.escape(tempfile.gettempdir())}/\w+"
    shown = re.sub(f"{made}/home/acme", "inventories/acme", shown.strip("\n"))
    shown = re.sub(f"{made}/(home|deployment|repository)", "/home/ops/jitsi", shown)
    text = Text.from_ansi(re.sub(r"http://127\.0\.0\.1:\d+", "https://jitsi.mirror.example", shown))
    # Long lines go on below, as there; a table is shown whole.
    width = max(map(len, text.plain.splitlines())) if path.stem == "releases" else WIDTH
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(text, overflow="fold")
    console.save_svg(str(path), title=title, code_format=FORMAT, unique_id=path.stem)


class Operator:
    """An operator: a key pair, credentials of a cloud that nobody asks, a customer's folder outside the checkout."""

    def __init__(self, home: Path, repository: Repository):
        self.folder = home / "acme"
        self.environment = os.environ | {"HOME": str(home), "JITSI_VAULT_PASSWORD_FILE": str(home / "password")}
        self.environment |= {"NO_PROXY": "127.0.0.1"}
        self.repository = repository
        for part in (".ssh", ".config/openstack"):
            (home / part).mkdir(parents=True)
        (home / ".config/openstack/clouds.yaml").write_text("clouds: {mycloud: {}}\n")
        key = str(home / ".ssh/id_ed25519")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)

    def scaffold(self, **more: str) -> None:
        """Make the customer's folder anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        given = {"NAME": "acme", "DOMAIN": "meet.acme.example", "PLAN": "office", "CLOUD": "mycloud"} | more
        words = [f"{key}={value}" for key, value in given.items()]
        program = ["scripts/new-customer", *words, f"DIR={self.folder}"]
        subprocess.run(program, cwd=ROOT, env=self.environment, check=True, capture_output=True)
        with (self.folder / "group_vars/jitsi/main.yml").open("a") as file:
            file.write(yaml.safe_dump({"jitsi_repository": self.repository.setting}))

    def make(self, verb: str, *words: str) -> str:
        """What the terminal shows of a verb."""
        terminal = Terminal(["make", verb, f"CUSTOMER={self.folder}", *words], self.environment, ROOT)
        terminal.end()
        return terminal.coloured

    def play(self, playbook: str, *words: str, **environment: str) -> Terminal:
        """A verb's playbook on a terminal, which asks no cloud for addresses."""
        command = [PLAYBOOK, "-i", self.folder / "plan.yml", f"playbooks/{playbook}.yml", *words]
        return Terminal(command, self.environment | PROGRESS | environment, ROOT)


def draw_real(target: Path, operator: Operator) -> None:
    """A refused scaffold; then, with all settings filled in, plan, accounts and releases."""
    operator.scaffold()
    draw(target / "refused.svg", operator.make("validate"), "make validate CUSTOMER=acme")
    page = "https://www.acme.example"
    flavors = {"FLAVOR_MEET": "m1.medium", "FLAVOR_VIDEOBRIDGE": "m1.large", "FLAVOR_TURN": "m1.small"}
    legal = {"IMPRINT": f"{page}/imprint", "PRIVACY": f"{page}/privacy", "EMAIL": "it@acme.example"}
    operator.scaffold(**flavors, **legal, REGION="RegionOne", MODERATORS="anna,bernd")
    draw(target / "plan.svg", operator.make("plan"), "make plan CUSTOMER=acme")
    draw(target / "users.svg", operator.make("users", "ACTION=show"), "make users CUSTOMER=acme ACTION=show")
    title = "make users CUSTOMER=acme ACTION=add NAME=anna"
    draw(target / "users-refused.svg", operator.make("users", "ACTION=add", "NAME=anna"), title)
    draw(target / "releases.svg", operator.make("releases"), "make releases CUSTOMER=acme")


def draw_verification(target: Path, operator: Operator, folder: Path) -> None:
    """The suite's report; a plugin of pytest gives the answers of servers."""
    (folder / "answers.py").write_text(ANSWERS)
    addresses = {"server_private_ipv4": "10.0.0.10", "server_public_ipv4": "192.0.2.10", "surplus_servers": []}
    terminal = operator.play("verify", "-e", json.dumps(addresses), PYTEST_ADDOPTS="-p answers", PYTHONPATH=str(folder))
    terminal.end()
    draw(target / "verify-failed.svg", terminal.coloured, "make verify CUSTOMER=acme")


def draw_destruction(target: Path, operator: Operator, folder: Path) -> None:
    """The question, and the proof of an empty cloud."""
    role = shutil.copytree(ROOT / "roles/openstack_resources", folder / "openstack_resources")
    module = role / "library/openstack_resources.py"
    module.write_text(module.read_text().replace("\n    Resources()()\n", EMPTY_CLOUD))
    terminal = operator.play("destroy", ANSIBLE_ROLES_PATH=f"{folder}:{ROOT / 'roles'}")
    terminal.until(lambda text: "Type the customer's name" in text)
    terminal.type("acme\r")
    terminal.end()
    draw(target / "destroy.svg", terminal.coloured, "make destroy CUSTOMER=acme")


def draw_deployment(target: Path, folder: Path) -> None:
    """A run that is done, fails, defers a restart, and is read through a pipe."""
    words = write(folder)
    environment = os.environ | PROGRESS | {"ANSIBLE_ROLES_PATH": str(folder / "roles")}
    for end, fault in (("done", {}), ("failed", {"FAULT": "yes"})):
        terminal = Terminal(words, environment | fault, folder)
        terminal.until(lambda text: re.search(r"acme-jvb-2, acme-jvb-4 .*0:0[2-9]\n.*\d$", text))
        if not fault:
            draw(target / "running.svg", terminal.coloured)
        (folder / "playbooks/go").touch()
        terminal.end()
        draw(target / f"{end}.svg", terminal.coloured)
        (folder / "playbooks/go").unlink()
    (folder / "playbooks/go").touch()
    terminal = Terminal(words, environment | {"BUSY": "yes"}, folder)
    terminal.end()
    draw(target / "deferred.svg", terminal.coloured)
    piped = subprocess.run(words, cwd=folder, env=environment, text=True, capture_output=True, check=True)
    draw(target / "pipe.svg", piped.stdout)


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        home, repository, deployment = (Path(name, part) for part in ("home", "repository", "deployment"))
        for folder in (home, repository, deployment):
            folder.mkdir()
        draw_deployment(target, deployment)
        with served(repository) as url:
            operator = Operator(home, Repository(repository, url))
            draw_real(target, operator)
            draw_verification(target, operator, home)
            draw_destruction(target, operator, home)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
