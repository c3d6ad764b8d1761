"""The role base takes over the key of Jitsi's repository: a replaced one, and none that is expired or unknown."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from contract import ROOT
from signing import fingerprint, gpg, served

EXPIRED = ("--faked-system-time", "20200601T000000")


class Host:
    """Runs the role's tasks here, with the key in a folder of the test."""

    def __init__(self, folder: Path, url: str):
        self.folder, self.url = folder, f"{url}/key.asc"
        self.published, self.installed = folder / "served/key.asc", folder / "installed.asc"
        role = {"name": "base", "tasks_from": "key", "rolespec_validate": False}
        tasks = [{"ansible.builtin.import_role": role}]
        plays = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
        (folder / "play.yml").write_text(yaml.safe_dump(plays))

    def publish(self, name: str, *words: str, ends: str = "never") -> str:
        """Make a key and show it at the address; return its fingerprint."""
        home = self.folder / name
        home.mkdir(mode=0o700)
        gpg(home, *words, "--quick-generate-key", name, "ed25519", "sign", ends)
        self.published.write_bytes(gpg(home, "--armor", "--export"))
        return fingerprint(self.published)

    def install(self, **settings) -> str:
        """Run the tasks; return what they said."""
        variables = {"__base_key": str(self.installed), "base_jitsi_key_url": self.url, "base_jitsi_key_file": ""}
        variables |= {"base_jitsi_key_fingerprints": []} | settings
        done = subprocess.run(
            ["ansible-playbook", "-e", json.dumps(variables), str(self.folder / "play.yml")],
            cwd=ROOT,
            env=os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def host(tmp_path):
    (tmp_path / "served").mkdir()
    with served(tmp_path / "served") as url:
        yield Host(tmp_path, url)


def test_the_key_is_read_at_every_run(host):
    first = host.publish("first")
    assert "changed=1 " in host.install(base_jitsi_key_fingerprints=[first])
    assert "changed=0 " in host.install()
    before = host.installed.read_bytes()
    assert before == host.published.read_bytes()

    second = host.publish("second")
    assert (
        f"{host.url} has key {second}, which is not in jitsi_repository.key_fingerprints: ask the repository's owner"
    ) in host.install(base_jitsi_key_fingerprints=[first])
    assert host.installed.read_bytes() == before
    assert "changed=1 " in host.install(base_jitsi_key_fingerprints=[first, second])
    assert host.installed.read_bytes() == host.published.read_bytes() != before


def test_an_expired_key_is_named_and_not_taken_over(host):
    key = host.publish("old", *EXPIRED, ends="2021-01-01")
    assert f"{host.url}: key {key} expired on 2021-01-01: ask the repository's owner" in host.install()
    assert not host.installed.exists()
