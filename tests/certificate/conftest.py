"""A small server with an ACME authority of its own on it: systemd container, pebble, every daemon that shows TLS."""

import json
import os
import subprocess
import uuid
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PODMAN = ROOT / "lab/containers/podman"
RELEASE = "12"  # pebble is not in 13
PACKAGES = "pebble openssl ssl-cert certbot nginx-light prosody coturn"
INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends"
CAPABILITIES = "SYS_ADMIN,NET_ADMIN,NET_RAW,AUDIT_WRITE,MKNOD"

# Two CAs: one signs what pebble shows, the other one has nothing to do with it.
AUTHORITY = """
cd /srv
for ca in acme other; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$ca" -keyout $ca.key -out $ca.crt
done
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout pebble.key |
  openssl x509 -req -CA acme.crt -CAkey acme.key -out pebble.crt -extfile <(echo subjectAltName=DNS:localhost)
cat > pebble.json
systemd-run --unit=challenge-dns pebble-challtestsrv \
  -defaultIPv4 '' -defaultIPv6 ::1 -http01 '' -https01 '' -tlsalpn01 '' -dns01 127.0.0.1:8053
systemd-run --unit=pebble --setenv=PEBBLE_VA_NOSLEEP=1 --setenv=PEBBLE_WFE_NONCEREJECT=0 \
  pebble -config /srv/pebble.json -dnsserver 127.0.0.1:8053
timeout 30 sh -c "until ss -Hltn | grep -q ':14000 ' && ss -Hlun | grep -q ':8053 '; do sleep 0.1; done"
"""
PEBBLE = {
    "pebble": {
        "listenAddress": "127.0.0.1:14000",
        "managementListenAddress": "127.0.0.1:15000",
        "certificate": "/srv/pebble.crt",
        "privateKey": "/srv/pebble.key",
        "httpPort": 80,
        "tlsPort": 443,
    }
}


class Server:
    """The container, and the roles' way into it."""

    def __init__(self, name: str, folder: Path):
        self.name, self.folder = name, folder

    def run(self, script: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess:
        command = [PODMAN, "exec", "--interactive", self.name, "bash", "-euo", "pipefail", "-c", script]
        result = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        assert not check or result.returncode == 0, f"{script}\n{result.stdout}\n{result.stderr}"
        return result

    def start(self):
        key = self.folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        self.run("timeout 60 sh -c 'until [ -S /run/dbus/system_bus_socket ]; do sleep 0.1; done'")
        self.run("systemctl is-system-running --wait")
        self.run("mkdir -m 700 -p ~/.ssh; cat > ~/.ssh/authorized_keys", key.with_suffix(".pub").read_text())
        host_keys = self.run("cat /etc/ssh/ssh_host_*_key.pub").stdout.splitlines()
        (self.folder / "known_hosts").write_text("".join(f"server {host_key}\n" for host_key in host_keys))
        address = "{{ range .NetworkSettings.Networks }}{{ .IPAddress }}{{ end }}"
        self.address = subprocess.run(
            [PODMAN, "inspect", "--format", address, self.name], capture_output=True, text=True, check=True
        ).stdout.strip()
        ssh = f"-o UserKnownHostsFile={self.folder}/known_hosts -o HostKeyAlias=server"
        host = {
            "ansible_host": self.address,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(key),
            "ansible_ssh_common_args": ssh,
            # Another run may get the same address.
            "ansible_control_path": f"{self.folder}/%%h",
        }
        (self.folder / "inventory.json").write_text(json.dumps({"all": {"hosts": {"server": host}}}))

    def play(self, role: str, variables: dict) -> subprocess.CompletedProcess:
        """Run a role of the toolkit."""
        playbook = self.folder / "play.json"
        playbook.write_text(json.dumps([{"hosts": "all", "roles": [role], "gather_facts": False, "vars": variables}]))
        return subprocess.run(
            ["ansible-playbook", f"--inventory={self.folder}/inventory.json", playbook],
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    subprocess.run([ROOT / "lab/containers/images", RELEASE], check=True)
    name = f"jitsi-test-acme-{uuid.uuid4().hex[:8]}"
    subprocess.run([PODMAN, "network", "create", name], check=True, capture_output=True)
    try:
        options = [
            f"--name={name}",
            f"--network={name}",
            f"--cap-add={CAPABILITIES}",
            "--systemd=always",
            "--pull=never",
        ]
        image = f"localhost/jitsi-lab-debian:{RELEASE}"
        subprocess.run([PODMAN, "run", "--detach", *options, image], check=True, capture_output=True)
        server = Server(name, tmp_path_factory.mktemp("server"))
        server.start()
        sandboxed = server.play("sandbox", {"sandbox_units": ["acme-webroot.service", "coturn.service"]})
        assert sandboxed.returncode == 0, sandboxed.stdout
        # Installed but not started: the first certificate comes before the daemons.
        server.run("printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d")
        server.run(f"apt-get -qq update; {INSTALL} {PACKAGES}")
        server.run(AUTHORITY, json.dumps(PEBBLE))
        for ca in ("acme", "other"):
            (server.folder / f"{ca}.crt").write_text(server.run(f"cat /srv/{ca}.crt").stdout)
        yield server
    finally:
        subprocess.run([PODMAN, "rm", "--force", "--time=0", name], check=False, capture_output=True)
        subprocess.run([PODMAN, "network", "rm", "--force", name], check=False, capture_output=True)
