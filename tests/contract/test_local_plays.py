"""Plays that ask the cloud on this machine, for all servers at the same time."""

import os
import subprocess

import yaml
from contract import ROOT, environment

MAKE = {"ANSIBLE_STRATEGY": "mitogen_unpinned", "ANSIBLE_DEPRECATION_WARNINGS": "false"}
HOSTS = ("one", "two", "three")
# Is there once all are there; alone it ends without success.
MEET = "touch {}; for turn in $(seq 150); do [ $(ls {} | wc -l) -lt 3 ] || exit 0; sleep 0.1; done; exit 1"


def test_a_task_runs_for_all_servers_at_the_same_time(tmp_path):
    """As make runs it, where one Python serves all of them."""
    (tmp_path / "meeting").mkdir()
    meet = MEET.format(tmp_path / "meeting/{{ inventory_hostname }}", tmp_path / "meeting")
    play = {"hosts": "all", "connection": "local", "gather_facts": False, "tasks": [{"ansible.builtin.shell": meet}]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": dict.fromkeys(HOSTS)}}))
    done = subprocess.run(
        ["ansible-playbook", "-i", tmp_path / "hosts.yml", tmp_path / "play.yml"],
        cwd=ROOT,
        env=os.environ | environment(tmp_path / "home") | MAKE,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
