"""A Debian 12 and a Debian 13 with two LDAP servers each, and the daemon of role directory."""

import contextlib
import json
import shutil
import subprocess

import pytest
from directories import BASE, BIND_DN, DAEMON, GROUP, PASSWORD, PROGRAM, Authority, Daemon, Slapd
from machine import SUITES, Machine, root_filesystems

SERVERS = {"ldap-1.acme.example": "127.0.0.11", "ldap-2.acme.example": "127.0.0.12"}


class Site:
    """A machine with directories, and a daemon that asks them."""

    def __init__(self, machine):
        self.machine, self.authority = machine, Authority()
        self.servers = {
            name: Slapd(machine, name, address, self.authority.issue(name)) for name, address in SERVERS.items()
        }
        self.first, self.second = self.servers.values()
        machine.put("/srv/ca.crt", self.authority.certificate)
        shutil.copy(DAEMON, machine.root / PROGRAM.lstrip("/"))

    def settings(self, **changes) -> dict:
        return {
            "servers": [f"ldaps://{name}" for name in self.servers],
            "base": f"ou=people,{BASE}",
            "bind_dn": BIND_DN,
            "password": PASSWORD.format("jitsi"),
            "ca_file": "/srv/ca.crt",
            "login_attribute": "uid",
            "moderators_group": GROUP,
            "seconds": 4,
            "server_seconds": 1.5,
            "rest": 1,
        } | changes

    def check(self, login: str = "", **changes) -> subprocess.CompletedProcess:
        """The preflight, with a login to try or without."""
        self.machine.put("/srv/check.json", json.dumps(self.settings(**changes)))
        line = {"user": login, "password": PASSWORD.format(login)}
        return subprocess.run(
            self.machine.command(PROGRAM, "--check", "/srv/check.json"),
            input=json.dumps(line) if login else "",
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def roots():
    return root_filesystems()


@pytest.fixture(scope="module", params=SUITES)
def site(request, roots, tmp_path_factory):
    machine = Machine(roots[request.param], tmp_path_factory.mktemp(request.param))
    with contextlib.closing(machine):
        yield Site(machine)


@pytest.fixture
def serve(site):
    """serve(**changes): the daemon with settings that differ; one at a time."""
    running = []

    def start(**changes) -> Daemon:
        for daemon in running:
            daemon.stop()
        running.append(Daemon(site.machine, site.settings(**changes)))
        return running[-1]

    yield start
    for daemon in running:
        daemon.stop()


@pytest.fixture
def daemon(serve):
    return serve()
