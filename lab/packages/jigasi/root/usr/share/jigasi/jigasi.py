#!/usr/bin/python3
"""STAND-IN for Jigasi, not Jitsi's own: a gateway that takes calls into rooms for real, without the room's sound.

It reads Jigasi's settings, registers at the SIP server, reports to jicofo, and takes each call into the room its header
names, by way of the lobby when there is one.  As the real one it leaves a call ringing until the focus would invite
it, which is when somebody else is there, and for 15 seconds when it is alone.  A caller hears himself in the room, and
silence before.  Left out: the room's media, anonymous logins, BOSH, visitors, calls out, transcription, spoken notices.
"""

import asyncio
import contextlib
import json
import logging
import os
import secrets
import shlex
import signal
import sys
import time

import sip
from standin import log as logs
from standin import web
from standin.properties import Properties
from standin.settings import SettingsError
from standin.xmpp import MUC, Client, Xml, XmppError, bare, domain_of, xml

HOME = os.path.dirname(os.path.abspath(__file__))
FOCUS = "http://jitsi.org/protocol/focus"
COLIBRI = "http://jitsi.org/protocol/colibri"
JIGASI = "http://jitsi.org/protocol/jigasi"
LOBBY = "{http://jitsi.org/jitmeet}lobbyroom"
OWN = "org.jitsi.jigasi."
STACK = "net.java.sip.communicator.impl.protocol."
EVENT = "telephone-event/8000"
OPTIONS = ("host", "domain", "logdir", "configdir", "configdirname", "min-port", "max-port", "configwritable")
EX_CONFIG = 78
REJOIN_SECONDS = 2
NAME_SECONDS = 1  # for the header that names the room
ALONE_SECONDS = 15
GOODBYE_SECONDS = 5  # who hung up is still seen for so long
MEDIA_SECONDS = 2  # between two looks whether sound comes


class Call:
    """A SIP call and its place in the room."""

    def __init__(self, gateway, invite, peer):
        self.gateway, self.invite, self.peer = gateway, invite, peer
        self.log = gateway.calls_log
        self.number, self.tag = invite.get("call-id"), secrets.token_hex(4)
        self.name = sip.display_name(invite.get("from"))
        self.nick = secrets.token_hex(4)
        self.client = self.room = self.lobby = self.sound = None
        self.answered = self.refused = self.ended_by_peer = False
        self.over, self.tasks, self.cseq = asyncio.Event(), set(), 0

    def spawn(self, coroutine):
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task):
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            self.log.error("call from %s failed", self.name, exc_info=task.exception())
            self.over.set()

    # -- SIP

    def _answer(self, status, **more):
        self.gateway.sip.answer(self.invite, self.peer, status, tag=self.tag, **more)

    async def run(self):
        """From the first ring to the last word."""
        self._answer(180)
        try:
            await self._play()
        except OSError as error:
            self.log.error("call from %s failed: %s", self.name, error)
        await self._finish()

    async def _play(self):
        offer = sip.Offer(self.invite.body)
        codec = next((name for name in self.gateway.codecs if name in offer.codecs and name in sip.SILENCE), None)
        if not codec:
            self._refuse(488)
            return
        if not await self._find_room():
            return
        self.sound = sip.Sound(codec, offer.codecs[codec], offer.peer)
        self.event = offer.codecs.get(EVENT)
        await self.sound.open(self.gateway.media_ports())
        self.spawn(self._enter())
        await self.over.wait()

    async def _find_room(self):
        """The room's address, or a refusal."""
        room = self.invite.get(self.gateway.room_header.lower())
        if not room:
            await asyncio.sleep(NAME_SECONDS)
            room = self.gateway.get("DEFAULT_JVB_ROOM_NAME")
        if not room or self.over.is_set():
            self.log.warning("call from %s names no room", self.name)
            self._refuse(486)
            return False
        self.address = bare(room if "@" in room else f"{room}@{self.gateway.get('MUC_SERVICE_ADDRESS', '')}")
        self.domain = domain_of(self.address).partition(".")[2]
        return True

    def _refuse(self, status):
        if not (self.answered or self.refused):
            self.refused = True
            self._answer(status)

    def accept(self):
        if not self.answered and not self.over.is_set():
            self.answered = True
            self.spawn(self._accept())

    async def _accept(self):
        here, sound = sip.local_address(self.sound.peer), self.sound
        channels = "/2" if sound.codec.startswith("opus") else ""
        formats, lines = [sound.number], [f"a=rtpmap:{sound.number} {sound.codec}{channels}"]
        if self.event is not None and EVENT in self.gateway.codecs:
            formats.append(self.event)
            lines += [f"a=rtpmap:{self.event} {EVENT}", f"a=fmtp:{self.event} 0-15"]
        sdp = ["v=0", f"o=jigasi 0 0 IN IP4 {here}", "s=-", f"c=IN IP4 {here}", "t=0 0",
               f"m=audio {sound.port} RTP/AVP {' '.join(map(str, formats))}", *lines, "a=ptime:20", "a=sendrecv",
               ""]  # fmt: skip
        contact = f"<sip:{self.gateway.sip_user}@{sip.local_address(self.peer)}:{self.gateway.sip.port};transport=udp>"
        headers = [("contact", contact), ("content-type", "application/sdp")]
        self.spawn(sound.run())
        self.spawn(self._listen())
        sure = await self.gateway.sip.confirm(
            self.invite, self.peer, tag=self.tag, headers=headers, body="\r\n".join(sdp)
        )
        if not sure:
            self.over.set()

    async def _listen(self):
        """Hangs up when no sound comes any more, where the settings say so."""
        threshold = self.gateway.get("SIP_MEDIA_DROPPED_THRESHOLD_MS", 10000) / 1000
        while True:
            await asyncio.sleep(MEDIA_SECONDS)
            if time.monotonic() - self.sound.heard > threshold:
                self.log.error("no sound comes from %s in %s", self.name, self.address)
                if self.gateway.get("HANGUP_SIP_ON_MEDIA_DROPPED", False):
                    self.over.set()

    def told(self, request, peer):
        """A request in this call."""
        if request.method in ("BYE", "CANCEL"):
            self.gateway.sip.answer(request, peer, 200, tag=self.tag)
            if request.method == "BYE" or not self.answered:
                self._refuse(487)
                self.ended_by_peer = True
                self.over.set()
        elif request.method in ("INFO", "OPTIONS"):
            self.gateway.sip.answer(request, peer, 200, tag=self.tag)
        else:  # a call is not changed here
            self.gateway.sip.answer(request, peer, 488 if request.method == "INVITE" else 405, tag=self.tag)

    async def _say_bye(self):
        self.cseq += 1
        target = sip.uri_of(self.invite.get("contact"))
        routes = self.invite.all("record-route")
        peer = sip.address_of(sip.uri_of(routes[0]) if routes else target)
        headers = [("from", f"{self.invite.get('to')};tag={self.tag}"), ("to", self.invite.get("from"))]
        headers += [("call-id", self.number), ("cseq", f"{self.cseq} BYE"), *(("route", route) for route in routes)]
        with contextlib.suppress(sip.SipError, OSError):
            await self.gateway.sip.request("BYE", target, peer, headers)

    async def _finish(self):
        self.gateway.gone(self)
        self._refuse(486)
        goodbye = None
        if self.answered and not self.ended_by_peer:
            goodbye = asyncio.get_running_loop().create_task(self._say_bye())
        if self.ended_by_peer and self.room:
            await asyncio.sleep(GOODBYE_SECONDS)
        for room in (self.room, self.lobby):
            if room and self.client.connected:
                room.leave()
        await asyncio.sleep(0)
        for task in list(self.tasks):
            task.cancel()
        if self.sound:
            self.sound.close()
        if goodbye:
            await goodbye
        self.gateway.announce()

    # -- the room

    async def _enter(self):
        gateway = self.gateway
        self.client = gateway.call_client(self.nick)
        self.client.on_login = self._join
        self.client.on_message = self._invited
        self.spawn(self._wait_no_longer())
        await self.client.run()

    async def _wait_no_longer(self):
        """A caller is not kept for ever: neither by the focus nor in the lobby."""
        timeout = self.gateway.get("JVB_INVITE_TIMEOUT", 30000) / 1000
        if timeout > 0:
            await asyncio.sleep(timeout)
            if not (self.room and self._others()):
                self.log.error("%s waited long enough for %s", self.name, self.address)
                self.over.set()

    def _presence(self):
        features = xml("features", None, *(xml("feature", {"var": var}) for var in (JIGASI, "urn:xmpp:jingle:dtmf:0")))
        header = xml("header", {"xmlns": "urn:xmpp:rayo:1", "name": "JigasiCallDirection", "value": "in"})
        initiator = xml("initiator", {"xmlns": JIGASI}, header)
        status = xml("status", None, "Connected" if self.answered else "Initializing Call")
        return Xml(self._nick() + features + initiator + status)

    def _nick(self):
        return xml("nick", {"xmlns": "http://jabber.org/protocol/nick"}, self.name)

    async def _join(self):
        """Asks the focus for the room and enters it, or its lobby."""
        try:
            question = xml("conference", {"xmlns": FOCUS, "room": self.address})
            await self.client.request("set", f"{self.gateway.focus}.{self.domain}", question)
        except XmppError as error:
            self.log.error("the focus does not come to %s: %s", self.address, error)
        if not self.client.connected:
            return
        try:
            self.room = await self.client.join(self.address, self.nick, self._presence(), self._changed)
        except XmppError as error:
            lobby = next(error.stanza.iter(LOBBY), None) if error.stanza is not None else None
            if error.condition == "registration-required" and lobby is not None and lobby.text:
                await self._wait_in(lobby.text)
            else:
                self.log.error("%s may not enter %s: %s", self.name, self.address, error)
                self.over.set()
            return
        self.log.info("%s is in %s", self.name, self.address)
        self.sound.echo = True
        self.gateway.announce()
        self._look()
        await asyncio.sleep(ALONE_SECONDS)
        self.accept()

    async def _wait_in(self, lobby):
        self.log.info("%s waits for %s", self.name, self.address)
        try:
            self.lobby = await self.client.join(lobby, self.nick, self._nick(), self._lobby_changed)
        except XmppError as error:
            self.log.error("%s may not wait for %s: %s", self.name, self.address, error)
            self.over.set()
            return
        self.accept()

    def _lobby_changed(self, room, nick):
        if nick is not None or self.lobby is not room:
            return
        self.lobby = None
        destroyed = room.farewell.find(f".//{{{MUC}#user}}destroy")
        if destroyed is not None and destroyed.get("jid"):
            self.spawn(self._join())
        else:  # sent away, or the meeting is over
            self.over.set()

    def _invited(self, message):
        """A moderator lets the caller in."""
        if message.find(f".//{{{MUC}#user}}invite") is not None and bare(message.get("from")) == self.address:
            lobby, self.lobby = self.lobby, None
            if lobby:
                lobby.leave()
                self.spawn(self._join())

    def _others(self):
        return [person for person in self.room.occupants.values() if person.nick != self.gateway.focus]

    def _changed(self, room, nick):
        if self.room is not room:
            return
        if nick is None:
            self.log.info("%s is no longer in %s", self.name, self.address)
            self.over.set()
        else:
            self._look(nick)

    def _look(self, nick=None):
        """Who else is there?"""
        others = self._others()
        if others:
            self.accept()
        left = nick is not None and nick not in self.room.occupants
        if left and not self.gateway.get("ALLOW_ONLY_JIGASIS_IN_ROOM", True) and all(map(self._is_caller, others)):
            self.log.info("only callers are left in %s", self.address)
            self.over.set()

    def _is_caller(self, person):
        features = {item.get("var") for item in person.presence.iter("{jabber:client}feature")}
        return JIGASI in features and domain_of(person.address) in self.gateway.get("TRUSTED_DOMAINS", [])


class Gateway:
    """The daemon: an account at the SIP server, one at jicofo's, and the calls."""

    def __init__(self, settings, options, log):
        self.settings, self.log = settings, log
        self.calls_log = logging.getLogger(OWN + "JvbConference")
        self.low, self.high = int(options.get("min-port", 10000)), int(options.get("max-port", 20000))
        self.account = settings.account(STACK + "sip")
        self.control = settings.account(STACK + "jabber")
        self.guest = settings.below(OWN + "xmpp.acc")
        self.focus = self.get("FOCUS_RESOURCE", "focus")
        self.room_header = self.account.get("JITSI_MEET_ROOM_HEADER_NAME", "Jitsi-Conference-Room")
        codecs = {name.partition(".")[2]: rank for name, rank in self.account.items() if name.startswith("Encodings.")}
        self.codecs = sorted((name for name, rank in codecs.items() if rank), key=codecs.get, reverse=True)
        self.calls, self.brewery, self.leaving, self.completed = {}, None, False, 0
        self.next_port = self.low + self.low % 2
        with open(os.path.join(HOME, "VERSION"), encoding="ascii") as text:
            self.version = text.read().strip()
        port = settings.get("net.java.sip.communicator.SIP_PREFERRED_CLEAR_PORT", 5060)
        self.secure_port = settings.get("net.java.sip.communicator.SIP_PREFERRED_SECURE_PORT", 5061)
        self.sip = sip.Stack(port, log)
        self.sip.on_invite, self.sip.on_request = self._invited, self._asked
        self.registration = self._registration()
        self.control_client = self._control_client()

    def get(self, name, default=None):
        return self.settings.get(OWN + name, default)

    def _needed(self, account, key, what):
        if not account.get(key):
            raise SettingsError(f"{self.settings.path}: {key} of {what} is missing")
        return account[key]

    def _registration(self):
        def need(key):
            return self._needed(self.account, key, "the SIP account")

        self.sip_user = need("USER_ID").partition("@")[0]
        server = need("SERVER_ADDRESS")
        if self.account.get("PREFERRED_TRANSPORT", "UDP") != "UDP":
            raise SettingsError(f"{self.settings.path}: PREFERRED_TRANSPORT other than UDP is left out here")
        return sip.Registration(
            self.sip, logging.getLogger(STACK + "sip.SipRegistrarConnection"), user=self.sip_user, server=server,
            peer=(self.account.get("PROXY_ADDRESS", server), self.account.get("PROXY_PORT", 5060)),
            password=need("PASSWORD"), method=self.account.get("KEEP_ALIVE_METHOD", "OPTIONS"),
            interval=self.account.get("KEEP_ALIVE_INTERVAL", 25),
        )  # fmt: skip

    # -- XMPP

    def _client(self, account, log, what, **about):
        """A login; the server is asked for the account's domain, at the address that overrides it."""
        user, _, domain = self._needed(account, "USER_ID", what).partition("@")
        trust = self.settings.get("net.java.sip.communicator.service.gui.ALWAYS_TRUST_MODE_ENABLED", False)
        host = account.get("SERVER_ADDRESS", domain) if account.get("IS_SERVER_OVERRIDDEN") else domain
        login = {"username": user, **about}
        return Client(log, host=host, port=account.get("SERVER_PORT", 5222), domain=domain, verify=not trust, **login)

    def _control_client(self):
        if not self.control:
            return None
        what = "the XMPP account"
        fixed = not self.control.get("AUTO_GENERATE_RESOURCE", True)
        resource = self._needed(self.control, "RESOURCE", what) if fixed else secrets.token_hex(4)
        client = self._client(
            self.control, logging.getLogger(OWN + "xmpp.CallControlMucActivator"), what,
            password=self._needed(self.control, "PASSWORD", what), resource=resource,
        )  # fmt: skip
        room = bare(self._needed(self.control, "BREWERY", what))

        async def enter():
            while client.connected:
                try:
                    self.brewery = await client.join(room, resource, self._stats())
                    return
                except XmppError as error:
                    client.log.error("cannot enter the brewery as %s: %s", resource, error)
                    await asyncio.sleep(REJOIN_SECONDS)

        client.on_login = enter
        return client

    def call_client(self, nick):
        """A login for one call, as whom the settings say."""
        if self.guest.get("ANONYMOUS_AUTH", True):
            raise SettingsError("anonymous logins are left out here")
        what = "org.jitsi.jigasi.xmpp.acc"
        client = self._client(
            self.guest, self.calls_log, what, password=self._needed(self.guest, "PASS", what), resource=nick
        )
        if self.guest.get("UNIQUE_USER_ID"):
            client.username += f"-{secrets.randbits(32):x}"
        return client

    def _stats(self):
        said = {
            "conferences": self.conferences, "participants": self.participants, "stress_level": self.conferences / 100,
            "graceful_shutdown": str(self.leaving).lower(), "version": self.version, "supports_transcription": "false",
            "supports_sip": str(self.get("ENABLE_SIP", True)).lower(),
        }  # fmt: skip
        stats = [xml("stat", {"name": name, "value": value}) for name, value in said.items()]
        return xml("stats", {"xmlns": COLIBRI}, *stats)

    def announce(self):
        if self.brewery and self.control_client.connected:
            self.brewery.update(self._stats())

    # -- SIP

    def media_ports(self):
        """Every port for media once, beginning behind the one that was asked for last."""
        ports = list(range(self.low + self.low % 2, self.high + 1, 2))
        start = ports.index(self.next_port) if self.next_port in ports else 0
        for port in ports[start:] + ports[:start]:
            self.next_port = port + 2
            yield port

    def _invited(self, invite, peer):
        if self.leaving:
            self.sip.answer(invite, peer, 486)
            return
        self.sip.answer(invite, peer, 100)
        call = self.calls[invite.get("call-id")] = Call(self, invite, peer)
        call.whole = asyncio.get_running_loop().create_task(call.run())

    def _asked(self, request, peer):
        call = self.calls.get(request.get("call-id"))
        if call and (request.method == "CANCEL" or sip.parameter(request.get("to"), "tag") == call.tag):
            call.told(request, peer)
        elif request.method == "OPTIONS":
            self.sip.answer(request, peer, 200)
        else:
            self.sip.answer(request, peer, 481)

    def gone(self, call):
        self.calls.pop(call.number, None)
        self.completed += 1
        if self.leaving and not self.calls:
            self.over.set()

    # -- HTTP

    @property
    def conferences(self):
        return sum(call.room is not None for call in self.calls.values())

    @property
    def participants(self):
        return sum(len(call.room.occupants) for call in self.calls.values() if call.room)

    def stats(self):
        return {
            "conferences": self.conferences, "participants": self.participants,
            "total_conferences_completed": self.completed, "graceful_shutdown": self.leaving,
        }  # fmt: skip

    def health(self):
        """As the real one, which without a number to try calls is never healthy."""
        if not self.get("HEALTH_CHECK_SIP_URI"):
            return 500, {"reason": "GW not ready."}
        if not self.registration.registered:
            return 500, {"reason": "SIP provider not registered."}
        return 200, {}

    def _shut_down(self, body):
        if not self.get("ENABLE_REST_SHUTDOWN", False):
            return 503
        if "graceful-shutdown" not in json.loads(body or "{}"):
            return 400
        self.leaving = True
        self.announce()
        if not self.calls:
            self.over.set()
        return 200

    async def run(self, properties):
        self.over = asyncio.Event()
        # As the real one it dies at once, whoever is in a call.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: os._exit(143))
        await web.serve(
            properties.get(OWN + "rest.host", "127.0.0.1"), int(properties.get(OWN + "rest.port", 8788)),
            {
                ("GET", "/about/health"): lambda _: self.health(),
                ("GET", "/about/stats"): lambda _: (200, self.stats()),
                ("POST", "/about/shutdown"): self._shut_down,
            },
        )  # fmt: skip
        running = []
        if self.get("ENABLE_SIP", True):
            await self.sip.open()
            for port in (self.sip.port, self.secure_port):  # over TCP and TLS it listens, too
                with contextlib.suppress(OSError):  # on another port then
                    await asyncio.start_server(lambda _, writer: writer.close(), "0.0.0.0", port)  # noqa: S104 - as the real one
            running.append(asyncio.create_task(self.registration.run()))
        if self.control_client:
            running.append(asyncio.create_task(self.control_client.run()))
        else:
            self.log.warning("no XMPP account with a brewery: no focus will know this gateway")
        self.log.info("memory limit %s", os.environ.get("JIGASI_MAX_MEMORY", "3072m (the default)"))
        await self.over.wait()
        for task in running:
            task.cancel()


def options_of(words):
    """--name=value, as the real one takes them."""
    options = dict(word.lstrip("-").partition("=")[::2] for word in words)
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        raise SettingsError(f"unknown option --{unknown[0]}")
    return options


def main():
    try:
        options = options_of(sys.argv[1:])
        words = shlex.split(os.environ.get("JAVA_SYS_PROPS", ""))
        properties = dict(word[2:].partition("=")[::2] for word in words if word.startswith("-D"))
        log = logs.setup("Jigasi", properties.get("java.util.logging.config.file"))
        folder = os.path.join(options.get("configdir", "."), options.get("configdirname", "jigasi-home"))
        settings = Properties(os.path.join(folder, "sip-communicator.properties"), os.path.join(HOME, "keys"))
        gateway = Gateway(settings, options, log)
    except (SettingsError, ValueError) as error:
        print(f"Jigasi STAND-IN: refused to start: {error}", file=sys.stderr)
        return EX_CONFIG
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(gateway.run(properties))
    return 0


if __name__ == "__main__":
    sys.exit(main())
