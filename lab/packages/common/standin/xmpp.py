"""An XMPP client with just what a focus and a bridge need: STARTTLS, SCRAM, requests, rooms.

The certificate is checked against the system's store and the XMPP domain, as Jitsi's daemons do.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
import ssl
import uuid
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

CLIENT = "{jabber:client}"
STREAM = "{http://etherx.jabber.org/streams}"
TLS = "{urn:ietf:params:xml:ns:xmpp-tls}"
SASL = "{urn:ietf:params:xml:ns:xmpp-sasl}"
STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
MUC = "http://jabber.org/protocol/muc"
HASH = "sha1"  # of SCRAM-SHA-1
PING = "urn:xmpp:ping"

RETRY_SECONDS = 2
LOGIN_SECONDS = 20
PING_SECONDS = 10
SILENCE_SECONDS = 35


class XmppError(Exception):
    """A login or a request was refused; condition is the protocol's word for it, stanza what said so."""

    def __init__(self, condition, text="", stanza=None):
        super().__init__(f"{condition}{': ' + text if text else ''}")
        self.condition, self.stanza = condition, stanza


class Xml(str):
    """Markup, as opposed to text that must be escaped."""


NOTHING = Xml("")


def xml(name, attributes=None, *content):
    """An element with its attributes (None is left out) and its content, escaped unless it is Xml."""
    given = "".join(f" {key}={quoteattr(str(value))}" for key, value in (attributes or {}).items() if value is not None)
    inner = "".join(item if isinstance(item, Xml) else escape(str(item)) for item in content)
    return Xml(f"<{name}{given}>{inner}</{name}>")


def bare(address):
    return address.split("/", 1)[0].lower()


def domain_of(address):
    return bare(address).rsplit("@", 1)[-1]


def local(tag):
    return tag.rsplit("}", 1)[-1]


def refusal(stanza):
    """The XmppError in an error stanza."""
    error = stanza.find(f"{CLIENT}error")
    children = [child for child in (error if error is not None else []) if child.tag.startswith(STANZAS)]
    conditions = [child for child in children if local(child.tag) != "text"]
    text = "".join(child.text or "" for child in children if local(child.tag) == "text")
    return XmppError(local(conditions[0].tag) if conditions else "undefined-condition", text, stanza)


class Client:
    """One login that is kept up: run() connects, and connects again whenever the connection is lost."""

    def __init__(self, log, *, host, port, domain, username, password, resource=None, verify=True, tls=True):
        self.log, self.host, self.port, self.domain = log, host, port, domain
        self.username, self.password, self.resource = username, password, resource
        self.verify, self.tls = verify, tls
        self.address = None
        self.rooms = {}
        self.handlers = {}
        self.on_login = self.on_loss = self.on_message = None
        self._pending = {}
        self._tasks = set()
        self.handle(PING, "ping", lambda _: NOTHING)

    @property
    def connected(self):
        return self.address is not None

    def handle(self, namespace, name, handler):
        """handler(iq) answers requests for the element: it returns Xml or raises XmppError; it may be async."""
        self.handlers[f"{{{namespace}}}{name}"] = handler

    def spawn(self, coroutine):
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task):
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() and not isinstance(task.exception(), (XmppError, OSError)):
            self.log.error("internal error", exc_info=task.exception())

    async def run(self):
        while True:
            try:
                await self._session()
            except ssl.SSLCertVerificationError as error:
                self.log.error(
                    "login refused: the certificate of %s for %s is not trusted: %s",
                    self.host, self.domain, error.verify_message or error,
                )  # fmt: skip
            except XmppError as error:
                self.log.error("login as %s@%s at %s failed: %s", self.username, self.domain, self.host, error)
            except (OSError, EOFError, TimeoutError, ElementTree.ParseError) as error:
                self.log.error("no connection to %s:%s: %s", self.host, self.port, error or type(error).__name__)
            finally:
                self._lost()
            await asyncio.sleep(RETRY_SECONDS)

    def _lost(self):
        was_connected, self.address = self.connected, None
        for future in self._pending.values():
            if not future.done():
                future.set_exception(XmppError("disconnected"))
        self._pending.clear()
        rooms, self.rooms = self.rooms, {}
        for room in rooms.values():
            room.lost()
        if was_connected and self.on_loss:
            self.on_loss()

    # -- the stream

    async def _session(self):
        self._reader, self._writer = await asyncio.wait_for(asyncio.open_connection(self.host, self.port), 10)
        try:
            async with asyncio.timeout(LOGIN_SECONDS):
                self.address = await self._establish()
            self.log.info("logged in as %s at %s:%s", self.address, self.host, self.port)
            self._send(xml("presence"))
            if self.on_login:
                self.spawn(self.on_login())
            keepalive = self.spawn(self._keepalive())
            try:
                while True:
                    self._dispatch(await asyncio.wait_for(self._read(), SILENCE_SECONDS))
            finally:
                keepalive.cancel()
        finally:
            self._writer.close()

    async def _establish(self):
        """TLS, login and a resource; returns the full address."""
        features = await self._open_stream()
        if self.tls:
            if features.find(f"{TLS}starttls") is None:
                raise XmppError("no-tls", "the server offers no TLS")
            self._send(xml("starttls", {"xmlns": TLS[1:-1]}))
            if (await self._read()).tag != f"{TLS}proceed":
                raise XmppError("no-tls", "the server does not proceed to TLS")
            await self._writer.start_tls(self._context(), server_hostname=self.domain)
            features = await self._open_stream()
        await self._login([item.text for item in features.iter(f"{SASL}mechanism")])
        await self._open_stream()
        wanted = xml("resource", None, self.resource) if self.resource else NOTHING
        bind = xml("bind", {"xmlns": "urn:ietf:params:xml:ns:xmpp-bind"}, wanted)
        self._send(xml("iq", {"type": "set", "id": "bind"}, bind))
        answer = await self._read()
        if answer.get("type") != "result":
            raise refusal(answer)
        return "".join(answer.itertext())

    def _context(self):
        context = ssl.create_default_context()
        # Newer Pythons ask more of a certificate than the browsers' rules that Java applies.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if not self.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    async def _open_stream(self):
        self._parser = ElementTree.XMLPullParser(("start", "end"))
        self._events, self._depth, self._root = iter(()), 0, None
        self._send(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
            f"version='1.0' to={quoteattr(self.domain)}>"
        )
        features = await self._read()
        if features.tag != f"{STREAM}features":
            raise XmppError(local(features[0].tag) if len(features) else "no-features")
        return features

    async def _read(self):
        """The next element below the stream's root."""
        while True:
            for event, element in self._events:
                if event == "start":
                    self._root = element if self._depth == 0 else self._root
                    self._depth += 1
                    continue
                self._depth -= 1
                if self._depth == 1:
                    self._root.clear()
                    return element
                if self._depth == 0:
                    raise EOFError("the server closed the stream")
            data = await self._reader.read(65536)
            if not data:
                raise EOFError("the server closed the connection")
            self._parser.feed(data)
            self._events = self._parser.read_events()

    def _send(self, data):
        self._writer.write(data.encode())

    async def _keepalive(self):
        while True:
            await asyncio.sleep(PING_SECONDS)
            self._send(xml("iq", {"type": "get", "to": self.domain, "id": "ping"}, xml("ping", {"xmlns": PING})))

    async def _login(self, mechanisms):
        if "SCRAM-SHA-1" in mechanisms:
            await self._scram()
        elif "PLAIN" in mechanisms and self.tls:
            await self._auth("PLAIN", f"\0{self.username}\0{self.password}")
            self._success(await self._read())
        else:
            raise XmppError("no-mechanism", f"the server offers {', '.join(mechanisms) or 'none'}")

    async def _auth(self, mechanism, text):
        payload = base64.b64encode(text.encode()).decode()
        self._send(xml("auth", {"xmlns": SASL[1:-1], "mechanism": mechanism}, payload))

    def _success(self, element):
        if element.tag != f"{SASL}success":
            raise XmppError(local(element[0].tag) if len(element) else "not-authorized")
        return base64.b64decode(element.text or "")

    async def _scram(self):
        first = f"n={self.username},r={secrets.token_hex(16)}"
        await self._auth("SCRAM-SHA-1", "n,," + first)
        challenge = await self._read()
        if challenge.tag != f"{SASL}challenge":
            self._success(challenge)
        server = base64.b64decode(challenge.text).decode()
        fields = dict(part.split("=", 1) for part in server.split(","))
        salted = hashlib.pbkdf2_hmac(HASH, self.password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
        final = f"c=biws,r={fields['r']}"
        message = f"{first},{server},{final}".encode()
        key = hmac.digest(salted, b"Client Key", HASH)
        stored = hashlib.new(HASH, key).digest()
        signature = hmac.digest(stored, message, HASH)
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature, strict=True))).decode()
        self._send(xml("response", {"xmlns": SASL[1:-1]}, base64.b64encode(f"{final},p={proof}".encode()).decode()))
        expected = hmac.digest(hmac.digest(salted, b"Server Key", HASH), message, HASH)
        if base64.b64encode(expected).decode() not in self._success(await self._read()).decode():
            raise XmppError("bad-server", "the server does not know the password either")

    # -- stanzas

    def send(self, markup):
        if self.connected:
            self._send(markup)

    async def request(self, kind, to, payload, timeout=15):
        """Sends a request and returns the answer; raises XmppError when it is refused or not answered."""
        if not self.connected:
            raise XmppError("disconnected")
        number = uuid.uuid4().hex
        self._pending[number] = asyncio.get_running_loop().create_future()
        try:
            self.send(xml("iq", {"type": kind, "to": to, "id": number}, payload))
            return await asyncio.wait_for(self._pending[number], timeout)
        except TimeoutError:
            raise XmppError("timeout") from None
        finally:
            self._pending.pop(number, None)

    def _dispatch(self, stanza):
        kind = stanza.get("type")
        if stanza.tag == f"{CLIENT}presence":
            room = self.rooms.get(bare(stanza.get("from", "")))
            if room:
                room.presence(stanza)
        elif stanza.tag == f"{CLIENT}iq" and kind in ("result", "error"):
            future = self._pending.get(stanza.get("id"))
            if future and not future.done():
                if kind == "result":
                    future.set_result(stanza)
                else:
                    future.set_exception(refusal(stanza))
        elif stanza.tag == f"{CLIENT}message" and self.on_message:
            self.on_message(stanza)
        elif stanza.tag == f"{CLIENT}iq":
            self.spawn(self._answer(stanza))

    async def _answer(self, stanza):
        envelope = {"to": stanza.get("from"), "id": stanza.get("id")}
        try:
            handler = self.handlers.get(stanza[0].tag) if len(stanza) else None
            if not handler:
                raise XmppError("feature-not-implemented")
            content = handler(stanza)
            if asyncio.iscoroutine(content):
                content = await content
            self.send(xml("iq", {"type": "result", **envelope}, content))
        except XmppError as error:
            condition = xml(error.condition, {"xmlns": STANZAS[1:-1]})
            kind = "auth" if error.condition == "not-authorized" else "cancel"
            self.send(xml("iq", {"type": "error", **envelope}, xml("error", {"type": kind}, condition)))

    async def join(self, address, nick, extra=NOTHING, on_change=None):
        """Enters the room and makes it usable when it is new; returns the Room."""
        room = Room(self, bare(address), nick, on_change)
        self.rooms[room.address] = room
        room.update(extra)
        try:
            created = await asyncio.wait_for(room.entered, 15)
        except (TimeoutError, XmppError) as error:
            self.rooms.pop(room.address, None)
            raise error if isinstance(error, XmppError) else XmppError("timeout") from None
        if created:
            form = xml("x", {"xmlns": "jabber:x:data", "type": "submit"})
            await self.request("set", room.address, xml("query", {"xmlns": f"{MUC}#owner"}, form))
        return room


class Occupant:
    """Somebody in a room: nick, real address when shown, affiliation, role, the last presence."""

    def __init__(self, nick, stanza):
        item = stanza.find(f".//{{{MUC}#user}}item")
        given = item.attrib if item is not None else {}
        self.nick, self.presence = nick, stanza
        self.address = given.get("jid", "")
        self.affiliation, self.role = given.get("affiliation", "none"), given.get("role", "none")


class Room:
    """A room this client is in; occupants maps nicks to everybody else, farewell is the stanza that ended it."""

    def __init__(self, client, address, nick, on_change=None):
        self.client, self.address, self.nick, self.on_change = client, address, nick, on_change
        self.occupants, self.farewell = {}, None
        self.entered = asyncio.get_running_loop().create_future()

    def update(self, extra=NOTHING):
        """Sends this client's presence in the room, with the extra content."""
        join = NOTHING if self.entered.done() else xml("x", {"xmlns": MUC})
        self.client.send(xml("presence", {"to": f"{self.address}/{self.nick}"}, join, extra))

    def leave(self):
        self.client.send(xml("presence", {"to": f"{self.address}/{self.nick}", "type": "unavailable"}))
        self.client.rooms.pop(self.address, None)

    def lost(self):
        self.occupants.clear()
        if not self.entered.done():
            self.entered.set_exception(XmppError("disconnected"))

    def presence(self, stanza):
        nick, kind = stanza.get("from").partition("/")[2], stanza.get("type")
        codes = {status.get("code") for status in stanza.iter(f"{{{MUC}#user}}status")}
        if kind == "error":
            if not self.entered.done():
                self.entered.set_exception(refusal(stanza))
            return
        if nick == self.nick or "110" in codes:
            if kind == "unavailable":
                self.client.rooms.pop(self.address, None)
                self.occupants.clear()
                self.farewell = stanza
                if self.on_change:
                    self.on_change(self, None)
            elif not self.entered.done():
                self.entered.set_result("201" in codes)
            return
        if kind == "unavailable":
            self.occupants.pop(nick, None)
        else:
            self.occupants[nick] = Occupant(nick, stanza)
        if self.on_change:
            self.on_change(self, nick)
