"""People of an Active Directory on a real prosody: role prosody's configuration for kind ad, the daemon, and Samba."""

import asyncio
import dataclasses
import json
import statistics

import aiohttp
import pytest
from domain import BASE, PASSWORD, NearbyDaemon, running_domain
from login import log_in
from rendering import render

SETTINGS = {
    "jitsi_directory": {
        "kind": "ad",
        "servers": ["ldaps://dc1.corp.example-ad.test", "ldaps://dc2.corp.example-ad.test"],
        "base": BASE,
        "bind_dn": "reader@example-ad.test",
        "moderators_group": f"CN=Moderators,OU=Groups,{BASE}",
    },
    "jitsi_directory_password": PASSWORD,
    "jitsi_moderator_source": "group",
}
ROOM = "daily"
PATIENCE = 60


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    settings, roles = json.dumps(SETTINGS), ["prosody", "directory"]
    return render("example-small", tmp_path_factory.mktemp("directory"), "-e", settings, roles=roles)


@pytest.fixture(scope="module")
def domain(tmp_path_factory):
    with running_domain(tmp_path_factory.mktemp("domain")) as domain:
        yield domain


@pytest.fixture(scope="module")
def site(started, rendered, domain):
    """The prosody, and the daemon with the settings the role writes but for where the controllers are.

    Both are patient: servers, clients and all share the cores of this machine, which may have other work, too.
    """
    settings = json.loads(rendered.only("settings.json"))
    there = {name: domain.settings()[name] for name in ("servers", "ca_file")}
    patience = {"seconds": PATIENCE, "server_seconds": PATIENCE / 2}
    with_patience = f's/authentication = "directory";/&\\n  directory_timeout = {PATIENCE};/'
    started.restart(f"sed -i '{with_patience}' /etc/prosody/prosody.cfg.lua")
    started.people = NearbyDaemon(started.machine.root / "run/jitsi-directory", settings | there | patience)
    yield started
    started.people.stop()


@pytest.fixture
def play(site, play):
    """play(scene): runs scene(crowd) with people of the domain; everybody goes home afterwards."""
    everybody = dict.fromkeys(("anna", "bernd", "carla", "dora"), PASSWORD)

    def run(scene):
        async def with_people_of_the_domain(crowd):
            crowd.people = dataclasses.replace(crowd.people, moderators=everybody)
            await scene(crowd)

        play(with_people_of_the_domain)

    return run


def test_members_of_groups_in_the_group_open_rooms_and_others_do_not(play):
    async def scene(crowd):
        room = crowd.address(ROOM)
        focus = await crowd.focus()
        await focus.join(room, "focus")
        carla, guest = await crowd.person("carla"), await crowd.guest()
        for person in (carla, guest):
            with pytest.raises(Exception, match="registration-required"):
                await person.join(room)
        anna = await crowd.person("anna")
        await anna.join(room)
        assert (anna.role(room), anna.address) == ("moderator", f"anna@{crowd.domain}")
        await asyncio.gather(carla.join(room), guest.join(room))
        assert carla.role(room) == guest.role(room) == "participant"

    play(scene)


def test_who_is_disabled_does_not_log_in(play):
    async def scene(crowd):
        with pytest.raises(Exception, match="not accepted"):
            await crowd.person("dora")

    play(scene)


def test_200_logins_at_the_same_time(site, record_property):
    """Nobody is refused. `make bench` reads what it took."""

    async def everybody():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            page = "http://127.0.0.1:5280"
            people = (log_in(http, page, site.domain, "anna", PASSWORD, PATIENCE) for _ in range(200))
            return await asyncio.gather(*people, return_exceptions=True)

    answers = site.inside.run(everybody())
    refused = [answer for answer in answers if getattr(answer, "condition", "failed")]
    assert refused == []
    times = sorted(answer.seconds for answer in answers)
    record_property("median", f"{statistics.median(times):.2f}")
    record_property("p99", f"{times[197]:.2f}")
    record_property("errors", len(refused))
