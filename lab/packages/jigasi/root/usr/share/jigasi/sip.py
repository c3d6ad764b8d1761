"""STAND-IN: what a gateway that is called needs of SIP (RFC 3261) over UDP and of RTP (RFC 3550).

Left out: TCP, offers in the answer, calls out, RTCP, encryption.
"""

import asyncio
import hashlib
import random
import re
import secrets
import socket
import time

T1 = 0.5
T2 = 4
LIMIT = 64 * T1
PACKET_SECONDS = 0.02
REASONS = {
    100: "Trying", 180: "Ringing", 200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
    481: "Call/Transaction Does Not Exist", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
}  # fmt: skip
SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "c": "content-type", "l": "content-length"}
# Codec -> 20 ms of silence; and the number it has in every offer.
SILENCE = {
    "PCMU/8000": b"\xff" * 160,
    "PCMA/8000": b"\xd5" * 160,
    "G722/8000": b"\xfa" * 160,
    "opus/48000": b"\xf8\xff\xfe",
}
STATIC = {"0": "PCMU/8000", "8": "PCMA/8000", "9": "G722/8000"}


class SipError(Exception):
    """A request was refused or not answered."""


class Message:
    """A request or an answer."""

    def __init__(self, start, headers=(), body=""):
        self.start, self.headers, self.body = start, list(headers), body

    @classmethod
    def parse(cls, data):
        head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
        start, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
        headers = []
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise ValueError("no header")
            name = name.strip().lower()
            headers.append((SHORT.get(name, name), value.strip()))
        message = cls(start, headers, body)
        if not (message.get("call-id") and message.get("cseq") and message.get("via") and message.get("from")):
            raise ValueError("no SIP")
        return message

    def __bytes__(self):
        lines = [self.start, *(f"{name.title()}: {value}" for name, value in self.headers)]
        return "\r\n".join([*lines, f"Content-Length: {len(self.body.encode())}", "", self.body]).encode()

    def get(self, name, default=""):
        return next((value for header, value in self.headers if header == name), default)

    def all(self, name):
        """Every value of a header that may have several."""
        return [part.strip() for header, value in self.headers if header == name
                for part in re.split(r",(?=[^<>]*(?:<|$))", value)]  # fmt: skip

    @property
    def is_request(self):
        return not self.start.startswith("SIP/2.0 ")

    @property
    def method(self):
        return self.get("cseq").split()[-1]

    @property
    def status(self):
        return int(self.start.split()[1])

    @property
    def branch(self):
        return parameter(self.get("via"), "branch")


def parameter(value, name):
    found = re.search(rf";\s*{name}=([^;,>\s]+)", value)
    return found[1] if found else ""


def uri_of(value):
    found = re.search(r"<([^>]+)>", value)
    return found[1] if found else value.split(";")[0].strip()


def user_of(value):
    return re.sub(r"^sips?:", "", uri_of(value)).partition("@")[0]


def display_name(value):
    """What a peer calls itself, or its user's name."""
    return value.partition("<")[0].strip().strip('"').strip() or user_of(value)


def address_of(uri):
    """Where requests for a URI go."""
    host, port = re.match(r"sips?:(?:[^@]*@)?([^:;?>]+)(?::(\d+))?", uri).groups()
    return host, int(port or 5060)


def local_address(peer):
    """The address of this machine that a peer sees."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(peer)
        return probe.getsockname()[0]


class Stack(asyncio.DatagramProtocol):
    """The socket and the transactions on it. on_invite(invite, peer) and on_request(request, peer) are the user's."""

    def __init__(self, port, log):
        self.port, self.log = port, log
        self.waiting, self.answers, self.confirmed = {}, {}, {}
        self.on_invite = self.on_request = None

    async def open(self):
        """On its port, or as the real one on another when that is taken."""
        loop = asyncio.get_running_loop()
        try:
            await loop.create_datagram_endpoint(lambda: self, local_addr=("0.0.0.0", self.port))  # noqa: S104 - as the real one
        except OSError:
            await loop.create_datagram_endpoint(lambda: self, local_addr=("0.0.0.0", 0))  # noqa: S104 - as the real one
        self.port = self.transport.get_extra_info("sockname")[1]

    def connection_made(self, transport):
        self.transport = transport

    def error_received(self, error):
        self.log.debug("%s", error)

    def datagram_received(self, data, peer):
        if not data.strip():
            return
        try:
            message = Message.parse(data)
            key = message.branch, message.method
        except (ValueError, IndexError):
            return
        if not message.is_request:
            future = self.waiting.get(key)
            if future and not future.done() and message.status >= 200:
                future.set_result(message)
        elif message.method == "ACK":
            confirmed = self.confirmed.get(message.get("call-id"))
            if confirmed:
                confirmed.set()
        elif key in self.answers:
            if self.answers[key]:
                self.transport.sendto(*self.answers[key])
        else:
            self.answers[key] = None
            asyncio.get_running_loop().call_later(LIMIT, self.answers.pop, key, None)
            (self.on_invite if message.method == "INVITE" and not parameter(message.get("to"), "tag")
             else self.on_request)(message, peer)  # fmt: skip

    def answer(self, request, peer, status, tag="", headers=(), body=""):
        vias = [value for header, value in request.headers if header == "via"]
        vias[0] = re.sub(r";\s*rport(?=;|$)", f";rport={peer[1]}", vias[0]) + f";received={peer[0]}"
        to = request.get("to")
        if status > 100 and not parameter(to, "tag"):
            to += f";tag={tag or secrets.token_hex(4)}"
        copied = [("via", via) for via in vias] + [("record-route", route) for route in request.all("record-route")]
        copied += [("from", request.get("from")), ("to", to), ("call-id", request.get("call-id"))]
        copied += [("cseq", request.get("cseq")), *headers]
        message = bytes(Message(f"SIP/2.0 {status} {REASONS[status]}", copied, body))
        self.answers[request.branch, request.method] = message, peer
        self.transport.sendto(message, peer)

    async def request(self, method, uri, peer, headers):
        """Sends a request to the peer until it is answered; returns the final answer."""
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        via = f"SIP/2.0/UDP {local_address(peer)}:{self.port};rport;branch={branch}"
        data = bytes(Message(f"{method} {uri} SIP/2.0", [("via", via), ("max-forwards", "70"), *headers]))
        future = self.waiting[branch, method] = asyncio.get_running_loop().create_future()
        pause, end = T1, time.monotonic() + LIMIT
        try:
            while time.monotonic() < end:
                self.transport.sendto(data, peer)
                done, _ = await asyncio.wait({future}, timeout=pause)
                if done:
                    return future.result()
                pause = min(pause * 2, T2)
            raise SipError("no answer")
        finally:
            del self.waiting[branch, method]

    async def confirm(self, request, peer, **answer):
        """Answers an INVITE with 200 until that is confirmed; is it?"""
        confirmed = self.confirmed[request.get("call-id")] = asyncio.Event()
        pause, end = T1, time.monotonic() + LIMIT
        try:
            while time.monotonic() < end:
                self.answer(request, peer, 200, **answer)
                try:
                    await asyncio.wait_for(confirmed.wait(), pause)
                    return True
                except TimeoutError:
                    pause = min(pause * 2, T2)
            return False
        finally:
            del self.confirmed[request.get("call-id")]


class Registration:
    """An account at a registrar, kept up."""

    EXPIRES = 600
    RETRY_SECONDS = 5

    def __init__(self, stack, log, *, user, server, peer, password, method, interval):
        self.stack, self.log = stack, log
        self.user, self.server, self.peer, self.password = user, server, peer, password
        self.method, self.interval = method, interval
        self.number, self.cseq, self.registered = secrets.token_hex(12), 0, False

    def _headers(self, method, *more):
        self.cseq += 1
        me = f"<sip:{self.user}@{self.server}>"
        contact = f"<sip:{self.user}@{local_address(self.peer)}:{self.stack.port};transport=udp>"
        return [("from", f"{me};tag={self.number[:8]}"), ("to", me), ("call-id", self.number),
                ("cseq", f"{self.cseq} {method}"), ("contact", contact), *more]  # fmt: skip

    async def _register(self):
        expires = ("expires", str(self.EXPIRES))
        uri = f"sip:{self.server}"
        answer = await self.stack.request("REGISTER", uri, self.peer, self._headers("REGISTER", expires))
        for status, question, name in ((401, "www-authenticate", "authorization"),
                                       (407, "proxy-authenticate", "proxy-authorization")):  # fmt: skip
            if answer.status == status:
                proof = name, digest(answer.get(question), "REGISTER", uri, self.user, self.password)
                headers = self._headers("REGISTER", expires, proof)
                answer = await self.stack.request("REGISTER", uri, self.peer, headers)
        if answer.status != 200:
            raise SipError(f"the registrar says {answer.start.partition(' ')[2]}")

    async def _keep(self):
        """Until the registration has to be renewed."""
        if self.method == "REGISTER":
            await asyncio.sleep(self.interval)
            return
        end = time.monotonic() + self.EXPIRES - 60
        while time.monotonic() < end:
            await asyncio.sleep(self.interval)
            if self.method == "OPTIONS":
                await self.stack.request("OPTIONS", f"sip:{self.server}", self.peer, self._headers("OPTIONS"))

    async def run(self):
        while True:
            try:
                await self._register()
                if not self.registered:
                    self.log.info("registered as %s at %s:%s", self.user, *self.peer)
                self.registered = True
                await self._keep()
            except (SipError, OSError, KeyError) as error:
                self.registered = False
                self.log.error("not registered as %s at %s:%s: %s", self.user, *self.peer, error)
                await asyncio.sleep(self.RETRY_SECONDS)


def digest(question, method, uri, user, password):
    """The proof that a question (RFC 2617, MD5) asks for."""
    fields = {name.lower(): quoted or bare
              for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', question)}  # fmt: skip
    algorithm = fields.get("algorithm", "MD5").upper()
    if algorithm != "MD5":
        raise SipError("the registrar wants another proof than MD5")

    def md5(*parts):
        return hashlib.new(algorithm, ":".join(parts).encode()).hexdigest()

    secret, what = md5(user, fields["realm"], password), md5(method, uri)
    said = {"username": user, "realm": fields["realm"], "nonce": fields["nonce"], "uri": uri}
    plain = {"algorithm": "MD5"}
    if "auth" in [word.strip() for word in fields.get("qop", "").split(",")]:
        said["cnonce"], plain["qop"], plain["nc"] = secrets.token_hex(8), "auth", "00000001"
        said["response"] = md5(secret, fields["nonce"], plain["nc"], said["cnonce"], "auth", what)
    else:
        said["response"] = md5(secret, fields["nonce"], what)
    if "opaque" in fields:
        said["opaque"] = fields["opaque"]
    words = [f'{name}="{value}"' for name, value in said.items()] + [f"{name}={value}" for name, value in plain.items()]
    return "Digest " + ", ".join(words)


class Offer:
    """What the peer's SDP says of sound: where it wants it, and how it may be coded: name to number."""

    def __init__(self, body):
        self.codecs, self.peer = {}, None
        session, _, rest = body.replace("\r", "").partition("\nm=audio ")
        if not rest:
            return
        media = rest.partition("\nm=")[0]
        port, profile, *numbers = media.split("\n", 1)[0].split()
        names = dict(re.findall(r"^a=rtpmap:(\d+) (\S+)", media, re.M))
        address = re.search(r"^c=IN IP4 ([\d.]+)", media, re.M) or re.search(r"^c=IN IP4 ([\d.]+)", session, re.M)
        if profile not in ("RTP/AVP", "RTP/AVPF") or not address or port == "0":
            return
        self.peer = address[1], int(port)
        for number in numbers:
            name = "/".join(names.get(number, STATIC.get(number, "")).split("/")[:2])
            if name:
                self.codecs.setdefault(name, int(number))


class Sound(asyncio.DatagramProtocol):
    """One call's RTP: what comes in goes back as soon as echo is set; until then silence is sent."""

    def __init__(self, codec, number, peer):
        self.codec, self.number, self.peer = codec, number, peer
        self.ticks = 960 if codec == "opus/48000" else 160
        self.echo, self.heard = False, time.monotonic()
        self.received = self.sent = 0
        self.ssrc, self.sequence, self.stamp = random.getrandbits(32), random.getrandbits(16), random.getrandbits(32)
        self.queue = asyncio.Queue(maxsize=50)

    async def open(self, ports):
        """On the first port that is free, an even one."""
        loop = asyncio.get_running_loop()
        for port in ports:
            try:
                await loop.create_datagram_endpoint(lambda: self, local_addr=("0.0.0.0", port))  # noqa: S104 - as the real one
            except OSError:
                continue
            self.port = port
            return
        raise OSError("every port for media is taken")

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        if len(data) <= 12 or data[0] >> 6 != 2 or data[1] & 0x7F != self.number:
            return
        self.heard, self.peer, self.received = time.monotonic(), peer, self.received + 1
        if self.echo and not self.queue.full():
            self.queue.put_nowait(data[12 + 4 * (data[0] & 15) :])

    async def run(self):
        clock = time.monotonic()
        while True:
            payload = SILENCE[self.codec] if self.queue.empty() else self.queue.get_nowait()
            self.sequence, self.stamp = self.sequence + 1 & 0xFFFF, self.stamp + self.ticks & 0xFFFFFFFF
            head = bytes([0x80, self.number]) + self.sequence.to_bytes(2) + self.stamp.to_bytes(4)
            self.transport.sendto(head + self.ssrc.to_bytes(4) + payload, self.peer)
            self.sent += 1
            clock += PACKET_SECONDS
            await asyncio.sleep(max(0, clock - time.monotonic()))

    def close(self):
        self.transport.close()
