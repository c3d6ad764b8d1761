"""An Active Directory for tests: the lab's domain, and what may happen to its controllers."""

import contextlib
import socket
import subprocess
import uuid
from pathlib import Path

from directories import ROOT
from machine import wait

LAB = ROOT / "lab/directories/samba"
PODMAN = ROOT / "lab/containers/podman"
PASSWORD = "Lab-only.2026"  # noqa: S105  # of everybody in lab/directories/samba/inside/people.py
BASE = "DC=corp,DC=example-ad,DC=test"
SECONDS = 8  # a login takes no longer


class Domain:
    """The domain, and what may happen to its controllers."""

    def __init__(self, network: str, folder: Path, addresses: list[str]):
        self.network, self.folder, self.addresses = network, folder, addresses

    def settings(self, **changes) -> dict:
        return {
            "servers": [f"ldaps://{address}" for address in self.addresses],
            "base": BASE,
            "bind_dn": f"CN=Jitsi\\, reader,OU=People,{BASE}",
            "password": PASSWORD,
            "ca_file": str(self.folder / "ca.crt"),
            "login_attribute": "sAMAccountName",
            "user_filter": "(objectCategory=person)",
            "moderators_group": f"CN=Moderators,OU=Groups,{BASE}",
            "chain": True,
            "seconds": SECONDS,
        } | changes

    def controller(self, verb: str, name: str):
        subprocess.run([PODMAN, verb, f"{self.network}-{name}"], check=True, capture_output=True)

    @contextlib.contextmanager
    def without(self, name: str, gone: str, back: str):
        """A while in which a controller is gone (stop, start) or does not answer (pause, unpause)."""
        self.controller(gone, name)
        try:
            yield
        finally:
            self.controller(back, name)
            wait(lambda: open_port(self.addresses[int(name[-1]) - 1]), f"{name} is not back")


def open_port(address: str) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((address, 636)) == 0


@contextlib.contextmanager
def running_domain(folder: Path):
    """The domain on a network of its own, for a while."""
    subprocess.run([ROOT / "scripts/need", "python3-ldap"], check=True)
    network = f"jitsi-ad-{uuid.uuid4().hex[:8]}"
    try:
        made = subprocess.run([LAB / "up", network, folder], stdout=subprocess.PIPE, text=True, check=True)
        yield Domain(network, folder, made.stdout.split())
    finally:
        subprocess.run([LAB / "down", network], check=True)
