#!/usr/bin/python3
"""STAND-IN for jitsi-videobridge2, not Jitsi's own: a bridge without media.

It reads the bridge's settings, logs in to every XMPP server it is told of, shows itself in their breweries, answers
health checks and STUN binding requests on the media port, counts the conferences it is told of, and can be drained and
shut down. Left out: everything about media (ICE, DTLS, relays), discovery by STUN or AWS.
"""

import asyncio
import contextlib
import ipaddress
import json
import logging
import os
import signal
import socket
import struct
import subprocess
import sys

from standin import log as logs
from standin import web
from standin.settings import Settings, SettingsError, java_properties
from standin.xmpp import NOTHING, Client, XmppError, xml

HOME = os.path.dirname(os.path.abspath(__file__))
COLIBRI = "http://jitsi.org/protocol/colibri"
COLIBRI2 = "jitsi:colibri2"
HEALTH = "http://jitsi.org/protocol/healthcheck"
EX_CONFIG = 78
MAGIC = 0x2112A442
REJOIN_SECONDS = 5
# What Java calls site-local, link-local or loopback: addresses of no use to the rest of the world.
PRIVATE = [
    ipaddress.ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8"),
        *("fec0::/10", "fe80::/10", "::1/128"),
    )
]


def is_public(address):
    address = ipaddress.ip_address(address)
    return not any(address.version == net.version and address in net for net in PRIVATE)


def local_addresses():
    """{address: interface} of this machine."""
    done = subprocess.run(["ip", "-j", "address", "show", "up"], capture_output=True, text=True, check=True)
    return {
        info["local"]: link["ifname"]
        for link in json.loads(done.stdout)
        for info in link.get("addr_info", [])
        if info["family"] in ("inet", "inet6")
    }


class Stun(asyncio.DatagramProtocol):
    """Answers STUN binding requests, so that one can see from outside that the media port is reachable."""

    def __init__(self, seen):
        self.seen = seen

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, sender):
        if len(data) < 20:
            return
        kind, _, cookie = struct.unpack_from("!HHI", data)
        if kind != 1 or cookie != MAGIC:
            return
        self.seen.add(sender[0])
        key = data[4:20]
        address = ipaddress.ip_address(sender[0].split("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        packed = bytes(a ^ b for a, b in zip(address.packed, key, strict=False))
        port = sender[1] ^ (MAGIC >> 16)
        mapped = struct.pack("!BBH", 0, 1 if address.version == 4 else 2, port) + packed
        attribute = struct.pack("!HH", 0x0020, len(mapped)) + mapped
        self.transport.sendto(struct.pack("!HH", 0x0101, len(attribute)) + key + attribute, sender)


class Bridge:
    """The daemon: the media port, one login per server, the state of duty."""

    def __init__(self, settings, log):
        self.settings, self.log = settings, log
        get = settings.get
        self.drain = get("videobridge.initial-drain-mode", False)
        self.shutting_down = False
        self.bound = False
        self.conferences = {}  # meeting: its name and who is in it
        self.seen = set()
        self.interval = get("videobridge.stats.interval", 5)
        self.stress_of_one = get("videobridge.load-management.average-participant-stress", 0.01)
        self.region = get("videobridge.relay.region")
        self.relay_id = None
        if get("videobridge.relay.enabled", False):
            self.region = settings.need("videobridge.relay.region")
            self.relay_id = settings.need("videobridge.relay.relay-id")
        with open(os.path.join(HOME, "VERSION"), encoding="ascii") as text:
            self.version = text.read().strip()
        self.clients = []
        for name in settings.group("videobridge.apis.xmpp-client.configs"):
            self.clients.append(self._client(f"videobridge.apis.xmpp-client.configs.{name}."))

    def _client(self, prefix):
        get, need = self.settings.get, self.settings.need
        client = Client(
            self.log,
            host=need(prefix + "HOSTNAME"),
            port=get(prefix + "PORT", 5222),
            domain=get(prefix + "DOMAIN") or need(prefix + "HOSTNAME"),
            username=need(prefix + "USERNAME"),
            password=need(prefix + "PASSWORD"),
            verify=not get(prefix + "DISABLE_CERTIFICATE_VERIFICATION", False),
            tls=get(prefix + "SECURITY_MODE", "required") != "disabled",
        )
        rooms = [room.strip() for room in need(prefix + "MUC_JIDS").split(",")]
        nick = need(prefix + "MUC_NICKNAME")

        async def enter():
            for room in rooms:
                client.spawn(self._enter(client, room, nick))

        client.on_login = enter
        client.handle(HEALTH, "healthcheck", self._answer_health)
        client.handle(COLIBRI2, "conference-modify", self._modify)
        return client

    async def _enter(self, client, room, nick):
        while client.connected:
            try:
                await client.join(room, nick, self.presence())
                self.log.info("in the brewery %s as %s", room, nick)
                return
            except XmppError as error:
                self.log.error("cannot enter the brewery %s as %s: %s", room, nick, error)
                await asyncio.sleep(REJOIN_SECONDS)

    def _answer_health(self, _):
        healthy, reason = self.health()
        if not healthy:
            self.log.warning("health check failed: %s", reason)
            raise XmppError("internal-server-error")
        return NOTHING

    def _modify(self, iq):
        """A conference is made or changed; without people it is over."""
        meeting, request = iq[0].get("meeting-id"), iq[0]
        if request.get("create") == "true":
            self.conferences[meeting] = {"name": request.get("name"), "endpoints": set()}
        if meeting not in self.conferences:
            raise XmppError("item-not-found")
        conference = self.conferences[meeting]
        for endpoint in request.iter(f"{{{COLIBRI2}}}endpoint"):
            if endpoint.get("expire") == "true":
                conference["endpoints"].discard(endpoint.get("id"))
            else:
                conference["endpoints"].add(endpoint.get("id"))
                self._warn(meeting, conference["name"], endpoint.get("id"))
        if not conference["endpoints"]:
            del self.conferences[meeting]
        self.announce()
        return xml("conference-modified", {"xmlns": COLIBRI2})

    @staticmethod
    def _warn(meeting, name, endpoint):
        """What upstream warns of in ordinary meetings, with the context it prints on every line."""
        about = {"conf_name": name, "meeting_id": meeting, "epId": endpoint}
        logging.getLogger("org.jitsi.videobridge.colibri2.Colibri2ConferenceHandler").warning(
            "Ignoring source group with <2 sources", extra={"about": about}
        )
        logging.getLogger("org.jitsi.nlj.rtp.bandwidthestimation2.BitrateProber").warning(
            "Probe delay too high", extra={"about": about}
        )
        logging.getLogger("org.jitsi.videobridge.Conference").warning(
            "Took 101 ms to process an IQ (total delay 101 ms): <conference-modify name='%s'><endpoint id='%s'/>",
            name, endpoint, extra={"about": about},
        )  # fmt: skip

    # -- state

    def mapped_addresses(self, local):
        """The public addresses of the static mappings that fit one of this machine's addresses."""
        mappings = self.settings.group("ice4j.harvest.mapping.static-mappings") or []
        return [item.get("public-address") for item in mappings if item.get("local-address") in local]

    def usable_addresses(self):
        """This machine's addresses that the harvest settings leave."""
        get, local = self.settings.get, local_addresses()
        allowed, blocked = get("ice4j.harvest.allowed-addresses"), get("ice4j.harvest.blocked-addresses", [])
        links, no_links = get("ice4j.harvest.allowed-interfaces"), get("ice4j.harvest.blocked-interfaces", [])
        return [
            address
            for address, link in local.items()
            if (allowed is None or address in allowed) and address not in blocked
            if (links is None or link in links) and link not in no_links
            if get("ice4j.harvest.use-ipv6", True) or ":" not in address
        ]

    def health(self):
        if not self.bound:
            return False, "Failed to bind single-port"
        if self.settings.get("videobridge.health.require-valid-address", True):
            usable = self.usable_addresses()
            known = [*usable, *self.mapped_addresses(usable)]
            if not any(is_public(address) for address in known if address):
                return False, "No valid IP addresses available for harvesting."
        return True, ""

    @property
    def endpoints(self):
        return sum(len(conference["endpoints"]) for conference in self.conferences.values())

    def stats(self):
        return {
            "conferences": len(self.conferences),
            "participants": self.endpoints,
            "endpoints": self.endpoints,
            "stress_level": 0.0,
            "average_participant_stress": self.stress_of_one,
            "healthy": self.health()[0],
            "drain": self.drain,
            "graceful_shutdown": self.shutting_down,
            "shutting_down": self.shutting_down,
            "muc_clients_configured": len(self.clients),
            "muc_clients_connected": sum(client.connected for client in self.clients),
            "version": self.version,
        }

    def presence(self):
        said = dict(self.stats(), region=self.region, relay_id=self.relay_id)
        return xml(
            "stats",
            {"xmlns": COLIBRI},
            *(
                xml("stat", {"name": name, "value": str(value).lower() if isinstance(value, bool) else value})
                for name, value in said.items()
                if value is not None
            ),
        )

    def announce(self):
        for client in self.clients:
            for room in list(client.rooms.values()):
                if room.entered.done():
                    room.update(self.presence())

    def set_drain(self, drain):
        self.drain = drain
        self.log.info("drain mode is %s", "on" if drain else "off")
        self.announce()
        return 200

    def shut_down(self, body):
        if json.loads(body or "{}").get("graceful-shutdown") not in ("true", True):
            return 400
        self.log.info("graceful shutdown")
        self.shutting_down = True
        self.announce()
        asyncio.get_running_loop().call_later(1, self.stop.set)
        return 200

    def about_health(self):
        healthy, reason = self.health()
        return (200, "") if healthy else (500, {"status": 500, "message": reason})

    def metrics(self, request):
        if "accept" not in request.headers:
            return 500, ""  # upstream splits what it takes for granted
        stats = self.stats()
        return 200, web.metrics(
            {
                "jitsi_jvb_conferences": stats["conferences"],
                "jitsi_jvb_current_endpoints": stats["endpoints"],
                "jitsi_jvb_stress": stats["stress_level"],
                "jitsi_jvb_healthy": stats["healthy"],
                "jitsi_jvb_drain_mode": stats["drain"],
                "jitsi_jvb_xmpp_connected": stats["muc_clients_connected"],
            }
        )

    def routes(self):
        get = self.settings.get
        about = {"name": "JVB", "version": self.version, "os": "STAND-IN"}
        routes = {}
        if get("videobridge.rest.rtcstats.enabled", True):
            # What rtcstats asks for: the conferences that want it, none here; numbers are in /metrics.
            routes["GET", "/stats"] = lambda _: (200, {"conferences": {}})
        if get("videobridge.rest.health.enabled", True):
            routes["GET", "/about/health"] = lambda _: self.about_health()
        if get("videobridge.rest.version.enabled", True):
            routes["GET", "/about/version"] = lambda _: (200, about)
        if get("videobridge.rest.prometheus.enabled", True):
            routes["GET", "/metrics"] = self.metrics
        if get("videobridge.rest.drain.enabled", True):
            routes["GET", "/colibri/drain"] = lambda _: (200, {"drain": self.drain})
            routes["POST", "/colibri/drain/enable"] = lambda _: self.set_drain(True)
            routes["POST", "/colibri/drain/disable"] = lambda _: self.set_drain(False)
        if get("videobridge.apis.rest.enabled", False):
            routes["GET", "/colibri/stats"] = lambda _: (200, self.stats())
            if get("videobridge.rest.shutdown.enabled", False):
                routes["POST", "/colibri/shutdown"] = self.shut_down
        return routes

    async def _bind(self):
        """The media port on all addresses, IPv4 and, where there is any, IPv6."""
        port = self.settings.get("videobridge.ice.udp.port", 10000)
        loop = asyncio.get_running_loop()
        try:
            await loop.create_datagram_endpoint(lambda: Stun(self.seen), ("0.0.0.0", port))  # noqa: S104 - the world sends here
            self.bound = True
            self.log.info("media port %s/udp is bound", port)
        except OSError as error:
            self.log.error("media port %s/udp: %s", port, error)
        if self.settings.get("ice4j.harvest.use-ipv6", True) and socket.has_ipv6:
            with contextlib.suppress(OSError):  # no IPv6 on this machine
                await loop.create_datagram_endpoint(lambda: Stun(self.seen), ("::", port))

    async def _refresh(self):
        while True:
            await asyncio.sleep(self.interval)
            self.announce()

    async def run(self):
        self.stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.stop.set)
        host = self.settings.get("videobridge.http-servers.private.host", "127.0.0.1")
        port = self.settings.get("videobridge.http-servers.private.port", 8080)
        await self._bind()
        await web.serve(host, port, self.routes())
        self.log.info("status at http://%s:%s", host, port)
        self.log.info("memory limit %s", os.environ.get("VIDEOBRIDGE_MAX_MEMORY", "3072m (the default)"))
        if not self.clients:
            self.log.warning("videobridge.apis.xmpp-client.configs is empty: no focus will know this bridge")
        tasks = [asyncio.create_task(client.run()) for client in self.clients]
        tasks.append(asyncio.create_task(self._refresh()))
        await self.stop.wait()
        if self.conferences:  # as upstream's sockets do when they are closed under who uses them
            for address in sorted(self.seen):
                logging.getLogger("org.ice4j.stack.Connector").warning("A net access manager has stopped: %s", address)
        for task in tasks:
            task.cancel()


def main():
    try:
        properties = java_properties(os.environ)
        log = logs.setup("JVB", properties.get("java.util.logging.config.file"))
        bridge = Bridge(Settings(properties["config.file"], os.path.join(HOME, "keys")), log)
    except SettingsError as error:
        print(f"JVB STAND-IN: refused to start: {error}", file=sys.stderr)
        return EX_CONFIG
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(bridge.run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
