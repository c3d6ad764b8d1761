#!/usr/bin/python3
"""STAND-IN for jicofo, not Jitsi's own: the conference focus without media.

It reads jicofo's settings, logs in to prosody, counts the bridges, opens the rooms people ask for, gives them their
owners and hands recordings to recorders.  Left out: everything about media (Jingle, Colibri), visitors, tokens,
REST beyond status.
"""

import asyncio
import contextlib
import logging
import os
import sys
import time
import uuid

from standin import log as logs
from standin import web
from standin.settings import Settings, SettingsError, java_properties
from standin.xmpp import MUC, NOTHING, Client, XmppError, bare, domain_of, xml

HOME = os.path.dirname(os.path.abspath(__file__))
FOCUS = "http://jitsi.org/protocol/focus"
COLIBRI = "{http://jitsi.org/protocol/colibri}"
HEALTH = "http://jitsi.org/protocol/healthcheck"
JIBRI = "http://jitsi.org/protocol/jibri"
COLIBRI2 = "jitsi:colibri2"
MUTES = ("http://jitsi.org/jitmeet/audio", "http://jitsi.org/jitmeet/video")
RECORDER_HEALTH = "http://jitsi.org/protocol/health"
EX_CONFIG = 78


class Recording:
    """One recording or stream of a conference, on one recorder after the other until one can."""

    def __init__(self, conference, asker, mode, stream):
        self.conference, self.focus, self.asker = conference, conference.focus, asker
        self.mode, self.stream = mode, stream
        self.number, self.recorder, self.left = str(uuid.uuid4()), None, self.focus.recording_tries

    def show(self, status, reason=None):
        about = {"session_id": self.number, "recording_mode": self.mode, "initiator": self.asker}
        about["failure_reason"] = reason
        self.conference.room.update(xml("jibri-recording-status", {"xmlns": JIBRI, "status": status, **about}))

    async def start(self):
        """Asks recorders in turn; raises XmppError when none can."""
        while True:
            self.recorder = self.focus.free_recorder()
            if not self.recorder:
                raise XmppError("resource-constraint" if self.focus.recorders() else "service-unavailable")
            self.left -= 1
            about = {
                "action": "start",
                "recording_mode": self.mode,
                "room": self.conference.address,
                "streamid": self.stream,
            }
            try:
                answer = await self._ask(about | {"session_id": self.number})
                if answer[0].get("status") == "pending":
                    return
            except XmppError as error:
                self.focus.log.warning("recorder %s: %s", self.recorder, error)
            if self.left < 0:
                raise XmppError("internal-server-error")

    def _ask(self, about):
        to = f"{self.focus.breweries['jibri']}/{self.recorder}"
        return self.focus.client.request("set", to, xml("jibri", {"xmlns": JIBRI, **about}), timeout=60)

    async def stop(self):
        with contextlib.suppress(XmppError):
            await self._ask({"action": "stop"})
        self.end()

    def told(self, status, reason):
        """What its recorder says."""
        if status == "on":
            self.show("on")
        elif status == "off" and reason and self.left > 0:
            self.focus.client.spawn(self.again())
        elif status == "off":
            self.end(reason)

    async def again(self):
        try:
            await self.start()
        except XmppError:
            self.end("error")

    def end(self, reason=None):
        if self.conference.recording is self:
            self.conference.recording = None
            self.show("off", reason)


class Place:
    """Where a conference's media would flow: a bridge that is told of everybody who comes and goes."""

    def __init__(self, conference):
        self.conference, self.focus = conference, conference.focus
        self.meeting, self.lock = str(uuid.uuid4()), asyncio.Lock()
        self.bridge, self.endpoints = None, set()

    def _choose(self):
        """An operational bridge with few conferences, or None; of these one that is not drained, if there is any."""
        places = [conference.place.bridge for conference in self.focus.conferences.values()]
        fit = {nick: said for nick, said, fine in self.focus.bridges() if fine and said.get("shutting_down") != "true"}
        for unwanted in ("drain", "graceful_shutdown"):
            fit = {nick: said for nick, said in fit.items() if said.get(unwanted) != "true"} or fit
        return min(fit, key=places.count, default=None)

    async def leave(self, number):
        """Has so many people invited anew. Those who stay keep the bridge, and with it the others."""
        async with self.lock:
            gone = sorted(self.endpoints)[:number]
            expired = [xml("endpoint", {"id": nick, "expire": "true"}) for nick in gone]
            where = f"{self.focus.breweries['bridge']}/{self.bridge}"
            about = {"xmlns": COLIBRI2, "meeting-id": self.meeting}
            with contextlib.suppress(XmppError):
                await self.focus.client.request("set", where, xml("conference-modify", about, *expired))
            self.endpoints -= set(gone)
            self.bridge = self.bridge if self.endpoints else None
        self.conference.move()

    async def update(self, people):
        """Has the bridge know these people; one that is gone or not healthy is replaced."""
        async with self.lock:
            if self.bridge and not self.focus.holds(self.bridge):
                self.bridge, self.endpoints = None, set()
            new = not self.bridge
            if new and len(people) >= self.focus.least_people:
                self.bridge = self._choose()
            if not self.bridge or people == self.endpoints:
                return
            gone = [xml("endpoint", {"id": nick, "expire": "true"}) for nick in sorted(self.endpoints - people)]
            come = [xml("endpoint", {"id": nick, "create": "true"}) for nick in sorted(people - self.endpoints)]
            about = {"xmlns": COLIBRI2, "meeting-id": self.meeting}
            about |= {"create": "true", "name": self.conference.address} if new else {}
            self.endpoints = people
            try:
                where = f"{self.focus.breweries['bridge']}/{self.bridge}"
                await self.focus.client.request("set", where, xml("conference-modify", about, *gone, *come))
            except XmppError as error:
                about = {"room": self.conference.address, "meeting_id": self.meeting}
                where = logging.getLogger("org.jitsi.jicofo.bridge.colibri.ColibriV2SessionManager")
                where.warning("bridge refused: %s", error.condition, extra={"about": about})


class Conference:
    """One room the focus is in."""

    def __init__(self, focus, address):
        self.focus, self.address = focus, address
        self.owners = set()
        self.started = time.monotonic()
        self.room = self.recording = None
        self.place = Place(self)
        self.ready = focus.client.spawn(self._open())

    async def _open(self):
        client = self.focus.client
        self.room = await client.join(self.address, client.username, on_change=self._changed)
        self.focus.log.info("conference %s is open", self.address)
        if not self.people:
            client.spawn(self._give_up())

    async def _give_up(self):
        await asyncio.sleep(self.focus.initial_timeout)
        if not self.people and self.focus.conferences.get(self.address) is self:
            self.focus.log.info("nobody came to %s", self.address)
            self.focus.close(self)

    @property
    def people(self):
        everybody = self.room.occupants.values() if self.room else []
        return [person for person in everybody if domain_of(person.address) not in self.focus.hidden]

    def _changed(self, room, nick):
        self.room = room
        if nick is None:
            self.focus.log.info("room %s is gone", self.address)
            self.focus.close(self)
        elif not self.people:
            self.focus.log.info("everybody has left %s", self.address)
            self.focus.close(self)
        else:
            self._warn(nick)
            self._grant()
            self.move()

    def move(self):
        self.focus.client.spawn(self.place.update({person.nick for person in self.people}))

    def _warn(self, nick):
        """What upstream warns of in ordinary meetings, with the context it prints on every line."""
        about = {"room": self.address, "meeting_id": self.place.meeting, "occupant": nick}
        logging.getLogger("org.jitsi.jicofo.conference.ParticipantInviteRunnable").warning(
            "Can not allocate colibri channels, conference already exists.", extra={"about": about}
        )
        logging.getLogger("org.jitsi.jicofo.xmpp.muc.ChatRoomMemberImpl").warning(
            "Video codec list of %s/%s does not contain vp8! Adding manually.", self.address, nick
        )
        logging.getLogger("org.jitsi.jicofo.conference.JitsiMeetConferenceImpl").warning(
            "Member %s has no longer a session.", nick
        )

    def _grant(self):
        """Makes owners of whom the settings say: every authenticated person, or else the first one there."""
        people = self.people
        if self.focus.login_domain:
            chosen = [person for person in people if domain_of(person.address) == self.focus.login_domain]
        elif self.focus.auto_owner and not any(person.affiliation == "owner" for person in people):
            chosen = [] if any(bare(person.address) in self.owners for person in people) else people[:1]
        else:
            chosen = []
        for person in chosen:
            address = bare(person.address)
            if address and person.affiliation != "owner" and address not in self.owners:
                self.owners.add(address)
                self.focus.client.spawn(self._make_owner(address))

    async def _make_owner(self, address):
        item = xml("item", {"affiliation": "owner", "jid": address})
        await self.focus.client.request("set", self.address, xml("query", {"xmlns": f"{MUC}#admin"}, item))
        self.focus.log.info("%s is owner of %s", address, self.address)


class Focus:
    """The daemon: one login, the breweries and the conferences."""

    def __init__(self, settings, log):
        self.settings, self.log = settings, log
        get, need = settings.get, settings.need
        prefix = "jicofo.xmpp.client."
        self.domain = need(prefix + "xmpp-domain")
        self.proxy = get(prefix + "client-proxy")
        self.auto_owner = get("jicofo.conference.enable-auto-owner", True)
        self.initial_timeout = get("jicofo.conference.initial-timeout", 15)
        self.hidden = set(get("jicofo.xmpp.trusted-domains", []))
        self.least_people = get("jicofo.conference.min-participants", 2)
        self.recording_tries = get("jicofo.jibri.num-retries", 5)
        self.login_domain = None
        if get("jicofo.authentication.enabled", False):
            if get("jicofo.authentication.type", "NONE") == "NONE":
                raise SettingsError(f"{settings.path}: jicofo.authentication.type must be XMPP or JWT")
            self.login_domain = bare(need("jicofo.authentication.login-url"))
        self.breweries = {
            kind: bare(get(f"jicofo.{kind}.brewery-jid"))
            for kind in ("bridge", "jibri", "jibri-sip", "jigasi")
            if get(f"jicofo.{kind}.brewery-jid")
        }
        self.client = Client(
            log,
            host=get(prefix + "hostname", "localhost"),
            port=get(prefix + "port", 5222),
            domain=need(prefix + "domain"),
            username=get(prefix + "username", "focus"),
            password=need(prefix + "password"),
            resource=get(prefix + "resource", get(prefix + "username", "focus")),
            verify=not get(prefix + "disable-certificate-verification", False),
            tls=get(prefix + "use-tls", True),
        )
        self.client.on_login, self.client.on_loss = self._logged_in, self._lost
        self.client.handle(FOCUS, "conference", self._requested)
        self.client.handle(JIBRI, "jibri", self._recording)
        for namespace in MUTES:
            self.client.handle(namespace, "mute", self._mute)
        self.conferences, self.rooms = {}, {}
        self.known, self.sick = set(), set()  # bridges by nick
        self.watchers = {"bridge": self._bridge_changed, "jibri": self._recorder_changed}
        self.lost_bridges = 0
        with open(os.path.join(HOME, "VERSION"), encoding="ascii") as text:
            self.version = text.read().strip()

    # -- XMPP

    async def _logged_in(self):
        for kind, address in self.breweries.items():
            try:
                self.rooms[kind] = await self.client.join(
                    address, self.client.username, on_change=self.watchers.get(kind)
                )
                self.log.info("in the %s brewery %s", kind, address)
            except XmppError as error:
                self.log.error("cannot enter the %s brewery %s: %s", kind, address, error)

    def _lost(self):
        for memory in (self.conferences, self.rooms, self.known, self.sick):
            memory.clear()

    def _bridge_changed(self, room, nick):
        self.rooms["bridge"] = room
        for gone in self.known - room.occupants.keys():
            self.known.discard(gone)
            self.sick.discard(gone)
            self.lost_bridges += 1
            self.log.info("bridge %s has left", gone)
            self._move_from(gone)
        if nick in room.occupants and nick not in self.known:
            self.known.add(nick)
            self.log.info("bridge %s: %s", nick, self.stats_of(room.occupants[nick]))
            self.client.spawn(self._check(room, nick))

    async def _check(self, room, nick):
        """Asks the bridge whether it is healthy, as long as it is there."""
        settings = self.settings
        if not settings.get("jicofo.bridge.health-checks.enabled", True):
            return
        interval = settings.get("jicofo.bridge.health-checks.interval", 10)
        while nick in room.occupants and self.rooms.get("bridge") is room:
            try:
                await self.client.request("get", f"{room.address}/{nick}", xml("healthcheck", {"xmlns": HEALTH}))
                if nick in self.sick:
                    self.log.info("bridge %s is healthy again", nick)
                self.sick.discard(nick)
            except XmppError as error:
                if nick in room.occupants and nick not in self.sick:
                    self.log.warning("bridge %s is not healthy: %s", nick, error)
                    self.sick.add(nick)
                    self._move_from(nick)
            await asyncio.sleep(interval)

    def _move_from(self, bridge):
        for conference in self.conferences.values():
            if conference.place.bridge == bridge:
                conference.move()

    def move_fraction(self, query):
        """Has a part of a bridge's people invited anew, those of large conferences first; how many, of how many."""
        bridge = query.get("bridge", "").rpartition("/")[2]
        if not bridge:
            return 400, ""
        if bridge not in self.known:
            return 404, "Bridge not found"
        there = {place: len(place.endpoints) for place in self.places() if place.bridge == bridge and place.endpoints}
        left, moved = round(float(query.get("fraction", 0.1)) * sum(there.values())), {}
        for place in sorted(there, key=there.get, reverse=True):
            moved |= {place: min(there[place], left)} if left else {}
            left -= moved.get(place, 0)
        for place, number in moved.items():
            self.client.spawn(place.leave(number))
        return 200, {"movedEndpoints": sum(moved.values()), "conferences": len(moved)}

    def places(self):
        return [conference.place for conference in self.conferences.values()]

    def holds(self, bridge):
        """Whether conferences may stay on the bridge: one that is drained keeps them."""
        return bridge in self.known and bridge not in self.sick

    async def _mute(self, iq):
        """A moderator has somebody muted, who is told by whom; everybody else is refused."""
        where, _, nick = iq.get("from", "").partition("/")
        conference = self.conferences.get(where)
        asker = conference and conference.room.occupants.get(nick)
        if not asker:
            raise XmppError("item-not-found")
        target = iq[0].get("jid", "")
        if target.partition("/")[2] not in conference.room.occupants:
            raise XmppError("item-not-found")
        if target != iq.get("from") and asker.role != "moderator":
            raise XmppError("not-allowed")
        about = {"xmlns": iq[0].tag[1:].partition("}")[0], "jid": target, "actor": iq.get("from")}
        await self.client.request("set", target, xml("mute", about, iq[0].text or ""))
        return NOTHING

    async def _requested(self, iq):
        asker = iq.get("from")
        if self.proxy and bare(asker) == bare(self.proxy):
            asker = asker.partition("/")[2]
        address = bare(iq[0].get("room", ""))
        if not address:
            raise XmppError("bad-request")
        properties = {"authentication": "false"}
        attributes = {"xmlns": FOCUS, "room": address, "focusjid": bare(self.client.address), "ready": "true"}
        if self.login_domain:
            properties = {"authentication": "true", "externalAuth": "false"}
            if domain_of(asker) == self.login_domain:
                attributes["identity"] = bare(asker)
            elif address not in self.conferences:
                self.log.info("%s may not open %s", asker, address)
                raise XmppError("not-authorized")
        self.log.info("%s asks for %s", asker, address)
        conference = self.conferences.get(address) or Conference(self, address)
        self.conferences[address] = conference
        try:
            await asyncio.shield(conference.ready)
        except XmppError as error:
            self.log.error("cannot open %s: %s", address, error)
            self.conferences.pop(address, None)
            attributes["ready"] = "false"
        return xml(
            "conference",
            attributes,
            *(xml("property", {"name": name, "value": value}) for name, value in properties.items()),
        )

    # -- recordings

    async def _recording(self, iq):
        """What a moderator asks for, or a recorder tells."""
        where, _, nick = iq.get("from", "").partition("/")
        if where == self.breweries.get("jibri"):
            for recording in [conference.recording for conference in self.conferences.values()]:
                if recording and recording.recorder == nick:
                    recording.told(iq[0].get("status"), iq[0].get("failure_reason"))
            return xml("jibri", {"xmlns": JIBRI})
        conference = self.conferences.get(bare(where))
        person = conference and conference.room.occupants.get(nick)
        if not person:
            raise XmppError("forbidden")
        if person.role != "moderator":
            raise XmppError("not-allowed")
        if iq[0].get("action") == "stop":
            if not conference.recording:
                raise XmppError("item-not-found")
            self.client.spawn(conference.recording.stop())
            return NOTHING
        return await self._start_recording(conference, iq)

    async def _start_recording(self, conference, iq):
        mode, stream = iq[0].get("recording_mode"), iq[0].get("streamid") or None
        if iq[0].get("action") != "start" or mode not in ("file", "stream") or (mode == "stream") != bool(stream):
            raise XmppError("bad-request")
        if conference.recording:
            raise XmppError("unexpected-request")
        conference.recording = Recording(conference, iq.get("from"), mode, stream)
        try:
            await conference.recording.start()
        except XmppError:
            conference.recording = None
            raise
        conference.recording.show("pending")
        return xml("jibri", {"xmlns": JIBRI, "session_id": conference.recording.number})

    def _recorder_changed(self, room, nick):
        self.rooms["jibri"] = room
        for conference in self.conferences.values():
            recording = conference.recording
            if recording and recording.recorder and recording.recorder not in room.occupants:
                self.log.info("recorder %s has left", recording.recorder)
                recording.recorder = None
                self.client.spawn(recording.again())

    def recorders(self):
        """The recorders in the brewery: name, and whether it may be given a recording."""
        room = self.rooms.get("jibri")
        return {
            nick: occupant.presence.find(f".//{{{JIBRI}}}busy-status").get("status") == "idle"
            and occupant.presence.find(f".//{{{RECORDER_HEALTH}}}health-status").get("status") == "healthy"
            for nick, occupant in (room.occupants if room else {}).items()
            if occupant.presence.find(f".//{{{JIBRI}}}busy-status") is not None
        }

    def free_recorder(self):
        return next((nick for nick, idle in self.recorders().items() if idle), None)

    def close(self, conference):
        if self.conferences.get(conference.address) is conference:
            del self.conferences[conference.address]
            if conference.recording:
                self.client.spawn(conference.recording.stop())
            self.client.spawn(conference.place.update(set()))
            if conference.room and self.client.connected:
                conference.room.leave()

    # -- status

    @staticmethod
    def stats_of(occupant):
        return {item.get("name"): item.get("value") for item in occupant.presence.iter(f"{COLIBRI}stat")}

    def bridges(self):
        """The bridges in the brewery: name, what they say of themselves, are they operational?"""
        room = self.rooms.get("bridge")
        for nick, occupant in (room.occupants if room else {}).items():
            stats = self.stats_of(occupant)
            yield nick, stats, bool(stats) and nick not in self.sick

    def stats(self):
        bridges = list(self.bridges())
        sizes = [len(conference.people) for conference in self.conferences.values()]
        return {
            "bridge_selector": {
                "bridge_count": len(bridges),
                "operational_bridge_count": sum(fine for _, _, fine in bridges),
                "in_shutdown_bridge_count": sum(said.get("graceful_shutdown") == "true" for _, said, _ in bridges),
                "lost_bridges": self.lost_bridges,
            },
            "bridges": {nick: {**said, "operational": fine} for nick, said, fine in bridges},
            "conferences": len(sizes),
            "participants": sum(sizes),
            "largest_conference": max(sizes, default=0),
            "jibri_detector": {"count": len(self.recorders()), "available": sum(self.recorders().values())},
            **({"jigasi_detector": self.gateways()} if "jigasi" in self.breweries else {}),
            "xmpp": {"connected": self.client.connected},
        }

    def gateways(self):
        """What the gateways to the telephone in their brewery say of themselves, counted."""
        room = self.rooms.get("jigasi")
        said = [self.stats_of(occupant) for occupant in (room.occupants.values() if room else ())]
        sip = [stats for stats in said if stats.get("supports_sip") == "true"]
        return {
            "sip_count": len(sip),
            "sip_in_graceful_shutdown_count": sum(stats.get("graceful_shutdown") == "true" for stats in sip),
            "transcriber_count": sum(stats.get("supports_transcription") == "true" for stats in said),
        }

    def debug(self):
        room = self.rooms.get("bridge")
        said = {f"{room.address}/{nick}": (stats, fine) for nick, stats, fine in self.bridges()} if room else {}
        bridges = {
            jid: {"operational": fine, "drain": stats.get("drain") != "false", "region": stats.get("region", "null"),
                  "relay-id": stats.get("relay_id", "null"), "version": stats.get("version", "null")}
            for jid, (stats, fine) in said.items()
        }  # fmt: skip
        strategy = self.settings.get("jicofo.bridge.selection-strategy", "SingleBridgeSelectionStrategy")
        return {"bridge_selector": {"strategy": strategy, "bridge": bridges}}

    def metrics(self):
        stats = self.stats()
        return web.metrics(
            {
                "jitsi_jicofo_conferences": stats["conferences"],
                "jitsi_jicofo_participants_current": stats["participants"],
                "jitsi_jicofo_bridge_selector_bridge_count": stats["bridge_selector"]["bridge_count"],
                "jitsi_jicofo_bridge_selector_bridge_count_operational":
                    stats["bridge_selector"]["operational_bridge_count"],
                "jitsi_jicofo_xmpp_connected": stats["xmpp"]["connected"],
            }
        )  # fmt: skip

    def health(self):
        if not self.client.connected:
            return 500, {"health": "unhealthy", "reason": "XMPP is not connected"}
        if not any(fine and said.get("graceful_shutdown") != "true" for _, said, fine in self.bridges()):
            return 500, {"health": "unhealthy", "reason": "no operational bridge"}
        return 200, ""

    async def run(self):
        get = self.settings.get
        if get("jicofo.rest.enabled", True):
            about = {"name": "Jicofo", "version": self.version, "os": "STAND-IN"}
            routes = {
                ("GET", "/about/version"): lambda _: (200, about),
                ("GET", "/stats"): lambda _: (200, self.stats()),
            }
            if get("jicofo.rest.move-endpoints.enabled", True):
                routes["GET", "/move-endpoints/move-fraction"] = lambda request: self.move_fraction(request.query)
            if get("jicofo.rest.debug.enabled", True):
                routes["GET", "/debug"] = lambda _: (200, self.debug())
            if get("jicofo.rest.prometheus.enabled", True):
                routes["GET", "/metrics"] = lambda _: (200, self.metrics())
            if get("jicofo.health.enabled", False):
                routes["GET", "/about/health"] = lambda _: self.health()
            host, port = get("jicofo.rest.host", "127.0.0.1"), get("jicofo.rest.port", 8888)
            await web.serve(host, port, routes)
            self.log.info("status at http://%s:%s", host, port)
        self.log.info("memory limit %s", os.environ.get("JICOFO_MAX_MEMORY", "3072m (the default)"))
        if "bridge" not in self.breweries:
            self.log.warning("jicofo.bridge.brewery-jid is not set: there will be no bridges")
        await self.client.run()


def main():
    try:
        properties = java_properties(os.environ, "/etc/jitsi/jicofo/jicofo.conf")
        log = logs.setup("Jicofo", properties.get("java.util.logging.config.file"))
        focus = Focus(Settings(properties["config.file"], os.path.join(HOME, "keys")), log)
    except SettingsError as error:
        print(f"Jicofo STAND-IN: refused to start: {error}", file=sys.stderr)
        return EX_CONFIG
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(focus.run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
