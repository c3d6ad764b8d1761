#!/usr/bin/python3
"""caller.py PASSWORD: the SIP server of a gateway and all its callers in one; for the packages' test.

It asks whoever registers at 127.0.0.1:5060 for the password, and obeys lines of JSON: {"call": name, "headers": {...},
"codec": "PCMA"} and {"hang_up": name}.  A caller speaks as soon as he is answered, each packet another sound.  What
happens is printed as lines of JSON: {"state": registered or refused, "again": how often} of the gateway, of a caller
{"call": name, "state": answered (with "port"), silence, echo (what he said himself), refused (with "status"), or bye}.
"""

import hashlib
import json
import os
import re
import secrets
import selectors
import socket
import sys
import time

PASSWORD = sys.argv[1]
HASH = "md5"  # of SIP's logins
NONCE = secrets.token_hex(8)
CODECS = {"PCMU": 0, "PCMA": 8, "G722": 9, "opus": 111, "GSM": 3}
SILENT = {0: 0xFF, 8: 0xD5, 9: 0xFA}


def say(**words):
    print(json.dumps(words), flush=True)


def header(text, name):
    return re.findall(rf"^{name}:\s*(.*?)\s*$", text, re.M | re.I)


def answer(text, status, *more):
    copied = [line for line in text.split("\r\n") if re.match(r"(?i)(via|from|call-id|cseq|to):", line)]
    copied = [re.sub(r"(?i)^(to:[^;]*)$", r"\1;tag=server", line) for line in copied]
    return "\r\n".join([f"SIP/2.0 {status}", *copied, *more, "Content-Length: 0", "", ""]).encode()


class Call:
    """One caller: his dialog and his voice."""

    def __init__(self, server, name, headers, codec):
        self.server, self.name, self.number = server, name, CODECS[codec]
        self.voice = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.voice.bind(("127.0.0.1", 0))
        self.voice.setblocking(False)
        self.id, self.branch, self.target = secrets.token_hex(6), f"z9hG4bK{secrets.token_hex(6)}", None
        self.to, self.peer, self.count, self.said = "<sip:jigasi@127.0.0.1>", None, 0, set()
        rate = {"opus": "48000/2"}.get(codec, "8000")
        lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
                 f"m=audio {self.voice.getsockname()[1]} RTP/AVP {self.number} 101",
                 f"a=rtpmap:{self.number} {codec}/{rate}", "a=rtpmap:101 telephone-event/8000", ""]  # fmt: skip
        more = [f"{key}: {value}" for key, value in headers.items()] + ["Content-Type: application/sdp"]
        self.send("INVITE", 1, more, "\r\n".join(lines))

    def send(self, method, number, more=(), body="", branch=None):
        lines = [
            f"{method} {self.target or 'sip:jigasi@127.0.0.1:5080'} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:5060;branch={branch or self.branch}", "Max-Forwards: 70",
            f'From: "{self.name}" <sip:{self.name}@127.0.0.1>;tag={self.id}', f"To: {self.to}",
            f"Call-ID: {self.id}", f"CSeq: {number} {method}", "Contact: <sip:line@127.0.0.1:5060>", *more,
            f"Content-Length: {len(body)}", "", body,
        ]  # fmt: skip
        self.server.sendto("\r\n".join(lines).encode(), ("127.0.0.1", 5080))

    def answered(self, text):
        status, number = int(text.split()[1]), header(text, "CSeq")[0]
        if status < 200 or not number.endswith("INVITE"):
            return
        self.to = header(text, "To")[0]
        if status >= 300:
            self.send("ACK", 1)
            say(call=self.name, state="refused", status=status)
            self.end()
            return
        self.target = re.search(r"<([^>]+)>", header(text, "Contact")[0])[1]
        self.send("ACK", 1, branch=f"z9hG4bK{secrets.token_hex(6)}")
        if not self.peer:
            self.peer = "127.0.0.1", int(re.search(r"m=audio (\d+) RTP/AVP (\d+)", text)[1])
            say(call=self.name, state="answered", port=self.peer[1])

    def speak(self):
        if self.peer:
            self.count += 1
            sound = bytes([self.count % 90 + 1]) * 160
            head = b"\x80" + bytes([self.number]) + self.count.to_bytes(2) + (self.count * 160).to_bytes(4)
            self.voice.sendto(head + self.id[:4].encode() + sound, self.peer)

    def hear(self):
        data = self.voice.recv(2000)
        kind = "silence" if set(data[12:]) <= {SILENT.get(self.number, -1), 0xF8, 0xFE, 0xFF} else "echo"
        if kind == "echo" and not (len(set(data[12:])) == 1 and 1 <= data[12] <= 90):
            kind = "noise"
        if kind not in self.said:
            self.said.add(kind)
            say(call=self.name, state=kind)

    def hang_up(self):
        if self.peer:
            self.send("BYE", 2, branch=f"z9hG4bK{secrets.token_hex(6)}")
            self.end()
        else:
            self.send("CANCEL", 1)

    def end(self):
        self.peer = None
        calls.pop(self.id, None)


def judge_registration(server, text, peer):
    """Who says the password is registered."""
    global again
    proof = header(text, "Authorization")
    if not proof:
        question = f'WWW-Authenticate: Digest realm="lab", nonce="{NONCE}", algorithm=MD5, qop="auth"'
        server.sendto(answer(text, "401 Unauthorized", question), peer)
        return
    said = {key: quoted or bare for key, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', proof[0])}
    secret = md5(said["username"], "lab", PASSWORD)
    right = md5(secret, NONCE, said["nc"], said["cnonce"], "auth", md5("REGISTER", said["uri"]))
    good = said["response"] == right and said["nonce"] == NONCE and said["username"] == "jigasi"
    again += good
    server.sendto(answer(text, "200 OK", *(f"Contact: {c}" for c in header(text, "Contact")))
                  if good else answer(text, "403 Forbidden"), peer)  # fmt: skip
    say(state="registered" if good else "refused", again=again)


def md5(*parts):
    return hashlib.new(HASH, ":".join(parts).encode()).hexdigest()


calls, again = {}, 0


def obey(server, ready):
    """Do what the test wrote on standard input."""
    for order in map(json.loads, os.read(0, 65536).splitlines()):
        if "call" in order:
            call = Call(server, order["call"], order["headers"], order.get("codec", "PCMA"))
            calls[call.id] = call
            ready.register(call.voice, selectors.EVENT_READ, call)
        else:
            next(call for call in calls.values() if call.name == order["hang_up"]).hang_up()


def hear(server):
    """Answer what came by SIP."""
    data, peer = server.recvfrom(65536)
    text = data.decode()
    call = calls.get(header(text, "Call-ID")[0])
    if text.startswith("REGISTER"):
        judge_registration(server, text, peer)
    elif text.startswith("SIP/2.0") and call:
        call.answered(text)
    elif text.startswith("BYE"):
        server.sendto(answer(text, "200 OK" if call else "481 Gone"), peer)
        if call:
            say(call=call.name, state="bye")
            call.end()
    elif not text.startswith("SIP/2.0"):
        server.sendto(answer(text, "200 OK"), peer)


def main():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 5060))
    ready = selectors.DefaultSelector()
    ready.register(server, selectors.EVENT_READ)
    ready.register(sys.stdin, selectors.EVENT_READ)
    clock = time.monotonic()
    while True:
        for key, _ in ready.select(max(0, clock - time.monotonic())):
            if key.fileobj is sys.stdin:
                obey(server, ready)
            elif key.fileobj is server:
                hear(server)
            else:
                key.data.hear()
        if time.monotonic() >= clock:
            clock += 0.02
            for call in list(calls.values()):
                call.speak()


main()
