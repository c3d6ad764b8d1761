"""Bridges, recorders and gateways that were taken over: what their accounts are refused, and what they still may.

Each attempt is made from a login of the host's own, beside honest daemons, jicofo, a moderator and a guest in an open
room. It has to be refused, nobody may hear of it, and everybody has to be where they were.
"""

import asyncio
import re
import ssl
from xml.etree import ElementTree as ET

import pytest
from conftest import ROOM, House, accounts, opened, refusal
from rendering import render
from xmpp import DISCO, MUC, Refused, element, session

EXAMPLE = "example-services"  # with every kind of host that has an account
KINDS = {"bridge": "jvb", "recorder": "jibri", "gateway": "jigasi"}
MARK = "order-of-an-intruder"
ORDER = element("{urn:intruder}order", MARK)
JIBRI = "http://jitsi.org/protocol/jibri"
COMMANDS = "http://jabber.org/protocol/commands"


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    return render(EXAMPLE, tmp_path_factory.mktemp("compromised"), roles=["prosody"])


@pytest.fixture
def secret(rendered):
    """secret(option): a secret that prosody's configuration holds."""
    return lambda option: re.search(rf'{option} = "(.+)";', rendered.only("prosody.cfg.lua"))[1]


@pytest.fixture(autouse=True)
def daemons(prosody):
    """Every daemon has its account; the password is its name."""
    names = ["focus", *KINDS.values()]
    accounts(
        prosody.machine,
        {
            f"auth.{prosody.domain}": {name: name for name in names},
            f"recorder.{prosody.domain}": {"recorder": "recorder"},
        },
        {f"focus@auth.{prosody.domain}": [f"focus.{prosody.domain}"]},
    )


class World:
    """What an intruder meets: jicofo, an honest daemon of each kind, and a moderator and a guest in an open room."""

    def __init__(self, crowd):
        self.crowd, self.domain = crowd, crowd.domain
        self.room = crowd.address(ROOM)

    def brewery(self, kind):
        return f"{KINDS[kind]}brewery@internal.auth.{self.domain}"

    async def log_in(self, name, host="auth", password=None):
        house = House(f"{host}.{self.domain}", {name: password or name}, self.domain)
        return await self.crowd._come(house, name)

    async def begin(self):
        self.focus, self.anna = await opened(self.crowd, "anna")
        self.guest = await self.crowd.guest()
        await self.guest.join(self.room)
        self.honest = {}
        for kind, name in KINDS.items():
            await self.focus.join(self.brewery(kind), "focus")
            self.honest[kind] = await self.log_in(name)
            await self.honest[kind].join(self.brewery(kind), f"{name}-1")
        await self.focus.until(lambda: all(self.focus.others(self.brewery(kind)) for kind in KINDS))
        self.witnesses = [self.focus, self.anna, self.guest, *self.honest.values()]
        self.heard = [asyncio.ensure_future(one.expect(is_marked)) for one in self.witnesses]
        return self

    async def check(self, intruder):
        """Nobody heard of the intruder, and everybody is where they were."""
        await refusal(intruder.request(f"conference.{self.domain}", ORDER, "get"))  # all before it was gone through
        for witness in self.witnesses:
            await refusal(witness.request(witness.client.boundjid.host, element("{urn:xmpp:ping}ping"), "get"))
        assert not [w.address for w, heard in zip(self.witnesses, self.heard, strict=True) if heard.done()]
        for heard in self.heard:
            heard.cancel()
        for kind, name in KINDS.items():
            assert self.focus.role(self.brewery(kind)) == "moderator"
            assert self.focus.others(self.brewery(kind)) <= {f"{name}-1", "intruder"}
            assert self.honest[kind].role(self.brewery(kind)) == "participant"
        assert self.focus.role(self.room) == self.anna.role(self.room) == "moderator"
        assert self.anna.others(self.room) - {intruder.nick} == {self.guest.nick} - {intruder.nick}


def is_marked(xml):
    return MARK in ET.tostring(xml, encoding="unicode") and xml.get("type") != "error"


async def unheard(intruder, kind, to, *children, **attributes):
    """Sends what the server may drop without a word; whether somebody hears it, the world's check finds."""
    intruder.send(kind, to, *children, **attributes)
    raise Refused("silence")


def say(world, intruder, kind):
    return unheard(intruder, "message", world.brewery(kind), element("body", MARK), type="groupchat")


def ban(world, intruder, kind):
    return intruder.change(world.brewery(kind), affiliation="outcast", jid=world.honest[kind].address)


def other(kind):
    return {"bridge": "recorder", "recorder": "gateway", "gateway": "bridge"}[kind]


def invitation(address):
    return element(
        f"{{{MUC}#user}}x", element(f"{{{MUC}#user}}invite", element(f"{{{MUC}#user}}reason", MARK), to=address)
    )


def registration(name):
    register = "{jabber:iq:register}"
    fields = (element(f"{register}username", name), element(f"{register}password", MARK))
    return element(f"{register}query", *fields)


# What each of them tries: a function of the world, the intruder, who is in the room of its kind, and the kind.
ATTEMPTS = {
    "kick jicofo": lambda w, i, k: i.change(w.brewery(k), nick="focus", role="none"),
    "ban its own kind": ban,
    "ban another kind": lambda w, i, k: ban(w, i, other(k)),
    "become owner": lambda w, i, k: i.change(w.brewery(k), jid=i.address, affiliation="owner"),
    "configure the room of its kind": lambda w, i, k: i.configure(w.brewery(k), membersonly="1"),
    "end the room of its kind": lambda w, i, k: i.own(w.brewery(k), element(f"{{{MUC}#owner}}destroy")),
    "register jicofo's nick": lambda w, i, k: i.request(w.brewery(k), registration("focus")),
    "pose as another kind": lambda w, i, k: i.join(w.brewery(other(k)), "intruder"),
    "pose as jicofo": lambda w, i, k: i.join(w.brewery(k), "focus"),
    "give its own kind orders": lambda w, i, k: i.request(f"{w.brewery(k)}/{w.honest[k].nicks[w.brewery(k)]}", ORDER),
    "give another kind orders": lambda w, i, k: i.request(f"{w.brewery(other(k))}/{KINDS[other(k)]}-1", ORDER),
    "order its own kind by the account": lambda w, i, k: i.request(w.honest[k].client.boundjid.full, ORDER),
    "order another kind by the account": lambda w, i, k: i.request(w.honest[other(k)].client.boundjid.full, ORDER),
    "write to its own account": lambda w, i, k: unheard(i, "message", i.address, element("body", MARK)),
    "write to its own kind": say,
    "invite a guest": lambda w, i, k: unheard(i, "message", w.brewery(k), invitation(w.guest.client.boundjid.full)),
    "write to a guest": lambda w, i, k: unheard(i, "message", w.guest.client.boundjid.full, element("body", MARK)),
    "show itself to a moderator": lambda w, i, k: unheard(i, "presence", w.anna.address, element("status", MARK)),
    "ask jicofo for a conference": lambda w, i, k: i.ask_focus(w.room),
    "order jicofo by its account": lambda w, i, k: i.request(w.focus.client.boundjid.full, ORDER),
    "enter a meeting": lambda w, i, k: i.join(w.room),
    "enter a meeting as jicofo": lambda w, i, k: i.join(w.room, "focus"),
    "open a meeting": lambda w, i, k: i.knock(w.crowd.address("new")),
    "open a breakout room": lambda w, i, k: i.knock(w.crowd.address("new", "breakout")),
    "open a lobby": lambda w, i, k: i.knock(w.crowd.address("new", "lobby")),
    "open a room beside those of the kinds": lambda w, i, k: i.knock(w.crowd.address("new", "internal.auth")),
    "register an account beside its own": lambda w, i, k: i.request(f"auth.{w.domain}", registration("new")),
    "register an account among the people": lambda w, i, k: i.request(w.domain, registration("new")),
    "command the server": lambda w, i, k: i.request(f"auth.{w.domain}", element(f"{{{COMMANDS}}}command", node="x")),
    "command the people's host": lambda w, i, k: i.request(w.domain, element(f"{{{COMMANDS}}}command", node="x")),
    "ask for a relay's credentials": lambda w, i, k: i.services(),
    "log in as jicofo": lambda w, i, k: w.log_in("focus", password=KINDS[k]),
    "log in as another kind": lambda w, i, k: w.log_in(KINDS[other(k)], password=KINDS[k]),
    "log in as a moderator": lambda w, i, k: w.crowd._come(House(w.domain, {"anna": KINDS[k]}, w.domain), "anna"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_daemons_account_is_refused(play, kind):
    async def scene(crowd):
        world = await World(crowd).begin()
        intruder = await world.log_in(KINDS[kind])
        await intruder.join(world.brewery(kind), "intruder")
        succeeded = []
        for name, attempt in ATTEMPTS.items():
            try:
                await attempt(world, intruder, kind)
                succeeded.append(name)
            except Refused:
                continue
        assert not succeeded
        await world.check(intruder)

    play(scene, 120)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_takes_jicofos_place_while_it_is_away(play, kind):
    async def scene(crowd):
        world = World(crowd)
        intruder = await world.log_in(KINDS[kind])
        assert await refusal(intruder.join(world.brewery(kind), "focus")) == "not-allowed"
        await intruder.join(world.brewery(kind), "intruder")
        assert intruder.affiliation(world.brewery(kind)) == "none", "whoever comes first owns the room"
        intruder.present(world.brewery(kind), "focus")
        assert await refusal(intruder.request(world.brewery(kind), ORDER)) == "not-allowed"
        assert intruder.nicks[world.brewery(kind)] == "intruder"

    play(scene)


@pytest.mark.parametrize("kind", KINDS)
def test_a_daemon_does_its_work(play, kind):
    """jicofo sees it and gives it orders, and it reports to jicofo, whoever of the two came first."""

    async def scene(crowd):
        world = World(crowd)
        room, name = world.brewery(kind), KINDS[kind]
        daemon = await world.log_in(name)
        # What Smack asks before it enters a room (MultiUserChat.enter), and gives up without.
        service = await daemon.request(f"internal.auth.{world.domain}", element(f"{{{DISCO}}}query"), "get")
        assert MUC in {feature.get("var") for feature in service.iter(f"{{{DISCO}}}feature")}
        await daemon.join(room, f"{name}-1")
        focus = await crowd.focus()
        await focus.join(room, "focus")
        await focus.configure(room, whois="anyone")  # as it does
        assert focus.others(room) == {f"{name}-1"}
        for sender, recipient, nick in ((focus, daemon, f"{name}-1"), (daemon, focus, "focus")):
            arrived = recipient.expect(is_marked)
            answered = asyncio.ensure_future(refusal(sender.request(f"{room}/{nick}", ORDER)))
            assert (await arrived).get("from").startswith(f"{room}/")
            assert await answered in ("feature-not-implemented", "service-unavailable")  # by the other's client
        ping = element("{urn:xmpp:ping}ping")
        await daemon.request(f"auth.{world.domain}", ping, "get")

    play(scene)


def test_nobody_of_the_people_reaches_a_daemons_account(play):
    async def scene(crowd):
        world = await World(crowd).begin()
        for person in (world.guest, world.anna):
            for daemon in world.honest.values():
                assert await refusal(person.request(daemon.client.boundjid.full, ORDER)) == "not-allowed"
                person.send("message", daemon.client.boundjid.full, element("body", MARK))
                person.send("message", daemon.address, element("body", MARK))
                person.send("presence", daemon.address, element("status", MARK), type="subscribe")
        await world.check(world.guest)

    play(scene)


async def order(world, action, room):
    """jicofo has the recorder begin or end a recording, whatever the recorder answers."""
    jibri = element(f"{{{JIBRI}}}jibri", action=action, room=room)
    await refusal(world.focus.request(f"{world.brewery('recorder')}/jibri-1", jibri))


async def recorder_and_meeting(crowd):
    """A meeting that anna has opened, and a recorder: the session that reports to jicofo and the one that records."""
    world = World(crowd)
    world.focus, anna = await opened(crowd, "anna")
    await world.focus.join(world.brewery("recorder"), "focus")
    jibri, recorder = await world.log_in("jibri"), await world.log_in("recorder", "recorder")
    await jibri.join(world.brewery("recorder"), "jibri-1")
    return world, anna, jibri, recorder


def test_a_recorder_enters_only_the_room_that_it_records(play, prosody):
    prosody.follow(rooms={"lobby": True})

    async def scene(crowd):
        world, _, jibri, recorder = await recorder_and_meeting(crowd)
        assert await refusal(recorder.join(world.room)) == "not-allowed"
        await order(world, "start", crowd.address("other"))
        assert await refusal(recorder.join(world.room)) == "not-allowed"
        await refusal(
            jibri.request(
                f"{world.brewery('recorder')}/jibri-1", element(f"{{{JIBRI}}}jibri", action="start", room=world.room)
            )
        )
        assert await refusal(recorder.join(world.room)) == "not-allowed", "a recorder gives the order itself"
        await order(world, "start", world.room)
        await recorder.join(world.room)
        assert recorder.role(world.room) == "participant"
        await order(world, "stop", world.room)
        await recorder.leave(world.room)
        assert await refusal(recorder.join(world.room)) == "not-allowed"

    play(scene)


def test_a_recorder_has_no_key_to_the_next_meeting_in_the_room(play):
    async def scene(crowd):
        world, anna, _, recorder = await recorder_and_meeting(crowd)
        await order(world, "start", world.room)
        await anna.leave(world.room)
        await world.focus.leave(world.room)
        await world.focus.join(world.room, "focus")
        assert await refusal(recorder.join(world.room)) == "not-allowed"

    play(scene)


# What a host tries that is rightly in the meeting: the recorder while it records, and a gateway by a caller.
ATTEMPTS_OF_A_GUEST = {
    "become moderator": lambda w, i: i.change(w.room, role="moderator", nick=i.nick),
    "become owner": lambda w, i: i.change(w.room, affiliation="owner", jid=i.address),
    "make a guest moderator": lambda w, i: i.change(w.room, role="moderator", nick=w.guest.nick),
    "kick jicofo": lambda w, i: i.change(w.room, role="none", nick="focus"),
    "kick a moderator": lambda w, i: i.change(w.room, role="none", nick=w.anna.nick),
    "ban a guest": lambda w, i: i.change(w.room, affiliation="outcast", jid=w.guest.address),
    "configure the meeting": lambda w, i: i.configure(w.room, membersonly="1"),
    "end the meeting": lambda w, i: i.own(w.room, element(f"{{{MUC}#owner}}destroy")),
    "take jicofo's nick": lambda w, i: take_nick(w, i, "focus"),
    "take a moderator's nick": lambda w, i: take_nick(w, i, w.anna.nick),
    "open another meeting": lambda w, i: i.knock(w.crowd.address("new")),
    "open a breakout room": lambda w, i: i.knock(w.crowd.address("new", "breakout")),
    "open a lobby": lambda w, i: i.knock(w.crowd.address("new", "lobby")),
    "pose as a bridge": lambda w, i: i.knock(w.brewery("bridge")),
    "pose as a recorder": lambda w, i: i.knock(w.brewery("recorder")),
    "pose as a gateway": lambda w, i: i.knock(w.brewery("gateway")),
    "order a bridge": lambda w, i: i.request(w.honest["bridge"].client.boundjid.full, ORDER),
    "order a recorder": lambda w, i: i.request(f"{w.brewery('recorder')}/jibri-1", ORDER),
    "register an account": lambda w, i: i.request(w.domain, registration("new")),
    "command the server": lambda w, i: i.request(w.domain, element(f"{{{COMMANDS}}}command", node="x")),
}


async def take_nick(world, intruder, nick):
    """The room's answer to a change of the nick, which is an error or another presence."""
    identifier = intruder.present(world.room, nick)
    answer = await intruder.expect(lambda xml: xml.get("id") == identifier or xml.get("from") == f"{world.room}/{nick}")
    if answer.get("type") == "error":
        raise Refused("conflict")


@pytest.mark.parametrize("kind", ["recorder", "gateway"])
def test_who_is_in_the_meeting_for_a_host_is_a_guest(play, secret, kind):
    async def scene(crowd):
        world = await World(crowd).begin()
        if kind == "recorder":
            await order(world, "start", world.room)
            intruder = await world.log_in("recorder", "recorder")
        else:
            intruder = await world.log_in("caller-1", "gateway", secret("shared_secret"))
        await intruder.join(world.room)
        succeeded = []
        for name, attempt in ATTEMPTS_OF_A_GUEST.items():
            try:
                await attempt(world, intruder)
                succeeded.append(name)
            except Refused:
                continue
        assert not succeeded
        assert intruder.role(world.room) == "participant"
        await world.check(intruder)

    play(scene, 120)


@pytest.mark.parametrize("host", ["auth", "recorder", "gateway", ""])
def test_a_relays_secret_logs_in_nowhere(prosody, secret, host):
    """A relay shares a secret with prosody, which is nobody's password."""
    domain = f"{host}.{prosody.domain}".lstrip(".")

    async def log_in(name):
        house = House(domain, {name: secret("external_service_secret")}, prosody.domain)
        async with session(house, "websocket", ssl.create_default_context(), name):
            return True

    for name in ("focus", "jvb", "jibri", "jigasi", "recorder", "anna"):
        with pytest.raises(Refused):
            prosody.inside.run(log_in(name))
