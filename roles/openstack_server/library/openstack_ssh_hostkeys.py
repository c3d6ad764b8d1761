#!/usr/bin/python
"""Learn a new server's SSH host keys once, and wait until one can log in."""

import fcntl
import re
import shlex
import subprocess
import tempfile
import time
from pathlib import Path
from typing import ClassVar

from ansible_collections.openstack.cloud.plugins.module_utils.openstack import OpenStackModule

DOCUMENTATION = r"""
module: openstack_ssh_hostkeys
short_description: Learn a new server's SSH host keys once and wait until one can log in
description:
  - Reads the keys that cloud-init prints to the console log, which only the cloud can write. Whoever answers with
    another key is refused. Where the console shows no keys soon after SSH answers, the server is refused as well,
    unless O(trust) allows to believe whoever answers first.
  - Writes them to a known_hosts file under the host's name and address. The comment of each line holds the server's
    identifier and how the key was learnt, so keys are learnt once per server; a server that was made anew replaces the
    keys of the former one, while a key that changes on the same server makes every later login fail. A server that
    moved to another address keeps its keys, and an address belongs to the server that had it last.
options:
  name:
    description: The name of the host; the keys are kept under it and under the address.
    type: str
    required: true
  server_id:
    description: The server's identifier.
    type: str
    required: true
  address:
    description: Where SSH answers.
    type: str
    required: true
  user:
    description: Who logs in.
    type: str
    required: true
  private_key_file:
    description: The key to log in with.
    type: path
    required: true
  ssh_arguments:
    description: Further arguments for ssh, as one text, for example to go through a jump host.
    type: str
    default: ""
  known_hosts:
    description: The file to keep the keys in.
    type: path
    required: true
  trust:
    description: Whether to believe the first key that answers where the console shows none.
    type: bool
    default: false
  console_grace:
    description: Seconds to wait for the right keys on the console once SSH answers with a key that is not known.
    type: int
    default: 30
extends_documentation_fragment: openstack.cloud.openstack
"""

EXAMPLES = r"""
- name: Record the host keys of the new server
  openstack_ssh_hostkeys:
    cloud: mycloud
    name: acme-meet
    server_id: 0b2ce5a1-8d2c-4a6f-9f1e-3c2c0d5b7a11
    address: 198.51.100.7
    user: ops
    private_key_file: ~/.ssh/id_ed25519
    known_hosts: state/known_hosts
"""

RETURN = r"""
source:
  description: How the keys were learnt, C(console), C(trusted), or what a person wrote into the file.
  type: str
  returned: always
"""

PRINTED_KEYS = re.compile(r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL)
KEY = re.compile(r"\b((?:ssh|ecdsa)-\S+ [A-Za-z0-9+/]+=*)")


def keys_on_console(log: str) -> list[str]:
    """Return the host keys of the last boot in a console log, as "type key"."""
    printed = PRINTED_KEYS.findall(log)
    return KEY.findall(printed[-1]) if printed else []


def keys_of(lines: list[str], name: str, server_id: str) -> tuple[list[str], str]:
    """Return the keys that a known_hosts file holds for this very server, as "type key", and how they were learnt."""
    entries = [line.split(" ") for line in lines]
    own = [rest for hosts, *rest in entries if hosts.split(",")[0] == name and rest[2:3] == [server_id]]
    return [" ".join(rest[:2]) for rest in own], " ".join(own[0][3:]) if own else ""


def with_keys(lines: list[str], name: str, address: str, server_id: str, keys: list[str], source: str) -> list[str]:
    """Return the lines of a known_hosts file in which name and address have these keys and no others."""
    others = [line for line in lines if not {name, address} & set(line.split(" ")[0].split(","))]
    return others + [f"{name},{address} {key} {server_id} {source}".rstrip() for key in keys]


def refused_key(name: str, stderr: str) -> bool:
    """Tell whether ssh refused the host's own key; a jump host's, which is called by its address, does not count."""
    return re.search(rf" for {re.escape(name)} .*strict checking", stderr) is not None


class SshHostkeys(OpenStackModule):
    argument_spec: ClassVar = {
        "name": {"required": True},
        "server_id": {"required": True},
        "address": {"required": True},
        "user": {"required": True},
        "private_key_file": {"type": "path", "required": True},
        "ssh_arguments": {"default": ""},
        "known_hosts": {"type": "path", "required": True},
        "trust": {"type": "bool", "default": False},
        "console_grace": {"type": "int", "default": 30},
    }

    def run(self) -> None:
        self.file = Path(self.params["known_hosts"])
        self.server = (self.params["name"], self.params["address"], self.params["server_id"])
        keys, source = keys_of(self._lines(self.file), self.params["name"], self.params["server_id"])
        if not keys:
            with tempfile.TemporaryDirectory() as folder:
                keys, source = self._learn(Path(folder) / "known_hosts")
        self.exit_json(changed=self._keep(keys, source), source=source)

    @staticmethod
    def _lines(file: Path) -> list[str]:
        return file.read_text().splitlines() if file.exists() else []

    def _learn(self, scratch: Path) -> tuple[list[str], str]:
        """Return the keys and how they were learnt, after a login that they vouch for."""
        deadline = time.monotonic() + self.params["timeout"]
        refused_since: float | None = None
        while True:
            keys = keys_on_console(self._console())
            waited = refused_since is not None and time.monotonic() - refused_since > self.params["console_grace"]
            scratch.write_text("".join(f"{line}\n" for line in with_keys([], *self.server, keys, "console")))
            login = self._login(scratch, trust_first=self.params["trust"] and waited and not keys)
            if login.returncode == 0:
                if keys:
                    return keys, "console"
                return [line.split(" ", 1)[1] for line in self._lines(scratch)], "trusted"
            refused = refused_key(self.params["name"], login.stderr)
            if refused and waited:
                self._refuse(keys)
            if refused and refused_since is None:
                refused_since = time.monotonic()
            if time.monotonic() > deadline:
                self.fail_json(
                    msg=f"No login to {self.params['name']} at {self.params['address']} within "
                    f"{self.params['timeout']} s: {login.stderr.strip().splitlines()[-1:]}. Look at its console "
                    f"(openstack console log show {self.params['server_id']}) and at cloud_ssh_private_key_file, then "
                    "run again."
                )
            time.sleep(1)

    def _refuse(self, keys: list[str]) -> None:
        """Fail: nobody vouches for the key that answers."""
        name, address, server_id = self.server
        if keys:
            self.fail_json(
                msg=f"Whoever answers SSH at {address} has not the host key that {name} shows on its console "
                f"(openstack console log show {server_id}): somebody else may be answering in its place, and nothing "
                "was sent. Find out who has the address before you run again."
            )
        self.fail_json(
            msg=f"{name} answers SSH at {address}, and its console (openstack console log show {server_id}) shows no "
            "host keys by which to know it. Where this cloud has no console, write cloud_first_contact: trust to "
            f"believe whoever answers first, or learn the key another way and add the line '{name},{address} TYPE KEY "
            f"{server_id} operator' to {self.file}."
        )

    def _console(self) -> str:
        try:
            return str(self.conn.compute.get_server_console_output(self.params["server_id"])["output"] or "")
        except self.sdk.exceptions.HttpException:
            return ""  # not every cloud lets its customers read the console

    def _login(self, known_hosts: Path, trust_first: bool) -> subprocess.CompletedProcess[str]:
        # ssh takes the first value it meets: these come before what the caller adds.
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": "5",
            "ControlPath": "none",
            "HashKnownHosts": "no",
            "HostKeyAlias": self.params["name"],
            "IdentitiesOnly": "yes",  # an agent's other keys would use up the server's attempts
            "IdentityFile": f'"{self.params["private_key_file"]}"',  # -i would ignore one that only the agent has
            "StrictHostKeyChecking": "accept-new" if trust_first else "yes",
            "UserKnownHostsFile": '"{}"'.format(str(known_hosts).replace("%", "%%")),  # ssh splits and expands it
        }
        command = [
            "ssh",
            *(argument for key, value in options.items() for argument in ("-o", f"{key}={value}")),
            *shlex.split(self.params["ssh_arguments"]),
            f"{self.params['user']}@{self.params['address']}",
            "true",
        ]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def _keep(self, keys: list[str], source: str) -> bool:
        """Write the keys, and tell whether that changed the file; other servers of this customer do so meanwhile."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with (self.file.parent / ".known_hosts.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = self._lines(self.file)
            lines = sorted(with_keys(before, *self.server, keys, source))
            if lines == before:
                return False
            fresh = self.file.with_suffix(".new")
            fresh.write_text("".join(f"{line}\n" for line in lines))
            fresh.replace(self.file)
        return True


if __name__ == "__main__":
    SshHostkeys()()
