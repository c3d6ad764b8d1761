"""A telephone in a few hundred lines: SIP, G.711 and digits by RFC 4733, for both ends of the gateways' calls.

It speaks like a trunk that calls, or like Jigasi that is called, and shows every message as it was on the wire.
"""

import contextlib
import hashlib
import itertools
import math
import queue
import random
import re
import select
import socket
import struct
import threading
import time

from srtp import Srtp

RATE, FRAME = 8000, 160
DIGITS = "0123456789*#"
NAMES = {0: "PCMU", 8: "PCMA", 9: "G722", 96: "opus"}
CLOCKS = {"opus": "48000/2"}


def _decoded(byte):
    """One sample of A-law, as G.711 has it."""
    byte ^= 0x55
    exponent, mantissa = byte >> 4 & 7, byte & 15
    value = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << exponent - 1
    return value if byte & 0x80 else -value


ALAW = [_decoded(byte) for byte in range(256)]
_BY_VALUE = sorted(range(256), key=ALAW.__getitem__)
_VALUES = [ALAW[byte] for byte in _BY_VALUE]


def _encoded(value):
    low, high = 0, 255
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if _VALUES[middle] < value else (low, middle)
    return _BY_VALUE[low]


def tone(frequency):
    """A second of it, in A-law."""
    return bytes(_encoded(8000 * math.sin(2 * math.pi * frequency * n / RATE)) for n in range(RATE))


SILENCE = bytes([_encoded(0)]) * RATE


def strength(sound, frequency):
    """How much of a sound in A-law is this frequency: about 1 when it is nothing else, Goertzel's way."""
    samples = [ALAW[byte] for byte in sound]
    power = sum(value * value for value in samples)
    if not power:
        return 0.0
    factor, first, second = 2 * math.cos(2 * math.pi * frequency / RATE), 0.0, 0.0
    for value in samples:
        first, second = value + factor * first - second, first
    return 2 * (first * first + second * second - factor * first * second) / (power * len(samples))


def loudness(sound):
    return math.sqrt(sum(ALAW[byte] ** 2 for byte in sound) / max(1, len(sound)))


def digest(user, realm, password, nonce, method, uri):
    """RFC 2617 without qop."""

    def md5(text):
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    return md5(f"{md5(f'{user}:{realm}:{password}')}:{nonce}:{md5(f'{method}:{uri}')}")


class Message:
    """A request or a response of SIP."""

    def __init__(self, data):
        self.raw = data.decode()
        head, _, self.body = self.raw.partition("\r\n\r\n")
        self.first, *lines = head.split("\r\n")
        self.headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        words = self.first.split(" ", 2)
        self.status = int(words[1]) if words[0] == "SIP/2.0" else 0
        self.method = "" if self.status else words[0]
        self.uri = "" if self.status else words[1]

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name, default=""):
        return next(iter(self.all(name)), default)

    @property
    def sequence(self):
        number, method = self.get("CSeq").split()
        return int(number), method


class Call:
    """One call: its dialog and its sound."""

    def __init__(self, phone, call_id, local, remote, target, route=()):
        self.phone, self.id, self.local, self.remote = phone, call_id, local, remote
        self.target, self.route = target, list(route)
        self.number = 0
        self.responses = queue.Queue()
        self.status, self.answer = 0, None
        self.ended = threading.Event()
        self.sound = SILENCE
        self.heard, self.looked_at = bytearray(), 0
        self.sent = {}
        self._digits = queue.Queue()
        self._stop = threading.Event()
        self._peer, self._threads = None, []
        self.payload = 8
        self.srtp_key = self._srtp_out = self._srtp_in = None
        self.rtp = phone.socket(socket.SOCK_DGRAM)
        self.rtp.bind((phone.address, 0))
        self.rtp.settimeout(0.2)

    # --- sound

    def sdp(self, codecs, crypto=False):
        address, port = self.rtp.getsockname()
        numbers = {name: number for number, name in NAMES.items()}
        self.srtp_key = self.srtp_key or (Srtp.new_key() if crypto else None)
        lines = [
            "v=0", f"o=- 1 1 IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0",
            f"m=audio {port} RTP/{'SAVP' if crypto else 'AVP'} {' '.join(str(numbers[c]) for c in codecs)} 101",
            *(f"a=rtpmap:{numbers[c]} {c}/{CLOCKS.get(c, '8000')}" for c in codecs),
            "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=sendrecv",
            *([f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{self.srtp_key}"] if crypto else []),
        ]  # fmt: skip
        return "".join(line + "\r\n" for line in lines)

    def connect(self, sdp):
        """Starts to speak with whom the other side's SDP names."""
        address = re.search(r"^c=IN IP4 (\S+)", sdp, re.M)[1]
        port, first = re.search(r"^m=audio (\d+) \S+ (\d+)", sdp, re.M).groups()
        events = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", sdp, re.M)
        self.events = int(events[1]) if events else None
        self.payload, self._peer = int(first), (address, int(port))
        key = re.search(r"^a=crypto:\d+ AES_CM_128_HMAC_SHA1_80 inline:(\S+)", sdp, re.M)
        if key and self.srtp_key:
            self._srtp_out, self._srtp_in = Srtp(self.srtp_key), Srtp(key[1])
        for target in (self._speak, self._listen):
            thread = threading.Thread(target=target, daemon=True)
            thread.start()
            self._threads.append(thread)

    def _speak(self):
        source, sequence, start, at = random.getrandbits(32), random.getrandbits(15), time.monotonic(), 0

        def send(payload, mark, stamp, data):
            nonlocal sequence
            packet = struct.pack("!BBHII", 0x80, payload | mark << 7, sequence & 0xFFFF, stamp, source) + data
            sequence += 1
            with contextlib.suppress(OSError):
                self.rtp.sendto(self._srtp_out.protect(packet) if self._srtp_out else packet, self._peer)

        between = 0
        while not self._stop.is_set():
            try:
                digit = self._digits.get_nowait() if at >= between else None
            except queue.Empty:
                digit = None
            if digit is None:
                offset = at * FRAME % RATE
                send(self.payload, at == 0, at * FRAME, self.sound[offset : offset + FRAME])
                at += 1
                self._stop.wait(max(0, start + at * 0.02 - time.monotonic()))
                continue
            begin = at * FRAME
            for part in range(1, 9):  # 100 ms, and its end three times
                event = struct.pack("!BBH", DIGITS.index(digit), 10 | (part > 5) << 7, min(part, 5) * FRAME)
                send(self.events, part == 1, begin, event)
                at += 1
                self._stop.wait(max(0, start + at * 0.02 - time.monotonic()))
            between = at + 3  # 60 ms of sound between digits

    def _listen(self):
        while not self._stop.is_set():
            try:
                packet = self.rtp.recv(2048)
            except TimeoutError:
                continue
            except OSError:
                return
            if self._srtp_in:
                packet = self._srtp_in.unprotect(packet)
            if packet and packet[1] & 0x7F == self.payload:
                self.heard += packet[12:]

    def press(self, digits):
        for digit in digits:
            self._digits.put(digit)

    def listen(self, seconds):
        """What comes from now on."""
        begin, need = len(self.heard), int(seconds * RATE)
        deadline = time.monotonic() + seconds + 5
        while len(self.heard) - begin < need and time.monotonic() < deadline and not self.ended.is_set():
            time.sleep(0.02)
        return bytes(self.heard[begin : begin + need])

    def hears(self, frequency, seconds=30, least=0.5, loud=range(500, 32768)):
        """Whether a fifth of a second of nearly this tone alone, and so loud, comes behind what was looked at before.

        A prompt of the tests lasts 0.6 s: on a busy machine it may be over before anybody looks.
        """
        long, deadline = RATE // 5, time.monotonic() + seconds
        while True:
            over = time.monotonic() > deadline
            while self.looked_at + long <= len(self.heard):
                sound = bytes(self.heard[self.looked_at : self.looked_at + long])
                self.looked_at += long // 4
                if strength(sound, frequency) > least and int(loudness(sound)) in loud:
                    return True
            if over:
                return False
            time.sleep(0.05)

    # --- dialog

    def request(self, method, body="", extra=(), number=None):
        if number is None:
            self.number += 1
            number = self.number
        branch = f"z9hG4bK{random.getrandbits(64):x}"
        self.sent[method] = branch
        self.phone.send(
            f"{method} {self.target} SIP/2.0",
            [
                ("Via", f"{self.phone.via};branch={branch};rport"),
                ("Max-Forwards", "70"),
                *(("Route", route) for route in self.route),
                ("From", self.local), ("To", self.remote), ("Call-ID", self.id), ("CSeq", f"{number} {method}"),
                ("Contact", self.phone.contact),
                *extra,
            ],
            body,
        )  # fmt: skip

    def invite(self, body, extra=()):
        self._invite = body, tuple(extra)
        self.request("INVITE", body, extra)

    def cancel(self):
        number, branch = self.number, self.sent["INVITE"]
        self.phone.send(
            f"CANCEL {self.target} SIP/2.0",
            [
                ("Via", f"{self.phone.via};branch={branch};rport"),
                ("Max-Forwards", "70"), ("From", self.local), ("To", self.remote), ("Call-ID", self.id),
                ("CSeq", f"{number} CANCEL"),
            ],
        )  # fmt: skip

    def wait_answer(self, seconds=15):
        """The final status of the INVITE; 0 when nobody answered."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                response = self.responses.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                break
            if response.sequence[1] == "INVITE" and response.status >= 200:
                return self.status
        return self.status

    def on_response(self, response):
        number, method = response.sequence
        if method == "INVITE" and response.status >= 200:
            if self.status == 0:
                self.status, self.answer = response.status, response
                self.remote = response.get("To")
                if response.status < 300:
                    self.target = re.search(r"<([^>]*)>", response.get("Contact"))[1]
                    self.route = response.all("Record-Route")[::-1]
                    self.connect(response.body)
                else:
                    self.ended.set()
            if response.status < 300:
                # Who has offered nothing answers now.
                answer = "" if self._invite[0] else self.sdp([NAMES[self.payload]])
                self.request("ACK", answer, number=number)
            else:
                self.phone.send(
                    f"ACK {self.target} SIP/2.0",
                    [
                        ("Via", f"{self.phone.via};branch={self.sent['INVITE']};rport"),
                        ("From", self.local), ("To", response.get("To")), ("Call-ID", self.id),
                        ("CSeq", f"{number} ACK"), ("Max-Forwards", "70"),
                    ],
                )  # fmt: skip
        self.responses.put(response)

    def ask(self, method, body="", extra=(), seconds=5):
        """The final response to a request within the call."""
        if method == "INVITE":
            self.invite(body, extra)
        else:
            self.request(method, body, extra)
        deadline = time.monotonic() + seconds
        while True:
            response = self.responses.get(timeout=max(0.01, deadline - time.monotonic()))
            if response.sequence == (self.number, method) and response.status >= 200:
                return response

    def hang_up(self, seconds=5):
        """Ends it, and says how the other side answered that."""
        self.request("BYE")
        deadline, status = time.monotonic() + seconds, 0
        while time.monotonic() < deadline:
            try:
                response = self.responses.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                break
            if response.sequence[1] == "BYE" and response.status >= 200:
                status = response.status
                break
        self.close()
        return status

    def close(self):
        self.ended.set()
        self._stop.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        self.rtp.close()


class Phone:
    """One address of SIP. Incoming calls get what `policy(invite)` says: codecs to answer with, a status, or "ring"."""

    def __init__(self, place, address, port, server, transport="UDP", wrap=lambda plain: plain, connection=None):
        self._place, self.address, self.server, self.transport = place, address, server, transport
        self.policy = lambda invite: ["PCMA"]
        self.calls, self.incoming, self.seen = {}, queue.Queue(), []
        self.others, self.requests = queue.Queue(), queue.Queue()  # responses that are no call's; other requests
        self.registrar = None
        self._lock = threading.Lock()
        if transport == "UDP":
            self._socket = self.socket(socket.SOCK_DGRAM)
            self._socket.bind((address, port))
        elif connection:
            self._socket = connection
        else:
            plain = self.socket(socket.SOCK_STREAM)
            plain.bind((address, 0))
            plain.connect(server)
            self._socket = wrap(plain)
        self._socket.settimeout(0.2)
        self.port = self._socket.getsockname()[1]
        self.where = f"{address}:{self.port}"
        self.via = f"SIP/2.0/{transport} {self.where}"
        self.contact = f"<sip:phone@{self.where}{'' if transport == 'UDP' else ';transport=' + transport.lower()}>"
        self._running = True
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def socket(self, kind):
        with self._place():
            return socket.socket(socket.AF_INET, kind)

    def send(self, first, headers, body="", to=None):
        headers = [*headers, *([("Content-Type", "application/sdp")] if body else []), ("Content-Length", len(body))]
        text = "\r\n".join([first, *(f"{name}: {value}" for name, value in headers), "", body]).encode()
        with self._lock, contextlib.suppress(OSError):
            if self.transport == "UDP":
                self._socket.sendto(text, to or self.server)
            else:
                self._socket.sendall(text)

    def _stream(self):
        """What the connection brings. TLS bears one thread at a time, and calls send from several."""
        if not getattr(self._socket, "pending", int)() and not select.select([self._socket], [], [], 0.2)[0]:
            raise TimeoutError
        with self._lock:
            return self._socket.recv(65535)

    def _packets(self):
        rest = b""
        while self._running:
            try:
                if self.transport == "UDP":
                    data, peer = self._socket.recvfrom(65535)
                    if data.strip(b"\r\n\0"):
                        yield data, peer
                    continue
                data = self._stream()
            except TimeoutError:
                continue
            except OSError:
                return
            if not data:
                return
            rest += data
            while b"\r\n\r\n" in rest.lstrip(b"\r\n"):
                rest = rest.lstrip(b"\r\n")
                head, _, tail = rest.partition(b"\r\n\r\n")
                length = int(re.search(rb"(?im)^(?:content-length|l)\s*:\s*(\d+)", head)[1])
                if len(tail) < length:
                    break
                rest = tail[length:]
                yield head + b"\r\n\r\n" + tail[:length], self.server

    def _receive(self):
        for data, peer in self._packets():
            message = Message(data)
            self.seen.append(message)
            call = self.calls.get(message.get("Call-ID"))
            if message.status:
                (call.on_response(message) if call else self.others.put(message))
            else:
                self._on_request(message, call, peer)

    def reply(self, request, status, reason="x", extra=(), body="", tag="", peer=None):
        to = request.get("To")
        to += f";tag={tag}" if tag and "tag=" not in to else ""
        headers = [("Via", via) for via in request.all("Via")]
        headers += [("Record-Route", route) for route in request.all("Record-Route")]
        headers += [("From", request.get("From")), ("To", to), ("Call-ID", request.get("Call-ID"))]
        self.send(f"SIP/2.0 {status} {reason}", [*headers, ("CSeq", request.get("CSeq")), *extra], body, peer)

    def _on_request(self, request, call, peer):
        if request.method == "INVITE" and not call:
            decision = self.policy(request)
            tag = hashlib.sha256(request.get("Call-ID").encode()).hexdigest()[:8]
            if decision == "ring":
                self.reply(request, 180, "Ringing", tag=tag, peer=peer)
                return
            if isinstance(decision, int):
                self.reply(request, decision, tag=tag, peer=peer)
                return
            target = re.search(r"<([^>]*)>", request.get("Contact"))[1]
            call = Call(
                self, request.get("Call-ID"), f"{request.get('To')};tag={tag}", request.get("From"), target,
                request.all("Record-Route"),
            )  # fmt: skip
            call.offer = request
            call.status = 200
            self.calls[call.id] = call
            self.reply(request, 200, "OK", [("Contact", self.contact)], call.sdp(decision), tag, peer)
            call.connect(request.body)
            call.payload = next(number for number, name in NAMES.items() if name == decision[0])
            self.incoming.put(call)
        elif request.method == "BYE" and call:
            self.reply(request, 200, "OK", peer=peer)
            call.close()
        elif request.method == "CANCEL":
            tag = hashlib.sha256(request.get("Call-ID").encode()).hexdigest()[:8]
            self.reply(request, 200, "OK", tag=tag, peer=peer)
            rung = [m for m in self.seen if m.method == "INVITE" and m.get("Call-ID") == request.get("Call-ID")]
            self.reply(rung[-1], 487, "Request Terminated", tag=tag, peer=peer)
        elif request.method == "OPTIONS":
            self.reply(request, 200, "OK", tag="o", peer=peer)
        elif request.method == "REGISTER" and self.registrar:
            status, headers = self.registrar(request)
            self.reply(request, status, "x", headers, tag="r", peer=peer)
        elif request.method not in ("ACK", "INVITE"):
            self.requests.put(request)

    _ids = itertools.count(1)

    def new_call(self, uri, caller="sip:+491700000001@trunk.example"):
        number = next(self._ids)
        call = Call(self, f"call-{number}-{random.getrandbits(48):x}", f"<{caller}>;tag=t{number}", f"<{uri}>", uri)
        self.calls[call.id] = call
        return call

    def call(self, uri, codecs=("PCMA",), crypto=False, extra=(), caller="sip:+491700000001@trunk.example"):
        """A new call; without codecs it offers nothing."""
        call = self.new_call(uri, caller)
        call.invite(call.sdp(codecs, crypto) if codecs else "", extra)
        return call

    def register(self, user, password, domain="127.0.0.1", seconds=60):
        """Registers with the server: the final status, 0 without one."""
        challenge, tag = None, random.getrandbits(32)
        for number in (1, 2):
            extra = []
            if challenge:
                realm, nonce = (re.search(rf'{key}="([^"]*)"', challenge)[1] for key in ("realm", "nonce"))
                answer = digest(user, realm, password, nonce, "REGISTER", f"sip:{domain}")
                extra = [
                    ("Authorization", f'Digest username="{user}", realm="{realm}", nonce="{nonce}", '
                     f'uri="sip:{domain}", response="{answer}", algorithm=MD5'),
                ]  # fmt: skip
            self.send(
                f"REGISTER sip:{domain} SIP/2.0",
                [
                    ("Via", f"{self.via};branch=z9hG4bK{random.getrandbits(64):x};rport"), ("Max-Forwards", "70"),
                    ("From", f"<sip:{user}@{domain}>;tag={tag}"), ("To", f"<sip:{user}@{domain}>"),
                    ("Call-ID", f"register-{tag}"), ("CSeq", f"{number} REGISTER"),
                    ("Contact", f"<sip:{user}@{self.where}>"), ("Expires", seconds), *extra,
                ],
            )  # fmt: skip
            try:
                response = self.others.get(timeout=3)
            except queue.Empty:
                return 0
            challenge = response.get("WWW-Authenticate")
            if response.status != 401:
                break
        return response.status

    def close(self):
        for call in self.calls.values():
            call.close()
        self._running = False
        self._thread.join()
        self._socket.close()
