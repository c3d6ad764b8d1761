"""People of a directory on a real prosody: role prosody's configuration for kind ldap, the daemon, and a slapd."""

import asyncio
import dataclasses
import json
import shutil
import statistics

import aiohttp
import pytest
from conftest import accounts
from directories import BASE, BIND_DN, DAEMON, GROUP, PASSWORD, PROGRAM, Authority, Daemon, Slapd
from login import log_in
from rendering import render

SERVER = "ldap-1.acme.example"
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
ROOM = "daily"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    settings, roles = json.dumps(SETTINGS), ["prosody", "directory"]
    return render("example-small", tmp_path_factory.mktemp("directory"), "-e", settings, roles=roles)


@pytest.fixture(scope="module")
def site(started, rendered):
    """The prosody with the directory and the daemon beside it, with the settings the role writes but for the times."""
    authority = Authority()
    started.slapd = Slapd(started.machine, SERVER, "127.0.0.11", authority.issue(SERVER))
    started.machine.put("/srv/ca.crt", authority.certificate)
    shutil.copy(DAEMON, started.machine.root / PROGRAM.lstrip("/"))
    settings = json.loads(rendered.only("settings.json"))
    assert settings["password"] == PASSWORD.format("jitsi")
    started.settings = settings | {"ca_file": "/srv/ca.crt", "seconds": 4, "server_seconds": 2, "rest": 1}
    started.people = Daemon(started.machine, started.settings)
    yield started
    started.people.stop()


@pytest.fixture
def log(site):
    """log(user, password): the answer to a login."""

    async def one(user, password, address="192.0.2.1"):
        """As the web server says it of a visitor."""
        async with aiohttp.ClientSession(headers={"X-Forwarded-For": address}) as http:
            return await log_in(http, "http://127.0.0.1:5280", site.domain, user, password)

    return one


@pytest.fixture
def play(site, play):
    """play(scene): runs scene(crowd) with people of the directory; everybody goes home afterwards."""
    everybody = {name: PASSWORD.format(name) for name in ("anna", "Bernd", "carla")}

    def run(scene):
        async def with_people_of_the_directory(crowd):
            crowd.people = dataclasses.replace(crowd.people, moderators=everybody)
            await scene(crowd)

        play(with_people_of_the_directory)

    return run


def test_logins(site, log):
    for user, password, condition in (
        ("anna", "anna-secret", ""),
        ("ANNA", "anna-secret", ""),
        ("odd (o'hara), *", "odd (o'hara), *-secret", ""),
        ("anna", "wrong", "not-authorized"),
        ("*", "anna-secret", "not-authorized"),
        ("locked", "locked-secret", "not-authorized"),
        ("focus", "focus", "not-authorized"),
    ):
        assert site.inside.run(log(user, password)).condition == condition, user


def test_accounts_kept_in_prosody_are_of_no_use(site, log):
    """emil is in the storage, too, with his name for a password."""
    accounts(site.machine, {site.domain: {"emil": "emil"}})
    assert site.inside.run(log("emil", "emil")).condition == "not-authorized"
    assert site.inside.run(log("emil", "emil-secret")).condition == ""


def test_strangers_guesses_keep_nobody_out_whose_address_is_known(site, log):
    """The visitor's address is the one the web server names, and comes as far as the daemon."""

    def answers(*attempts):
        return [site.inside.run(log("carla", *attempt)).condition for attempt in attempts]

    assert answers(("carla-secret", "192.0.2.7")) == [""]
    assert set(answers(*((str(n), f"198.51.100.{n}") for n in range(6)))) == {"not-authorized"}
    right = "carla-secret"
    assert answers((right, "198.51.100.99"), (right, "192.0.2.7")) == ["not-authorized", ""]
    site.people.stop()
    site.people = Daemon(site.machine, site.settings)


def test_members_of_the_group_open_rooms_and_others_do_not(play):
    async def scene(crowd):
        room = crowd.address(ROOM)
        focus = await crowd.focus()
        await focus.join(room, "focus")
        carla, guest = await crowd.person("carla"), await crowd.guest()
        for person in (carla, guest):
            with pytest.raises(Exception, match="registration-required"):
                await person.join(room)
        bernd = await crowd.person("Bernd")
        await bernd.join(room)
        assert (bernd.role(room), bernd.address) == ("moderator", f"bernd@{crowd.domain}")
        await asyncio.gather(carla.join(room), guest.join(room))
        assert carla.role(room) == guest.role(room) == "participant"

    play(scene)


def test_people_with_other_letters_are_listed_by_the_names_the_daemon_gives_them(site, play):
    """As the contract takes them for jitsi_moderators and jitsi_room_comoderators."""

    async def scene(crowd):
        site.follow({"moderation": "own", "comoderators": {ROOM: ["jörg"]}}, by="listed", names=["jörg"])
        crowd.people = dataclasses.replace(crowd.people, moderators={"jörg": "jörg-secret"})
        room = crowd.address(ROOM)
        focus = await crowd.focus()
        await focus.join(room, "focus")
        person = await crowd.person("jörg")
        await person.join(room)
        assert (person.role(room), person.address) == ("moderator", f"jörg@{crowd.domain}")

    play(scene)
    site.follow()


def test_while_the_directory_hangs_meetings_go_on_and_guests_join(site, play, log):
    """Several logins wait for a server that does not answer: nobody else notices, and they are told in the end."""

    async def scene(crowd):
        room = crowd.address(ROOM)
        focus, anna = await crowd.focus(), await crowd.person("anna")
        await focus.join(room, "focus")
        await anna.join(room)
        site.slapd.freeze()
        try:
            waiting = [asyncio.ensure_future(log("carla", "carla-secret")) for _ in range(8)]
            while site.slapd.connections() < len(waiting):
                await asyncio.sleep(0.05)
            guest = await crowd.guest()
            await guest.join(room)
            assert anna.others(room) >= {guest.nick}
            for _ in range(20):
                await anna.exists(f"conference.{crowd.domain}")
            # They hang still: so nobody has waited for them.
            assert not any(login.done() for login in waiting)
            answers = await asyncio.gather(*waiting)
        finally:
            site.slapd.thaw()
        for answer in answers:
            assert answer.condition == "temporary-auth-failure"
            assert "cannot be reached" in answer.text
            assert "nicht erreichbar" in answer.text
            assert answer.seconds < site.settings["seconds"] + 2

    play(scene)
    assert site.inside.run(log("carla", "carla-secret")).condition == ""


def test_without_the_daemon(site, log):
    """Not there, or there and silent: logins fail for the time being, and work again without a restart of prosody."""
    site.people.stop()
    assert site.inside.run(log("anna", "anna-secret")).condition == "temporary-auth-failure"
    site.people = Daemon(site.machine, site.settings)
    assert site.inside.run(log("anna", "anna-secret")).condition == ""
    site.people.freeze()
    answer = site.inside.run(log("anna", "anna-secret"))
    site.people.thaw()
    assert answer.condition == "temporary-auth-failure"
    assert answer.seconds < 15
    assert site.inside.run(log("anna", "anna-secret")).condition == ""


def test_who_hangs_up_while_waiting_leaves_nothing(site, log):
    async def impatient():
        with pytest.raises(TimeoutError):
            async with aiohttp.ClientSession() as http:
                await log_in(http, "http://127.0.0.1:5280", site.domain, "anna", "anna-secret", patience=0.5)

    site.slapd.freeze()
    site.inside.run(impatient())
    site.slapd.thaw()
    assert site.inside.run(log("anna", "anna-secret")).condition == ""
    assert not site.lines("Traceback"), site.log()


def test_200_logins_at_the_same_time(site, record_property):
    """Nobody is refused or waits past the daemon's patience. `make bench` reads what it took."""
    site.people.stop()
    site.people = Daemon(site.machine, site.settings | {"seconds": 20, "server_seconds": 10})

    async def everybody():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            page = "http://127.0.0.1:5280"
            return await asyncio.gather(
                *(log_in(http, page, site.domain, "anna", "anna-secret") for _ in range(200)), return_exceptions=True
            )

    answers = site.inside.run(everybody())
    refused = [answer for answer in answers if getattr(answer, "condition", "failed")]
    assert refused == []
    times = sorted(answer.seconds for answer in answers)
    record_property("median", f"{statistics.median(times):.2f}")
    record_property("p99", f"{times[197]:.2f}")
    record_property("errors", len(refused))


def test_no_password_is_written(site):
    assert "secret" not in site.log()
