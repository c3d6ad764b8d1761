"""Runs on a gateway: calls its SIP server as its trunk would, presses digits, and hangs up when told to.

Arguments: the codec to speak, PCMA or PCMU, and what to press, entries separated by commas; each is pressed when the
voice has been heard again. Prints a JSON list of what happened, an event a line: {"event": "answered" | "pressed" |
"ended" | "refused", "status"}. Hangs up when its standard input ends, or after LONGEST seconds.
"""

import json
import re
import secrets
import select
import socket
import struct
import sys
import time

LONGEST = 90  # seconds
HEARD = 25  # packets of 20 ms with sound in them make a voice
QUIET = {0: b"\xff\x7f\xfe\x7e", 8: b"\xd5\x55\xd4\x54"}  # what silence is made of, by payload type
PAYLOAD = {"PCMU": 0, "PCMA": 8}
EVENTS = 101
SERVER = ("127.0.0.1", 5060)
DIGITS = "0123456789*#"

codec, entries = sys.argv[1], sys.argv[2].split(",")
deadline = time.monotonic() + LONGEST


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


class Call:
    """One call, from INVITE to BYE, over UDP."""

    def __init__(self):
        self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sip.bind(("127.0.0.1", 0))
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp.bind(("0.0.0.0", 0))  # noqa: S104  # the answer says where its sound comes from
        self.port = self.sip.getsockname()[1]
        self.id, self.tag = secrets.token_hex(8), secrets.token_hex(4)
        self.to, self.target, self.routes = "<sip:verify@127.0.0.1>", "sip:verify@127.0.0.1", []
        self.number = 1
        self.peer = None
        self.sequence, self.time, self.source = 1, 160, secrets.randbits(31)
        self.loud = 0

    def send(self, method, body="", branch=None):
        self.branch = branch or f"z9hG4bK{secrets.token_hex(6)}"
        lines = [
            f"{method} {self.target} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch={self.branch};rport",
            *(f"Route: {route}" for route in self.routes),
            f"From: <sip:verification@127.0.0.1>;tag={self.tag}",
            f"To: {self.to}",
            f"Call-ID: {self.id}",
            f"CSeq: {self.number} {method}",
            f"Contact: <sip:verification@127.0.0.1:{self.port}>",
            "Max-Forwards: 70",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self.sip.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), SERVER)

    def invite(self):
        kind, rtp = PAYLOAD[codec], self.rtp.getsockname()[1]
        self.send(
            "INVITE",
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {rtp} RTP/AVP {kind} {EVENTS}\r\na=rtpmap:{kind} {codec}/8000\r\n"
            f"a=rtpmap:{EVENTS} telephone-event/8000\r\na=fmtp:{EVENTS} 0-15\r\na=sendrecv\r\n",
        )

    def hear_sip(self):
        """What came: a status of the call, BYE, or nothing that matters."""
        text = self.sip.recv(65535).decode(errors="replace")
        head, _, body = text.partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        fields = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        if not first.startswith("SIP/2.0 "):
            kept = [f"{n}: {v}" for n, v in fields if n in ("via", "from", "to", "call-id", "cseq", "v", "f", "t", "i")]
            self.sip.sendto(("\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0"]) + "\r\n\r\n").encode(), SERVER)
            return first.split()[0]
        status, of = int(first.split()[1]), dict(fields)["cseq"].split()[1]
        if of != "INVITE" or status < 200:
            return None
        self.to = next(value for name, value in fields if name in ("to", "t"))
        if status >= 300:
            self.send("ACK", branch=self.branch)
            return status
        self.routes = [value for name, value in fields if name == "record-route"][::-1]
        self.routes = [route for line in self.routes for route in re.split(r"\s*,\s*", line)[::-1]]
        contact = next(value for name, value in fields if name in ("contact", "m"))
        self.target = re.search(r"<([^>]+)>", contact)[1] if "<" in contact else contact.partition(";")[0]
        address = re.search(r"^c=IN IP4 (\S+)", body, re.M)[1]
        self.peer = (address, int(re.search(r"^m=audio (\d+)", body, re.M)[1]))
        self.send("ACK")
        return status

    def hear_rtp(self):
        packet = self.rtp.recv(2048)
        kind, sound = packet[1] & 127, packet[12:]
        if kind == PAYLOAD[codec]:
            self.loud += sum(byte not in QUIET[kind] for byte in sound) > len(sound) // 5

    def packet(self, kind, payload, marked=False):
        head = struct.pack(
            "!BBHII", 0x80, kind | (0x80 if marked else 0), self.sequence & 0xFFFF, self.time, self.source
        )
        self.rtp.sendto(head + payload, self.peer)
        self.sequence += 1

    def press(self, digit):
        """RFC 4733: 100 ms of the event in steps of 20, its end three times, and as much silence behind it."""
        for step in range(1, 6):
            self.packet(EVENTS, struct.pack("!BBH", DIGITS.index(digit), 10, 160 * step), step == 1)
            time.sleep(0.02)
        for _ in range(3):
            self.packet(EVENTS, struct.pack("!BBH", DIGITS.index(digit), 0x8A, 800))
        self.time += 800
        for _ in range(5):
            self.packet(PAYLOAD[codec], QUIET[PAYLOAD[codec]][:1] * 160)
            self.time += 160
            time.sleep(0.02)


call = Call()
call.invite()
while time.monotonic() < deadline:
    ready, _, _ = select.select([call.sip, call.rtp, sys.stdin], [], [], 1)
    if call.sip in ready:
        news = call.hear_sip()
        if news == 200:
            say("answered")
        elif news == "BYE":
            say("ended")
            sys.exit(0)
        elif isinstance(news, int):
            say("refused", status=news)
            sys.exit(0)
    if call.rtp in ready:
        call.hear_rtp()
    if entries and call.loud >= HEARD:
        for digit in entries.pop(0):
            call.press(digit)
        call.loud = 0
        say("pressed")
    if sys.stdin in ready and not sys.stdin.read():
        break
if call.peer:
    call.number += 1
    call.send("BYE")
say("hung up")
