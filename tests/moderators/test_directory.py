"""People of a directory on a real prosody: what the roles write for kind ldap, the login service, and a slapd."""

import asyncio
import json
import ssl

import pytest
from asking import Asker, install, python_in
from conftest import ROOM
from directories import BASE, BIND_DN, GROUP, PASSWORD, Authority, Slapd
from login_service import Browser, Service
from rendering import render
from xmpp import Refused, session

from programs.login.backends import Refused as NoLogin
from programs.login.backends import User

SERVER = "ldap-1.acme.example"
SECONDS = 4  # a login takes no longer
ENDED = "hung up|closed the connection"
SETTINGS = {
    "jitsi_directory": {
        "kind": "ldap",
        "servers": [f"ldaps://{SERVER}"],
        "base": f"ou=people,{BASE}",
        "bind_dn": BIND_DN,
        "moderators_group": GROUP,
    },
    "jitsi_directory_password": PASSWORD.format("jitsi"),
    "jitsi_moderator_source": "group",
}


class Backend:
    """The LDAP back end, which runs with Debian's libraries in the machine."""

    def __init__(self, machine, settings):
        self.asker = Asker(
            python_in(machine), "ldap", settings, machine.root / "run/asker", "/run/asker", "/srv/asker.py"
        )

    def person(self, login):
        return login

    async def check(self, login, password, address):
        return self._user(await asyncio.to_thread(self.asker.login, login, password, address))

    async def current(self, login):
        return self._user(await asyncio.to_thread(lambda: self.asker.ask(current=login)))

    async def close(self):
        await asyncio.to_thread(self.asker.stop)

    @staticmethod
    def _user(answer):
        return NoLogin(answer["reason"]) if answer["reason"] else User(answer["user"], answer["moderator"])


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    settings, roles = json.dumps(SETTINGS), ["prosody", "login"]
    return render("example-small", tmp_path_factory.mktemp("directory"), "-e", settings, roles=roles)


@pytest.fixture(scope="module")
def site(started, rendered, tmp_path_factory):
    """prosody, directory and login service, with what the roles write but for the times and the directory's CA."""
    authority = Authority()
    started.slapd = Slapd(started.machine, SERVER, "127.0.0.11", authority.issue(SERVER))
    started.machine.put("/srv/ca.crt", authority.certificate)
    install(started.machine)
    settings = json.loads(rendered.only("login.json"))
    times = {"seconds": SECONDS, "server_seconds": 2, "rest": 1}
    backend = Backend(started.machine, settings["backend"] | times | {"ca_file": "/srv/ca.crt"})
    place = started.machine.root / "run/jitsi-login"
    place.mkdir()
    place.chmod(0o755)
    started.restart("sed -i 's/token_once = true;/&\\n  login_check_seconds = 1;/' /etc/prosody/prosody.cfg.lua")
    started.login = Service(
        tmp_path_factory.mktemp("login"), backend, place / "http.sock", key=settings["key"], check_seconds=0
    )
    started.login.socket.chmod(0o666)
    yield started
    started.login.stop()


class Visitor(Browser):
    """A browser of a user, and what it enters rooms with."""

    def enter(self, name):
        """Log in, and return what nginx is given for the room."""
        assert self.log_in(name, PASSWORD.format(name)).status == 303, self.last.text
        return self.token(ROOM)


async def person(crowd, site, name):
    token = await asyncio.to_thread(Visitor(site.login).enter, name)
    arrival = session(crowd.people, "websocket", ssl.create_default_context(), token=token, room=ROOM)
    return await crowd.stack.enter_async_context(arrival)


async def opened(crowd, site, name):
    address = crowd.address(ROOM)
    await (await crowd.focus()).join(address, "focus")
    moderator = await person(crowd, site, name)
    await moderator.join(address)
    return moderator


def test_members_of_the_group_open_rooms_and_others_do_not(site, play):
    async def scene(crowd):
        room = crowd.address(ROOM)
        await (await crowd.focus()).join(room, "focus")
        carla, guest = await person(crowd, site, "carla"), await crowd.guest()
        for each in (carla, guest):
            with pytest.raises(Refused, match="registration-required"):
                await each.join(room)
        bernd = await person(crowd, site, "Bernd")
        await bernd.join(room)
        await asyncio.gather(carla.join(room), guest.join(room))
        assert [each.role(room) for each in (bernd, carla, guest)] == ["moderator", "participant", "participant"]

    play(scene)


def test_people_with_other_letters_are_listed_by_the_names_the_back_end_gives_them(site, play):
    """As the contract takes them for jitsi_moderators and jitsi_room_comoderators."""

    async def scene(crowd):
        site.follow({"moderation": "own", "comoderators": {ROOM: ["jörg"]}}, by="listed", names=["jörg"])
        assert (await opened(crowd, site, "jörg")).role(crowd.address(ROOM)) == "moderator"

    play(scene)
    site.follow()


def test_while_the_directory_hangs_meetings_go_on_and_guests_join_and_logins_fail_with_words(site, play):
    async def scene(crowd):
        room = crowd.address(ROOM)
        anna = await opened(crowd, site, "anna")
        site.slapd.freeze()
        try:
            visitor = Visitor(site.login)
            waiting = asyncio.ensure_future(asyncio.to_thread(visitor.log_in, "carla", PASSWORD.format("carla")))
            while not site.slapd.connections():
                await asyncio.sleep(0.05)
            guest = await crowd.guest()
            await guest.join(room)
            await anna.until(lambda: anna.others(room) >= {guest.nick})
            answer = await waiting
        finally:
            site.slapd.thaw()
        assert "Logins are not possible at the moment" in answer.text
        assert (anna.over, anna.role(room)) == (False, "moderator")

    play(scene)


def delete(site, name):
    """From the directory, which nobody can ask meanwhile."""
    site.slapd.stop()
    ldif = f"dn: uid={name},ou=people,{BASE}\nchangetype: delete\n"
    site.machine.sh(f"slapmodify -f /srv/{SERVER}/slapd.conf", input=ldif)
    site.slapd.start()


def test_who_is_deleted_from_the_directory_is_ended_in_the_running_meeting(site, play):
    """The last test: it changes the directory."""

    async def scene(crowd):
        anna = await opened(crowd, site, "anna")
        await asyncio.to_thread(delete, site, "anna")
        with pytest.raises(Refused, match=ENDED):
            await anna.hear("anything")

    play(scene)


def test_no_password_is_written(site):
    assert "secret" not in site.log()
