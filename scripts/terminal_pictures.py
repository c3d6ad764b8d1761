"""Pictures of a terminal for docs/how-to/deploy.md: a refused scaffold, and stages that do nothing, shown as by `make`.

usage: terminal_pictures.py FOLDER
"""

import io
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from tests.contract.terminal import WIDTH, Terminal

ROOT = Path(__file__).parent.parent

FORMAT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)  # no fonts of third parties
GROUPS = {"meet": ["acme-meet"], "videobridges": [f"acme-jvb-{n}" for n in range(1, 5)], "turn": ["acme-turn-1"]}
SUMMARY = [
    "Conference: https://meet.acme.example",
    "Moderators log in: https://meet.acme.example/ROOM?login=true",
    "Certificate ends: Feb 24 08:00:00 2027 GMT",
    "Accounts and passwords: make users ACTION=show; check again: make verify",
]
# What the tasks run: some hosts are ready at once, the others when the picture has been taken.
PROGRAMS = {
    "apt-get": "until [ -e go ] || case $2 in *[13]) ;; *) false;; esac; do sleep 0.1; done",
    "systemctl": '[ -z "$FAULT" ] || { echo "Job for $2.service failed." >&2; exit 1; }',
    "true": "",
}


type Data = dict[str, Any]  # as a playbook has it


def task(name: str, *words: str) -> Data:
    return {"name": name, "ansible.builtin.command": {"argv": [f"./{words[0]}", *words[1:]]}}


def stage(name: str, hosts: str, *roles: str, **more: Any) -> Data:
    return {"name": name, "hosts": hosts, "gather_facts": False, "roles": list(roles), **more}


ROLES = {
    "base": [task("Configure time, updates and firewall", "true")],
    "web": [task("Configure nginx", "true")],
    "videobridge": [
        task("Install the bridge", "apt-get", "install", "{{ inventory_hostname }}"),
        task("Start and enable the bridge", "systemctl", "restart", "jitsi-videobridge2"),
    ],
    "summary": [{"name": "Show the summary", "ansible.builtin.debug": {"msg": SUMMARY}}],
}
STAGES = [
    stage("Configure the base system", "jitsi", "base"),
    stage("Run prosody, jicofo and the page", "meet", "web"),
    stage("Run the videobridges", "videobridges", "videobridge"),
    stage("Show the summary", "meet", "summary"),
]


def write(folder: Path) -> list[Any]:
    """A customer's folder and the playbook; the words that run it."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    groups: Data = {name: {"hosts": {host: {} for host in hosts}} for name, hosts in GROUPS.items()}
    files = {"acme/plan.yml": {"jitsi": {"children": groups}}, "site.yml": STAGES}
    for path, text in (files | {f"roles/{name}/tasks/main.yml": tasks for name, tasks in ROLES.items()}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(text))
    for name, lines in PROGRAMS.items():
        (folder / name).write_text(f"#!/bin/sh\n{lines}\n")
        (folder / name).chmod(0o755)
    playbook = Path(sys.executable).with_name("ansible-playbook")
    return [playbook, "-i", "acme/plan.yml", "site.yml", "-e", json.dumps(local)]


def draw(path: Path, shown: str, title: str = "make deploy CUSTOMER=acme") -> None:
    """What a terminal shows, colours and all, as a file; the folder of this run is an operator's checkout there."""
    shown = re.sub(rf"{re.escape(tempfile.gettempdir())}/\w+", "/home/ops/jitsi", shown)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(shown.strip("\n")), overflow="fold")  # long lines go on below, as there
    console.save_svg(str(path), title=title, code_format=FORMAT, unique_id=path.stem)


def refuse(target: Path) -> None:
    """What make validate says of a scaffold whose settings are not all filled in."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = os.environ | {"HOME": name, "JITSI_VAULT_PASSWORD_FILE": f"{name}/password"}
        (folder / ".ssh").mkdir()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{name}/.ssh/id_ed25519"], check=True)
        given = ["NAME=acme", "DOMAIN=meet.acme.example", "PLAN=office", "CLOUD=mycloud", f"DIR={name}/acme"]
        subprocess.run(["scripts/new-customer", *given], cwd=ROOT, env=environment, check=True, capture_output=True)
        (folder / "acme/clouds.yaml").write_text("clouds: {mycloud: {}}\n")
        terminal = Terminal(["make", "validate", f"CUSTOMER={name}/acme"], environment, ROOT)
        terminal.end()
        draw(target / "refused.svg", terminal.coloured, "make validate CUSTOMER=acme")


def main(target: Path) -> None:
    refuse(target)
    environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_STDOUT_CALLBACK": "progress"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = write(folder)
        environment["ANSIBLE_ROLES_PATH"] = str(folder / "roles")
        for end, fault in (("done", ""), ("failed", "yes")):
            terminal = Terminal(words, environment | {"FAULT": fault}, folder)
            terminal.until(lambda text: re.search(r"acme-jvb-2, acme-jvb-4 .*0:0[2-9]\n.*\d$", text))
            if not fault:
                draw(target / "running.svg", terminal.coloured)
            (folder / "go").touch()
            terminal.end()
            draw(target / f"{end}.svg", terminal.coloured)
            (folder / "go").unlink()
        (folder / "go").touch()
        piped = subprocess.run(words, cwd=folder, env=environment, text=True, capture_output=True, check=True)
        draw(target / "pipe.svg", piped.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
