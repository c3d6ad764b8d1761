"""An XMPP client that comes in the way browsers do: slixmpp over websocket (RFC 7395) or BOSH (XEP-0124, XEP-0206)."""

import asyncio
import contextlib
import re
import secrets
import ssl
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from xml.sax.saxutils import quoteattr

import aiohttp
from aiohttp.abc import AbstractResolver
from customer import Customer
from slixmpp import JID, ClientXMPP
from slixmpp.exceptions import IqError, PresenceError

CLIENT = "jabber:client"
STREAMS = "http://etherx.jabber.org/streams"
FEATURES = f"{{{STREAMS}}}features"
FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
HTTPBIND = "http://jabber.org/protocol/httpbind"
XBOSH = "urn:xmpp:xbosh"
FOCUS = "http://jitsi.org/protocol/focus"
LOBBY = "{http://jitsi.org/jitmeet}lobbyroom"
EXTDISCO = "urn:xmpp:extdisco:2"

REGISTER = "{http://jabber.org/features/iq-register}register"

TIMEOUT = 10
WAITING = {
    "registration-required",  # the room keeps guests in its lobby until a moderator is there
    "not-authorized",  # the focus itself opens rooms for moderators only
}


class Refused(Exception):
    """The server does not let this person in (yet); `.condition` is XMPP's name of the reason."""

    def __init__(self, condition: str):
        super().__init__(condition)
        self.condition = condition


class KnownAddresses(AbstractResolver):
    """Resolves the customer's names as planned, so that the checks do not depend on DNS."""

    def __init__(self, addresses: dict[str, str]):
        self.addresses = addresses

    async def resolve(self, host, port=0, family=0):
        if host not in self.addresses:
            raise OSError(f"{host} is none of the customer's names")
        address = self.addresses[host]
        return [{"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self):
        pass


def stanza_frame(data: str) -> str:
    """One stanza as it stands alone outside a stream: with its namespace."""
    start = data[: data.index(">")]
    if re.search(r"\sxmlns\s*=", start):
        return data
    return re.sub(r"^<([\w.-]+)", rf"<\1 xmlns='{CLIENT}'", data, count=1)


def stream_header(**attributes: str) -> str:
    """The header slixmpp's parser expects before anything else."""
    more = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items() if value)
    return f"<stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAMS}' version='1.0'{more}>"


class Transport:
    """What slixmpp takes for a socket: translates a stream to another carrier. One task does the carrying."""

    def __init__(self, http: aiohttp.ClientSession, url: str, domain: str):
        self.http, self.url, self.domain = http, url, domain
        self.client: ClientXMPP | None = None
        self.outgoing: asyncio.Queue[str] = asyncio.Queue()
        self.offered: set[str] = set()
        self.fault: Exception | None = None
        self.task: asyncio.Task | None = None

    def start(self, client: ClientXMPP) -> None:
        self.client = client
        self.task = asyncio.ensure_future(self._run())
        client.connection_made(self)

    async def _run(self) -> None:
        try:
            await self.carry()
        except (aiohttp.ClientError, OSError, ET.ParseError) as fault:
            self.fault = fault
        finally:
            self.client.connection_lost(self.fault)

    async def carry(self) -> None:
        raise NotImplementedError

    def note(self, element: ET.Element) -> None:
        """Remembers the features of the stream that comes before the login and of the one after it."""
        if element.tag == FEATURES:
            self.offered |= {child.tag for child in element}

    # What slixmpp asks of an asyncio transport.

    def write(self, data: bytes) -> None:
        if data.strip():
            self.outgoing.put_nowait(data.decode())

    def get_extra_info(self, _name, default=None):
        return default

    def close(self) -> None:
        self.task.cancel()

    abort = close


class Websocket(Transport):
    """RFC 7395: every frame one element."""

    def frame(self, data: str) -> str:
        if data.startswith("<stream:stream"):
            return f"<open xmlns='{FRAMING}' to={quoteattr(self.domain)} version='1.0'/>"
        if data.startswith("</stream:stream"):
            return f"<close xmlns='{FRAMING}'/>"
        return stanza_frame(data)

    def unframe(self, frame: str) -> str:
        element = ET.fromstring(frame)  # noqa: S314  # from the server under test
        self.note(element)
        if element.tag == f"{{{FRAMING}}}open":
            return stream_header(**{"from": element.get("from", ""), "id": element.get("id", "")})
        if element.tag == f"{{{FRAMING}}}close":
            return "</stream:stream>"
        return frame

    async def carry(self) -> None:
        async with self.http.ws_connect(self.url, protocols=("xmpp",)) as socket:

            async def send() -> None:
                while True:
                    await socket.send_str(self.frame(await self.outgoing.get()))

            sender = asyncio.ensure_future(send())
            try:
                async for message in socket:
                    self.client.data_received(self.unframe(message.data))
            finally:
                sender.cancel()


class Bosh(Transport):
    """XEP-0124: one request waits at the server (hold), a second one carries what is sent meanwhile."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.rid = secrets.randbelow(2**48)
        self.sid = ""
        self.over = False

    def body(self, stanzas: list[str]) -> str:
        """The next request. A stream header becomes the session's first request or, later, a restart."""
        self.rid += 1
        common = f"<body xmlns='{HTTPBIND}' xmlns:xmpp='{XBOSH}' rid='{self.rid}'"
        to = f"to={quoteattr(self.domain)}"
        if not self.sid:
            return f"{common} {to} ver='1.11' hold='1' wait='60' xmpp:version='1.0' xml:lang='en'/>"
        common += f" sid={quoteattr(self.sid)}"
        if any(stanza.startswith("<stream:stream") for stanza in stanzas):
            return f"{common} {to} xmpp:restart='true' xml:lang='en'/>"
        if any(stanza.startswith("</stream:stream") for stanza in stanzas):
            return f"{common} type='terminate'/>"
        return f"{common}>{''.join(map(stanza_frame, stanzas))}</body>"

    def unwrap(self, text: str) -> list[str]:
        """What an answer carries, as pieces of a stream."""
        body = ET.fromstring(text)  # noqa: S314  # from the server under test
        pieces = [ET.tostring(child, encoding="unicode") for child in body]
        self.sid = self.sid or body.get("sid", "")
        for child in body:
            self.note(child)
        if body.find(FEATURES) is not None:
            pieces.insert(0, stream_header(**{"from": body.get("from", ""), "id": self.sid}))
        if body.get("type") == "terminate" and not self.over:
            self.over = True  # the request that waited at the server is told so, too
            pieces.append("</stream:stream>")
        return pieces

    async def request(self, stanzas: list[str]) -> None:
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        async with self.http.post(self.url, data=self.body(stanzas), headers=headers) as answer:
            answer.raise_for_status()
            for piece in self.unwrap(await answer.text()):
                self.client.data_received(piece)

    async def carry(self) -> None:
        await self.request([await self.outgoing.get()])
        pending: set[asyncio.Task] = set()
        waking = asyncio.ensure_future(self.outgoing.get())
        try:
            while self.client.transport is self:
                if waking.done() and len(pending) < 2:
                    stanzas = [waking.result()]
                    while not self.outgoing.empty():
                        stanzas.append(self.outgoing.get_nowait())
                    waking = asyncio.ensure_future(self.outgoing.get())
                    pending.add(asyncio.ensure_future(self.request(stanzas)))
                elif not pending:
                    pending.add(asyncio.ensure_future(self.request([])))
                waiting = pending if waking.done() else {waking, *pending}
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for request in done & pending:
                    request.result()
                pending -= done
        finally:
            for task in (waking, *pending):
                task.cancel()


CARRIERS = {"websocket": (Websocket, "xmpp-websocket"), "bosh": (Bosh, "http-bind")}


class Participant:
    """A person with an open session, about to enter rooms."""

    def __init__(self, client: ClientXMPP, domain: str, offered: set[str]):
        self.client = client
        self.domain = domain
        self.offered = offered  # the features the server offers, before and after the login
        self.rooms = client.plugin["xep_0045"]
        self.nick = secrets.token_hex(4)

    def room(self, name: str) -> JID:
        return JID(f"{name}@conference.{self.domain}")

    async def ask_focus(self, name: str) -> None:
        """Asks the focus for a conference; Refused when it wants somebody else to open it."""
        request = self.client.make_iq_set(ito=f"focus.{self.domain}")
        request.append(ET.Element(f"{{{FOCUS}}}conference", {"room": str(self.room(name)), "machine-uid": "verify"}))
        try:
            answer = await request.send(timeout=TIMEOUT)
        except IqError as error:
            raise Refused(error.condition) from error
        conference = answer.xml.find(f"{{{FOCUS}}}conference")
        if conference is None or conference.get("ready") != "true":
            raise Refused("the focus is not ready")

    async def enter(self, name: str) -> None:
        """Enters the room the way the page does. Refused while one has to wait."""
        await self.ask_focus(name)
        try:
            own, *_ = await self.rooms.join_muc_wait(self.room(name), self.nick, timeout=TIMEOUT)
        except PresenceError as error:
            raise Refused(error.condition) from error
        if own["type"] == "unavailable":
            raise Refused("put out again at once")

    def role(self, name: str) -> str:
        """What this person is in the room: moderator or participant."""
        return self.rooms.get_jid_property(self.room(name), self.nick, "role")

    async def become(self, name: str, role: str) -> None:
        """Waits until this person is that in the room: moderators are appointed after they came in."""
        async with asyncio.timeout(TIMEOUT):
            while self.role(name) != role:
                await self.client.wait_until(f"muc::{self.room(name)}::presence", TIMEOUT)

    async def services(self) -> list[dict[str, str]]:
        """The STUN and TURN servers announced to this person, with credentials (XEP-0215)."""
        request = self.client.make_iq_get(ito=self.client.boundjid.host)
        request.append(ET.Element(f"{{{EXTDISCO}}}services"))
        answer = await request.send(timeout=TIMEOUT)
        return [dict(service.attrib) for service in answer.xml.iter(f"{{{EXTDISCO}}}service")]

    def say(self, name: str, text: str) -> None:
        self.client.send_message(mto=self.room(name), mbody=text, mtype="groupchat")

    async def hear(self, text: str) -> None:
        """Waits until somebody says the text in a room."""
        heard = asyncio.get_running_loop().create_future()

        def listen(message) -> None:
            if message["body"] == text and not heard.done():
                heard.set_result(None)

        with self.client.event_handler("groupchat_message", listen):
            await asyncio.wait_for(heard, TIMEOUT)


@contextlib.asynccontextmanager
async def session(
    customer: Customer, carrier: str, context: ssl.SSLContext, name: str = "", password: str = ""
) -> AsyncIterator[Participant]:
    """A session through the carrier: of a guest, or of the moderator with that name (and another password)."""
    transport_class, path = CARRIERS[carrier]
    domain = customer.domain if name else f"guest.{customer.domain}"
    client = ClientXMPP(
        f"{name}@{domain}" if name else domain,
        (password or customer.moderators[name]) if name else "",
        # slixmpp cannot see the TLS below its transport and would keep the password to itself.
        plugin_config={"feature_mechanisms": {"unencrypted_scram": True}},
        sasl_mech=None if name else "ANONYMOUS",
    )
    client.enable_starttls = False  # the carrier is encrypted already
    client.register_plugin("xep_0045")
    client.init_plugins()
    addresses = {known: customer.address(known) for known in customer.addresses}
    connector = aiohttp.TCPConnector(ssl=context, resolver=KnownAddresses(addresses))
    async with aiohttp.ClientSession(connector=connector) as http:
        # A guest's virtual host has no name in the world: the page's own host carries it.
        transport = transport_class(http, f"{customer.url}/{path}", domain)
        sender = asyncio.ensure_future(client.run_filters())
        outcome = asyncio.get_running_loop().create_future()

        def settle(event: str):
            def handler(_data) -> None:
                if not outcome.done():
                    outcome.set_result(event)

            return handler

        for event in ("session_start", "failed_all_auth", "disconnected"):
            client.add_event_handler(event, settle(event))
        transport.start(client)
        try:
            event = await asyncio.wait_for(outcome, TIMEOUT)
            if transport.fault:
                raise transport.fault
            if event != "session_start":
                raise Refused("the password is not accepted" if event == "failed_all_auth" else event)
            yield Participant(client, customer.domain, transport.offered)
            await client.disconnect(wait=1)
        finally:
            sender.cancel()
            transport.close()
            await asyncio.gather(sender, transport.task, return_exceptions=True)
