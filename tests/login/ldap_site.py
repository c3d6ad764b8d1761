"""A Debian with two LDAP servers, and the login service's LDAP back end that asks them."""

import contextlib
import json

from asking import Asker, install, preflight, python_in
from directories import BASE, BIND_DN, GROUP, PASSWORD, Authority, Slapd

SERVERS = {"ldap-1.acme.example": "127.0.0.11", "ldap-2.acme.example": "127.0.0.12"}
SECONDS = 4  # a login takes no longer


class Site:
    """A machine with directories, and what asks them."""

    def __init__(self, machine):
        self.machine, self.authority = machine, Authority()
        self.servers = {
            name: Slapd(machine, name, address, self.authority.issue(name)) for name, address in SERVERS.items()
        }
        self.first, self.second = self.servers.values()
        machine.put("/srv/ca.crt", self.authority.certificate)
        install(machine)

    def settings(self, **changes) -> dict:
        return {
            "servers": [f"ldaps://{name}" for name in self.servers],
            "base": f"ou=people,{BASE}",
            "bind_dn": BIND_DN,
            "password": PASSWORD.format("jitsi"),
            "ca_file": "/srv/ca.crt",
            "login_attribute": "uid",
            "moderators_group": GROUP,
            "seconds": SECONDS,
            "server_seconds": 1.5,
            "rest": 1,
        } | changes

    def start(self, **changes) -> "People":
        folder = self.machine.root / "run/asker"
        python = python_in(self.machine)
        return People(python, "ldap", self.settings(**changes), folder, "/run/asker", "/srv/asker.py")

    def check(self, login: str = "", **changes):
        """The preflight, with a login to try or without."""
        line = {"user": login, "password": PASSWORD.format(login)}
        return preflight(python_in(self.machine), "ldap", self.settings(**changes), line if login else None)

    def change(self, ldif: str) -> None:
        """Change entries at both servers."""
        for name, server in self.servers.items():
            server.stop()
            self.machine.sh(f"slapmodify -f /srv/{name}/slapd.conf", input=ldif)
            server.start()


class People(Asker):
    """Logs people of the directory in."""

    def login(self, login: str, password: str | None = None, address: str = "") -> dict:
        """The answer to a login, with the right password if none is given."""
        return super().login(login, PASSWORD.format(login) if password is None else password, address)

    def reason(self, *arguments) -> tuple[str, str]:
        """Why a login is refused: what the person is told, and what is logged."""
        answer = self.login(*arguments)
        assert not answer["moderator"]
        assert not answer["user"]
        return answer["reason"], json.dumps(answer["said"])


@contextlib.contextmanager
def without(server, away):
    """A while in which a server is stopped or frozen."""
    getattr(server, away)()
    try:
        yield
    finally:
        {"stop": server.start, "freeze": server.thaw}[away]()
