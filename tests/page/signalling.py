"""prosody and the focus, as far as the page speaks with them: one room, whom it lets in, and who is there."""

import base64
import itertools
import re

from site_of import DOMAIN

NAME, PASSWORD = "anna", "anna's secret"
LOBBY = f"room@lobby.{DOMAIN}"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
STREAM = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='{}' id='1' version='1.0'/>"
FEATURES = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>{}</stream:features>"
MECHANISM = f"<mechanisms xmlns='{SASL}'><mechanism>{{}}</mechanism></mechanisms>"
BIND = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{}</bind>"
REFUSED = (
    "<presence xmlns='jabber:client' type='error' from='{}'><error type='auth'>"
    "<registration-required xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
    f"<lobbyroom xmlns='http://jitsi.org/jitmeet'>{LOBBY}</lobbyroom>{{}}</error></presence>"
)
PRESENT = (
    "<presence xmlns='jabber:client' from='{}'><x xmlns='http://jabber.org/protocol/muc#user'>"
    "<item role='{}'/></x></presence>"
)
INVITED = (
    "<message xmlns='jabber:client' from='{}'><x xmlns='http://jabber.org/protocol/muc#user'><invite/></x></message>"
)
NUMBERS = itertools.count(1)


class Room:
    """A room that a moderator opens (host), that guests are let into by hand (lobby), or that is open.

    DOMAIN asks people for a password, or lets in whoever is connected to it, as prosody does by a token from nginx.
    """

    def __init__(self, guests: str = "host", passwords: bool = True):
        self.guests, self.passwords = guests, passwords
        self.people: dict[str, tuple[Person, str]] = {}
        self.waiting: dict[Person, str] = {}

    def serve(self, page) -> None:
        """Answers that page's websockets."""
        page.route_web_socket(re.compile("/xmpp-websocket"), lambda socket: Person(self, socket))

    def enter(self, person, address: str) -> None:
        if not person.named and self.guests != "open":
            self.waiting[person] = address
            person.socket.send(REFUSED.format(address, "<waiting-for-host/>" if self.guests == "host" else ""))
            return
        self.people[address] = (person, "moderator" if person.named else "participant")
        for there, (_, role) in self.people.items():
            person.socket.send(PRESENT.format(there, role))
        self.tell(PRESENT.format(*(address, self.people[address][1])), but=person)
        if person.named and self.guests == "host":
            self.guests = "open"
            for guest, asked in self.waiting.items():
                guest.socket.send(INVITED.format(asked.partition("/")[0]))

    def tell(self, stanza: str, but=None) -> None:
        for person, _ in self.people.values():
            if person is not but:
                person.socket.send(stanza)

    def leave(self, person) -> None:
        self.waiting.pop(person, None)
        for address in [there for there, (who, _) in self.people.items() if who is person]:
            del self.people[address]
            self.tell(f"<presence xmlns='jabber:client' type='unavailable' from='{address}'/>")


class Person:
    """One connection: a guest of guest.DOMAIN, or somebody DOMAIN asks for a password."""

    def __init__(self, room: Room, socket):
        self.room, self.socket = room, socket
        self.domain, self.guest, self.named, self.number = "", True, False, next(NUMBERS)
        socket.on_message(self.answer)
        socket.on_close(lambda *_: room.leave(self))

    def answer(self, frame: str) -> None:
        if opened := re.match(r"<open[^>]* to=['\"]([^'\"]+)", frame):
            first, self.domain = not self.domain, opened[1]
            self.socket.send(STREAM.format(self.domain))
            self.guest = self.domain.startswith("guest.")
            mechanism = "PLAIN" if self.room.passwords and not self.guest else "ANONYMOUS"
            self.socket.send(FEATURES.format(MECHANISM.format(mechanism) if first else BIND.format("")))
        elif plain := re.match(r"<auth[^>]*mechanism=['\"]PLAIN['\"][^>]*>([^<]*)<", frame):
            self.named = base64.b64decode(plain[1]).split(b"\0")[1:] == [NAME.encode(), PASSWORD.encode()]
            refusal = f"<failure xmlns='{SASL}'><not-authorized/></failure>"
            self.socket.send(f"<success xmlns='{SASL}'/>" if self.named else refusal)
        elif frame.startswith("<auth"):
            self.named = not self.guest
            self.socket.send(f"<success xmlns='{SASL}'/>")
        elif asked := re.match(r"<iq[^>]* id=['\"]([^'\"]+)", frame):
            focus = "<conference xmlns='http://jitsi.org/protocol/focus' ready='true'/>"
            bound = BIND.format(f"<jid>{self.number}@{self.domain}/1</jid>")
            payload = bound if "<bind" in frame else focus
            self.socket.send(f"<iq xmlns='jabber:client' type='result' id='{asked[1]}'>{payload}</iq>")
        elif to := re.match(r"<presence[^>]* to=['\"]([^'\"]+@conference[^'\"]+)", frame):
            self.room.enter(self, to[1])
        elif frame.startswith("<close"):
            self.room.leave(self)
