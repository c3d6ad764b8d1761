"""Plays that ask the cloud on this machine, for all servers at the same time."""

import os
import subprocess

import pytest
import yaml
from contract import ROOT, environment

SERVERS = ("one", "two", "three")
# Is there once all are there; alone it ends without success.
MEET = "touch {}; for turn in $(seq 150); do [ $(ls {} | wc -l) -lt 3 ] || exit 0; sleep 0.1; done; exit 1"
ACCELERATED = {"ANSIBLE_STRATEGY": "mitogen_unpinned"}  # as make runs it


def runs_for_each_host(play):
    """Tell whether a role of the play has a task for each host, and not one for all of them (run_once)."""
    imported = [task["ansible.builtin.import_role"] for task in play["tasks"] if "ansible.builtin.import_role" in task]
    files = [ROOT / "roles" / role["name"] / "tasks" / f"{role.get('tasks_from', 'main')}.yml" for role in imported]
    return not all(task.get("run_once") for file in files for task in yaml.safe_load(file.read_text()))


def plays_on_servers():
    plays = yaml.safe_load((ROOT / "playbooks/provision.yml").read_text())
    return [play for play in plays if play.get("hosts") == "jitsi" and runs_for_each_host(play)]


@pytest.mark.parametrize("play", plays_on_servers(), ids=lambda play: play["name"])
def test_a_task_runs_for_all_servers_at_the_same_time(play, tmp_path):
    (tmp_path / "meeting").mkdir()
    meet = MEET.format(tmp_path / "meeting/{{ inventory_hostname }}", tmp_path / "meeting")
    (tmp_path / "play.yml").write_text(
        yaml.safe_dump([play | {"gather_facts": False, "tasks": [{"ansible.builtin.shell": meet}]}])
    )
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"jitsi": {"hosts": dict.fromkeys(SERVERS)}}))
    done = subprocess.run(
        ["ansible-playbook", "-i", tmp_path / "hosts.yml", tmp_path / "play.yml"],
        cwd=ROOT,
        env=os.environ | environment(tmp_path / "home") | ACCELERATED,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
