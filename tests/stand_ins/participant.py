#!/usr/bin/python3
"""participant.py DOMAIN LOGIN PASSWORD ROOM NICK: one person in a conference, over BOSH; for the packages' test.

LOGIN is a host (anonymous) or name@host.  It does what the page does: asks the focus, enters the room, or waits for the
host, in the lobby when there is one.  BOSH_URL in the environment names prosody itself, for who is on its host, and
TOKEN is what the login service would give nginx for a user, who logs in to DOMAIN with it.
Each change of state is printed as a line of JSON: {"state": connecting, waiting, joined or failed, "reason", "role",
"people": {nick: role}}.  At SIGTERM it leaves as who closes the page.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import signal
import ssl
import sys
import time
import urllib.request
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

DOMAIN, LOGIN, PASSWORD, ROOM, NICK = sys.argv[1:]
URL = os.environ.get("BOSH_URL", f"https://{DOMAIN}/http-bind") + f"?room={ROOM}"
URL += f"&token={os.environ['TOKEN']}" if "TOKEN" in os.environ else ""
BOSH = "{http://jabber.org/protocol/httpbind}"
USER = "{http://jabber.org/protocol/muc#user}"
HASH = "sha1"  # of SCRAM-SHA-1
CLIENT = "{jabber:client}"


class Participant:
    """One BOSH session: a single request at a time, each waiting a second for news."""

    def __init__(self):
        self.rid, self.sid = int(time.time() * 1000), None
        own = f"/etc/jitsi/meet/{DOMAIN}.crt" if URL.startswith("https:") else None
        self.tls = ssl.create_default_context(cafile=own)
        self.outbox, self.people, self.lobby = [], {}, None
        self.room = f"{ROOM}@conference.{DOMAIN}"
        self.said, self.leaving = None, False

    def post(self, payload="", **attributes):
        """Sends one body and returns the elements of the answer."""
        self.rid += 1
        if self.sid:
            attributes["sid"] = self.sid
        given = "".join(f" {key.replace('__', ':')}={quoteattr(value)}" for key, value in attributes.items())
        body = f"<body xmlns='{BOSH[1:-1]}' xmlns:xmpp='urn:xmpp:xbosh' rid='{self.rid}'{given}>{payload}</body>"
        headers = {"Content-Type": "text/xml", "Host": DOMAIN}
        request = urllib.request.Request(URL, body.encode(), headers)  # noqa: S310 - http to its own host, or https
        with urllib.request.urlopen(request, timeout=15, context=self.tls) as answer:  # noqa: S310 - http to its own host, or https
            root = ElementTree.fromstring(answer.read())  # noqa: S314 - our own server
        self.sid = root.get("sid") or self.sid
        if root.get("type") == "terminate":
            self.say("failed", reason=root.get("condition", "terminated"))
            sys.exit(1)
        return list(root)

    def until(self, *names, payload="", **attributes):
        """Asks until an element with one of the local names comes."""
        found = self.post(payload, **attributes)
        while True:
            for element in found:
                if element.tag.rsplit("}", 1)[-1] in names:
                    return element
            found = self.post()

    def say(self, state, **more):
        line = json.dumps({"state": state, "people": self.people, **more})
        if line != self.said:
            print(line, flush=True)
            self.said = line

    def ask_sasl(self, element, text="", **attributes):
        """What the server answers to an element of SASL."""
        given = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
        content = base64.b64encode(text.encode()).decode()
        payload = f"<{element} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'{given}>{content}</{element}>"
        return self.until("success", "failure", "challenge", payload=payload)

    def prove(self, name):
        """Logs in by SCRAM-SHA-1 (RFC 5802): the toolkit's prosody takes no password itself."""
        first = f"n={name},r={secrets.token_hex(12)}"
        answer = self.ask_sasl("auth", f"n,,{first}", mechanism="SCRAM-SHA-1")
        if not answer.tag.endswith("challenge"):
            return answer
        challenge = base64.b64decode(answer.text).decode()
        given = dict(part.split("=", 1) for part in challenge.split(","))
        last = f"c=biws,r={given['r']}"
        salted = hashlib.pbkdf2_hmac(HASH, PASSWORD.encode(), base64.b64decode(given["s"]), int(given["i"]))
        key = hmac.digest(salted, b"Client Key", HASH)
        stored = hashlib.new(HASH, key).digest()
        signature = hmac.digest(stored, f"{first},{challenge},{last}".encode(), HASH)
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature, strict=True))).decode()
        return self.ask_sasl("response", f"{last},p={proof}")

    def log_in(self):
        self.say("connecting")
        name, _, host = LOGIN.rpartition("@")
        self.until("features", to=host, wait="1", hold="1", ver="1.6", xmpp__version="1.0")
        if not (self.prove(name) if name else self.ask_sasl("auth", mechanism="ANONYMOUS")).tag.endswith("success"):
            self.say("failed", reason="password-required")
            sys.exit(1)
        self.until("features", to=host, xmpp__restart="true")
        bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
        self.until("iq", payload=f"<iq xmlns='jabber:client' type='set' id='bind'>{bind}</iq>")
        self.outbox.append("<presence xmlns='jabber:client'/>")

    def ask(self):
        conference = f"<conference xmlns='http://jitsi.org/protocol/focus' room='{self.room}'/>"
        self.outbox.append(f"<iq xmlns='jabber:client' type='set' id='ask' to='focus.{DOMAIN}'>{conference}</iq>")

    def enter(self, room):
        join = "<x xmlns='http://jabber.org/protocol/muc'/>"
        self.outbox.append(f"<presence xmlns='jabber:client' to='{room}/{NICK}'>{join}</presence>")

    def handle(self, stanza):
        kind, (where, _, who) = stanza.get("type"), (stanza.get("from") or "").partition("/")
        error = stanza.find(f"{CLIENT}error")
        reason = error[0].tag.rsplit("}", 1)[-1] if error is not None and len(error) else None
        if stanza.get("id") == "ask":
            if kind == "result":
                self.enter(self.room)
            else:
                self.say("waiting" if reason == "not-authorized" else "failed", reason=reason)
        elif stanza.tag == f"{CLIENT}presence" and where == self.lobby and kind == "unavailable":
            self.lobby = None
            self.ask()
        elif stanza.tag == f"{CLIENT}presence" and where == self.room:
            if kind == "error":
                lobby = error.find("{http://jitsi.org/jitmeet}lobbyroom")
                if lobby is None:
                    self.say("failed", reason=reason)
                else:
                    self.lobby = lobby.text
                    self.say("waiting", reason=reason)
                    self.enter(self.lobby)
                return
            item = stanza.find(f".//{USER}item")
            if kind == "unavailable":
                self.people.pop(who, None)
            elif who != "focus":
                self.people[who] = item.get("role")
            if NICK in self.people:
                self.say("joined", role=self.people[NICK])

    def run(self):
        self.log_in()
        self.ask()
        while not self.leaving:
            sent, self.outbox = self.outbox, []
            for element in self.post("".join(sent)):
                self.handle(element)
        self.post(type="terminate")

    def leave(self, *_):
        """Before the next request: the server waits for one that was begun."""
        self.leaving = True


participant = Participant()
signal.signal(signal.SIGTERM, participant.leave)
participant.run()
