"""An XMPP client that comes in the way browsers do: slixmpp over websocket (RFC 7395) or BOSH (XEP-0124, XEP-0206)."""

import asyncio
import contextlib
import re
import secrets
import ssl
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlencode
from xml.sax.saxutils import quoteattr

import aiohttp
import outside
from aiohttp.abc import AbstractResolver
from customer import Customer
from defusedxml.ElementTree import fromstring
from slixmpp import ClientXMPP

CLIENT = "jabber:client"
STREAMS = "http://etherx.jabber.org/streams"
FEATURES = f"{{{STREAMS}}}features"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
HTTPBIND = "http://jabber.org/protocol/httpbind"
XBOSH = "urn:xmpp:xbosh"
MUC = "http://jabber.org/protocol/muc"
NICK = "http://jabber.org/protocol/nick"
FOCUS = "http://jitsi.org/protocol/focus"
LOBBY = "{http://jitsi.org/jitmeet}lobbyroom"
EXTDISCO = "urn:xmpp:extdisco:2"
DISCO = "http://jabber.org/protocol/disco#info"
DATA = "jabber:x:data"

REGISTER = "{http://jabber.org/features/iq-register}register"

TIMEOUT = 30  # seconds for an answer: a busy server is slow, and still there


class Refused(Exception):
    """The server does not do it for this person.

    `.condition` is XMPP's name of the reason, `.text` what the server says of it, `.lobby` where to wait, `.shown` the
    text that the page shows: that of an error of a reservation.
    """

    def __init__(self, condition: str, lobby: str = "", shown: str = "", text: str = ""):
        super().__init__(f"{condition}: {text}" if text else condition)
        self.condition = condition
        self.lobby = lobby
        self.shown = shown
        self.text = text

    @classmethod
    def by(cls, stanza: ET.Element) -> "Refused":
        """The refusal an error stanza tells."""
        reason = stanza.find(f"{{{CLIENT}}}error/{{{STANZAS}}}*")
        condition = "an error without a reason" if reason is None else reason.tag.rpartition("}")[2]
        reservation = stanza.find(f"{{{CLIENT}}}error/{{{FOCUS}}}reservation-error") is not None
        text = stanza.findtext(f"{{{CLIENT}}}error/{{{STANZAS}}}text", "")
        return cls(condition, next((lobby.text for lobby in stanza.iter(LOBBY)), ""), text if reservation else "", text)


def is_error(stanza: ET.Element) -> bool:
    return stanza.get("type") == "error"


def element(tag: str, *children: ET.Element | str, **attributes: str) -> ET.Element:
    """`{namespace}name` with attributes, text and children; what is None is left out."""
    made = ET.Element(tag, {name: value for name, value in attributes.items() if value is not None})
    for child in children:
        if isinstance(child, str):
            made.text = child
        else:
            made.append(child)
    return made


def form(kind: str, **fields: str) -> ET.Element:
    """A filled-in form (XEP-0004) of that kind."""
    values = {"FORM_TYPE": kind} | fields
    made = [element(f"{{{DATA}}}field", element(f"{{{DATA}}}value", value), var=name) for name, value in values.items()]
    return element(f"{{{DATA}}}x", *made, type="submit")


class KnownAddresses(AbstractResolver):
    """Resolves the customer's names as planned, so that the checks do not depend on DNS."""

    def __init__(self, addresses: dict[str, str]):
        self.addresses = addresses

    async def resolve(self, host, port=0, family=0):
        if host not in self.addresses:
            raise OSError(f"{host} is not one of the customer's names")
        address = self.addresses[host]
        return [{"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self):
        pass


def stanza_frame(data: str) -> str:
    """One stanza as it stands alone outside a stream: with its namespace."""
    start = data[: data.index(">")]
    if re.search(r"\sxmlns\s*=", start):
        return data
    return re.sub(r"^<([\w.:-]+)", rf"<\1 xmlns='{CLIENT}'", data, count=1)


def opening(domain: str) -> str:
    """The first frame on a websocket."""
    return f"<open xmlns='{FRAMING}' to={quoteattr(domain)} version='1.0'/>"


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
            return opening(self.domain)
        if data.startswith("</stream:stream"):
            return f"<close xmlns='{FRAMING}'/>"
        return stanza_frame(data)

    def unframe(self, frame: str) -> str:
        element = fromstring(frame)
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
        body = fromstring(text)
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
    """A person with an open session. Rooms are named by their addresses, which go out as they are given."""

    def __init__(self, client: ClientXMPP, http: aiohttp.ClientSession, domain: str, offered: set[str]):
        self.client = client
        self.http = http
        self.domain = domain
        self.offered = offered  # the features the server offers, before and after the login
        self.nick = secrets.token_hex(4)
        self.nicks: dict[str, str] = {}  # in which rooms this person is, and as whom
        self.people: dict[str, dict[str, dict[str, str]]] = {}  # by room and nick: affiliation, role
        self.expected: dict[asyncio.Future, Callable[[ET.Element], bool]] = {}
        self.over = False
        client.add_filter("in", self._arrived)
        client.add_event_handler("disconnected", self._hung_up)

    @property
    def address(self) -> str:
        """Who this person is to rooms."""
        return self.client.boundjid.bare

    # What comes.

    def _arrived(self, stanza):
        for arrival, wanted in list(self.expected.items()):
            if not arrival.done() and wanted(stanza.xml):
                arrival.set_result(stanza.xml)
        if stanza.xml.tag == f"{{{CLIENT}}}presence" and not is_error(stanza.xml):
            self._note(stanza.xml)
        return stanza

    def _note(self, presence: ET.Element) -> None:
        """Remembers who is in the rooms."""
        room, _, nick = presence.get("from", "").partition("/")
        item = presence.find(f"{{{MUC}#user}}x/{{{MUC}#user}}item")
        if item is None:
            return
        if presence.get("type") != "unavailable":
            self.people.setdefault(room, {})[nick] = dict(item.attrib)
            if is_own(presence):
                self.nicks[room] = nick
        elif is_own(presence) or nick == self.nicks.get(room):
            self.nicks.pop(room, None)
            self.people.pop(room, None)
        else:
            self.people.get(room, {}).pop(nick, None)

    def _hung_up(self, _reason) -> None:
        self.over = True
        for arrival in self.expected:
            if not arrival.done():
                arrival.set_exception(Refused("the server closed the connection"))

    def expect(self, wanted: Callable[[ET.Element], bool]) -> Awaitable[ET.Element]:
        """The first stanza from now on that is wanted."""
        arrival = asyncio.get_running_loop().create_future()
        self.expected[arrival] = wanted
        arrival.add_done_callback(self.expected.pop)
        if self.over:
            arrival.set_exception(Refused("the server closed the connection"))
        return asyncio.wait_for(arrival, TIMEOUT)

    # What goes.

    def send(self, kind: str, to: str, *children: ET.Element, **attributes: str) -> str:
        """Sends the stanza and returns its id."""
        attributes.setdefault("id", secrets.token_hex(4))
        self.client.send_raw(ET.tostring(element(kind, *children, to=to, **attributes), encoding="unicode"))
        return attributes["id"]

    async def request(self, to: str, payload: ET.Element, kind: str = "set", **attributes: str) -> ET.Element:
        """The answer to an IQ."""
        identifier = secrets.token_hex(4)
        arrival = self.expect(lambda xml: xml.get("id") == identifier and xml.tag == f"{{{CLIENT}}}iq")
        self.send("iq", to, payload, type=kind, id=identifier, **attributes)
        answer = await arrival
        if is_error(answer):
            raise Refused.by(answer)
        return answer

    async def ask_focus(self, room: str, *properties: ET.Element, **attributes: str) -> None:
        """Asks the focus for a conference; Refused when there is none."""
        attributes = {"machine-uid": "verify"} | attributes
        conference = element(f"{{{FOCUS}}}conference", *properties, room=room, **attributes)
        answer = await self.request(f"focus.{self.domain}", conference)
        if answer.find(f"{{{FOCUS}}}conference").get("ready") != "true":
            raise Refused("jicofo is not ready")

    def present(
        self, room: str, nick: str, password: str | None = None, name: str = "Verification", **attributes: str
    ) -> str:
        """Says that this person, of that name, wants to be in the room."""
        secret = [element(f"{{{MUC}}}password", password)] if password is not None else []
        shown = element(f"{{{NICK}}}nick", name)
        return self.send("presence", f"{room}/{nick}", element(f"{{{MUC}}}x", *secret), shown, **attributes)

    async def join(self, room: str, nick: str | None = None, password: str | None = None, **attributes: str) -> None:
        """Enters a room that is open; Refused when it is not."""
        identifier = secrets.token_hex(4)

        def is_answer(xml: ET.Element) -> bool:
            # The answer names the room as the server spells it, which need not be as we did.
            news = is_own(xml) and xml.get("from", "").partition("/")[0] not in self.nicks
            return news or (is_error(xml) and xml.get("id") == identifier)

        arrival = self.expect(is_answer)
        self.present(room, nick or self.nick, password, id=identifier, **attributes)
        answer = await arrival
        if is_error(answer):
            raise Refused.by(answer)
        if answer.get("type") == "unavailable":
            raise Refused("removed from the room at once")

    async def knock(self, room: str) -> None:
        """As join, where no answer is a refusal, too."""
        await self.unless_silent(self.join(room))

    async def unless_silent(self, attempt: Awaitable[None]) -> None:
        """The attempt, where no answer is a refusal, too: known as soon as a later question is answered."""
        attempting = asyncio.ensure_future(attempt)
        await asyncio.sleep(0)  # it has asked
        await self.exists(f"conference.{self.domain}")
        if not attempting.done():
            attempting.cancel()
            raise Refused("silence")
        await attempting

    async def enter(self, room: str) -> None:
        """Enters the room the way the page does. Refused while one has to wait."""
        await self.ask_focus(room)
        await self.join(room)

    async def wait(self, room: str) -> str:
        """Is asked to wait for a moderator, and does so in the lobby."""
        try:
            await self.enter(room)
        except Refused as refused:
            if not refused.lobby:
                raise
            await self.join(refused.lobby)
            return refused.lobby
        raise AssertionError("a guest alone is not asked to wait but admitted")

    def let_in(self, lobby: str) -> Awaitable[ET.Element]:
        """Whoever waits is told that the lobby closes, or is invited."""

        def is_news(xml: ET.Element) -> bool:
            is_invitation = xml.find(f"{{{MUC}#user}}x/{{{MUC}#user}}invite") is not None
            return is_invitation or (xml.get("from", "").startswith(f"{lobby}/") and has_ended(xml))

        return self.expect(is_news)

    async def leave(self, room: str) -> None:
        gone = self.expect(lambda xml: is_own(xml) and xml.get("type") == "unavailable")
        self.send("presence", f"{room}/{self.nicks[room]}", type="unavailable")
        await gone

    # Who is what in a room.

    def role(self, room: str) -> str:
        """What this person is in the room: moderator or participant; empty outside."""
        return self.people.get(room, {}).get(self.nicks.get(room), {}).get("role", "")

    def affiliation(self, room: str) -> str:
        """What this person is to the room: owner, member or none; empty outside."""
        return self.people.get(room, {}).get(self.nicks.get(room), {}).get("affiliation", "")

    def others(self, room: str) -> set[str]:
        """Who else is in the room, besides the focus."""
        return self.people.get(room, {}).keys() - {self.nicks.get(room), "focus"}

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until the condition holds; looks at it whenever somebody's presence comes."""
        while not condition():
            await self.expect(lambda xml: xml.tag == f"{{{CLIENT}}}presence")

    async def become(self, room: str, role: str) -> None:
        """Waits until this person is that in the room: moderators are appointed after they came in."""
        await self.until(lambda: self.role(room) == role)

    async def change(self, room: str, **item: str) -> None:
        """Changes somebody's affiliation or role there, as moderators do; Refused when the server does not."""
        await self.request(room, element(f"{{{MUC}#admin}}query", element(f"{{{MUC}#admin}}item", **item)))

    async def own(self, room: str, payload: ET.Element) -> None:
        """Configures or destroys the room, as owners do."""
        await self.request(room, element(f"{{{MUC}#owner}}query", payload))

    async def configure(self, room: str, **fields: str) -> None:
        await self.own(room, form(f"{MUC}#roomconfig", **{f"muc#roomconfig_{name}": fields[name] for name in fields}))

    def invite(self, room: str, address: str) -> None:
        invitation = element(f"{{{MUC}#user}}invite", to=address)
        self.send("message", room, element(f"{{{MUC}#user}}x", invitation))

    async def exists(self, room: str) -> bool:
        """Is there such a room?"""
        try:
            await self.request(room, element(f"{{{DISCO}}}query"), "get")
        except Refused as refused:
            return refused.condition != "item-not-found"
        return True

    async def services(self) -> list[dict[str, str]]:
        """The STUN and TURN servers announced to this person, with credentials (XEP-0215)."""
        answer = await self.request(self.client.boundjid.host, element(f"{{{EXTDISCO}}}services"), "get")
        return [dict(service.attrib) for service in answer.iter(f"{{{EXTDISCO}}}service")]

    def say(self, room: str, text: str) -> None:
        self.send("message", room, element("body", text), type="groupchat")

    def hear(self, text: str) -> Awaitable[ET.Element]:
        """Waits until somebody says the text in a room."""
        return self.expect(lambda xml: xml.findtext(f"{{{CLIENT}}}body") == text)

    @contextlib.asynccontextmanager
    async def stranger(self, domain: str) -> AsyncIterator[Callable[[ET.Element], Awaitable[ET.Element]]]:
        """A stream to a virtual host on which nobody has logged in. What one says is answered by the next element."""
        async with self.http.ws_connect(f"https://{self.domain}/xmpp-websocket", protocols=("xmpp",)) as socket:

            async def hear() -> ET.Element:
                answer = await socket.receive(TIMEOUT)
                if answer.type is not aiohttp.WSMsgType.TEXT:
                    raise Refused("the server closed the connection")
                return fromstring(answer.data)

            async def say(stanza: ET.Element) -> ET.Element:
                await socket.send_str(stanza_frame(ET.tostring(stanza, encoding="unicode")))
                return await hear()

            await socket.send_str(opening(domain))
            for greeting in (f"{{{FRAMING}}}open", FEATURES):
                if (await hear()).tag != greeting:
                    raise Refused("no such host")
            yield say


def is_own(presence: ET.Element) -> bool:
    """Is it about oneself?"""
    return any(status.get("code") == "110" for status in presence.iterfind(f"{{{MUC}#user}}x/{{{MUC}#user}}status"))


def has_ended(presence: ET.Element) -> bool:
    """Does it tell that the room is gone?"""
    return presence.find(f"{{{MUC}#user}}x/{{{MUC}#user}}destroy") is not None


def browser(customer: Customer, name: str, password: str) -> dict[str, str]:
    """The headers of a browser that has agreed to what the page asks, and where somebody named has logged in.

    Moderators log in once, and have one browser for all that they do. Refused where a password is not accepted.
    """
    if name and not password and name in customer.browsers:
        return customer.browsers[name]
    headers = outside.consent(customer) if customer.consent else {}
    if name:
        if customer.tokens:
            headers = outside.come_by_link(customer, customer.meeting_name(), customer.token(name, password), headers)
        else:
            headers = outside.log_in(customer, name, password or customer.moderators[name], headers)
        if not headers:
            raise Refused("the password is not accepted")
        if not password:
            customer.browsers[name] = headers
    return headers


@contextlib.asynccontextmanager
async def session(
    customer: Customer,
    carrier: str,
    context: ssl.SSLContext,
    name: str = "",
    password: str = "",
    token: str = "",
    room: str = "",
) -> AsyncIterator[Participant]:
    """A session through the carrier: of a guest, of the moderator with that name (and another password), by a token.

    `room` is the room whose page it comes from, its name or address: without it moderators' commands are not heard, and
    who has logged in once for every room is let into no other with this session.
    """
    room = room.partition("@")[0]
    transport_class, path = CARRIERS[carrier]
    domain = customer.domain if name or token else f"guest.{customer.domain}"
    user = name if customer.login_service else ""
    headers = await asyncio.to_thread(browser, customer, user, password)
    if user:
        name, room = "", room or customer.meeting_name()
    asked = {key: value for key, value in {"token": token, "room": room}.items() if value}
    path += f"?{urlencode(asked, safe='.&=')}" if asked else ""
    client = ClientXMPP(
        f"{name}@{domain}" if name else domain,
        (password or customer.moderators[name]) if name else "",
        # slixmpp cannot see the TLS below its transport and would keep the password to itself.
        plugin_config={"feature_mechanisms": {"unencrypted_scram": True, "unencrypted_plain": True}},
        sasl_mech=None if name else "ANONYMOUS",
    )
    client.enable_starttls = False  # the carrier is encrypted already
    addresses = {known: customer.address(known) for known in customer.addresses}
    connector = aiohttp.TCPConnector(ssl=context, resolver=KnownAddresses(addresses))
    async with aiohttp.ClientSession(connector=connector, headers=headers) as http:
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
            yield Participant(client, http, customer.domain, transport.offered)
            await client.disconnect(wait=1)
        finally:
            sender.cancel()
            transport.close()
            await asyncio.gather(sender, transport.task, return_exceptions=True)


async def meet(customer: Customer, room: str, moderator: Participant, guest: Participant) -> None:
    """The guest waits, the moderator opens the room, the guest comes in, with all the customer's rules ask of them."""
    lobby = await guest.wait(room)
    opened = guest.let_in(lobby)
    await moderator.enter(room)
    with contextlib.suppress(TimeoutError):
        await moderator.become(room, "moderator")
    assert moderator.role(room) == "moderator", f"{moderator.address} is {moderator.role(room)} only"
    await opened
    password = None
    if customer.rules["lobby"] or customer.rules["password"]:
        opened = guest.let_in(await guest.wait(room))
        if customer.rules["password"]:
            password = secrets.token_hex(4)
            await moderator.configure(room, roomsecret=password, whois="anyone", membersonly="1")
        if customer.rules["lobby"]:
            moderator.invite(room, guest.client.boundjid.full)
        await opened
    await guest.ask_focus(room)
    await guest.join(room, password=password)
