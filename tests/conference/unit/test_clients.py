"""The clients' own tests: what they say and understand, without a customer."""

import asyncio
import base64
import hmac
import json
import re
import socket
import ssl
import threading
import time
import types
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path

import browser
import customer
import outside
import pytest
import test_ports
import test_rooms
import test_stream
import turn
import xmpp
from aioice import stun
from defusedxml.ElementTree import fromstring

STREAM = b"<stream:stream to='guest.example.org' xmlns='jabber:client' xmlns:stream='...'>"


def element(text: str) -> ET.Element:
    return fromstring(text)


@pytest.fixture
def websocket():
    return xmpp.Websocket(None, "wss://example.org/xmpp-websocket", "guest.example.org")


@pytest.fixture
def bosh():
    return xmpp.Bosh(None, "https://example.org/http-bind", "guest.example.org")


def test_a_token_says_what_the_customer_wants_to_hear():
    rules = {"issuer": "acme", "audience": "jitsi", "secret": "s" * 32, "login_claim": "context.user.id"}
    for claims, value, expected in (
        ("context.user.moderator", "", {"context": {"user": {"id": "anna", "moderator": True}}}),
        ("groups", "hosts", {"context": {"user": {"id": "anna"}}, "groups": "hosts"}),
    ):
        rules |= {"moderator_claim": claims, "moderator_value": value}
        some = customer.Customer("example.org", [], {}, {}, {}, False, {}, [], "", "", 14, tokens=rules)
        header, body, signature = (base64.urlsafe_b64decode(part + "==") for part in some.token("anna").split("."))
        text = some.token("anna").rpartition(".")[0]
        said = json.loads(body)
        assert json.loads(header)["alg"] == "HS256"
        assert (said["iss"], said["aud"], said["sub"]) == ("acme", "jitsi", "example.org")
        assert 60 < said["exp"] - time.time() < 3600
        assert expected.items() <= said.items()
        assert signature == hmac.digest(b"s" * 32, text.encode(), "sha256")
        assert some.token("anna", "wrong").partition(".")[0] == some.token("anna").partition(".")[0]
        assert not some.token("anna", "wrong").endswith(some.token("anna").rpartition(".")[2])
        assert "s" * 32 not in repr(some)


def test_websocket_opens_closes_and_names_the_namespace(websocket):
    assert websocket.frame(STREAM.decode()) == f"<open xmlns='{xmpp.FRAMING}' to=\"guest.example.org\" version='1.0'/>"
    assert websocket.frame("</stream:stream>") == f"<close xmlns='{xmpp.FRAMING}'/>"
    assert element(websocket.frame('<iq id="1"><bind xmlns="urn:b"/></iq>')).tag == "{jabber:client}iq"
    assert websocket.frame("<a xmlns='urn:a'/>") == "<a xmlns='urn:a'/>"


def test_websocket_frames_become_one_stream(websocket):
    frames = [
        f"<open xmlns='{xmpp.FRAMING}' from='example.org' id='7'/>",
        f"<stream:features xmlns:stream='{xmpp.STREAMS}'><register xmlns='http://jabber.org/features/iq-register'/>"
        "</stream:features>",
        "<message xmlns='jabber:client'/>",
        f"<close xmlns='{xmpp.FRAMING}'/>",
    ]
    stream = element("".join(map(websocket.unframe, frames)))
    assert [child.tag for child in stream] == [xmpp.FEATURES, "{jabber:client}message"]
    assert websocket.offered == {xmpp.REGISTER}


def test_bosh_counts_requests_and_keeps_its_session(bosh):
    first = element(bosh.body([STREAM.decode()]))
    assert (first.get("hold"), first.get("to"), first.get("sid")) == ("1", "guest.example.org", None)
    bosh.unwrap(f"<body xmlns='{xmpp.HTTPBIND}' sid='s1'/>")
    second = element(bosh.body(["<presence/>", "<iq id='1'/>"]))
    assert second.get("sid") == "s1"
    assert int(second.get("rid")) == int(first.get("rid")) + 1
    assert [child.tag for child in second] == ["{jabber:client}presence", "{jabber:client}iq"]
    assert element(bosh.body([STREAM.decode()])).get("{urn:xmpp:xbosh}restart") == "true"
    assert element(bosh.body(["</stream:stream>"])).get("type") == "terminate"


def test_bosh_answers_become_one_stream(bosh):
    pieces = bosh.unwrap(
        f"<body xmlns='{xmpp.HTTPBIND}' xmlns:stream='{xmpp.STREAMS}' from='example.org' sid='s1'>"
        "<stream:features><a xmlns='urn:a'/></stream:features></body>"
    )
    pieces += bosh.unwrap(
        f"<body xmlns='{xmpp.HTTPBIND}'><message xmlns='jabber:client'><body>hi</body></message></body>"
    )
    pieces += bosh.unwrap(f"<body xmlns='{xmpp.HTTPBIND}' type='terminate'/>")
    pieces += bosh.unwrap(f"<body xmlns='{xmpp.HTTPBIND}' type='terminate'/>")  # both waiting requests are told
    stream = element("".join(pieces))
    assert stream.findtext("{jabber:client}message/{jabber:client}body") == "hi"


def test_a_stanza_outside_a_stream_has_its_namespace_whatever_its_prefix():
    made = xmpp.element("iq", xmpp.element("{urn:a}query", "text", b=None, c="d"), type="get")
    frame = element(xmpp.stanza_frame(ET.tostring(made, encoding="unicode")))
    assert frame.tag == "{jabber:client}iq"
    assert frame.find("{urn:a}query").attrib == {"c": "d"}
    prefixed = ET.tostring(xmpp.element(f"{{{xmpp.SASL}}}auth"), encoding="unicode")
    assert element(xmpp.stanza_frame(prefixed)).tag == f"{{{xmpp.SASL}}}auth"


def test_a_refusal_says_why_and_where_to_wait():
    refused = xmpp.Refused.by(
        element(
            "<presence xmlns='jabber:client' type='error'><error type='auth'>"
            f"<registration-required xmlns='{xmpp.STANZAS}'/><text xmlns='{xmpp.STANZAS}'>No.</text></error>"
            "<lobbyroom xmlns='http://jitsi.org/jitmeet'>daily@lobby.example.org</lobbyroom></presence>"
        )
    )
    assert (refused.condition, refused.lobby) == ("registration-required", "daily@lobby.example.org")


class Room:
    """What slixmpp is to a participant, and a room that tells who comes and goes."""

    def add_filter(self, _mode, arrived):
        self.arrived = arrived

    def add_event_handler(self, _event, handler):
        self.hang_up = handler

    def tell(self, nick: str, *codes: int, kind: str = "", **item: str) -> None:
        status = [xmpp.element(f"{{{xmpp.MUC}#user}}status", code=str(code)) for code in codes]
        user = xmpp.element(f"{{{xmpp.MUC}#user}}x", xmpp.element(f"{{{xmpp.MUC}#user}}item", **item), *status)
        presence = xmpp.element("{jabber:client}presence", user, **{"from": f"daily@muc/{nick}"}, type=kind or None)
        self.arrived(types.SimpleNamespace(xml=presence))


def test_a_participant_knows_who_is_there_and_what_he_is_himself():
    room = Room()
    person = xmpp.Participant(room, None, "example.org", set())
    room.tell("focus", affiliation="owner", role="moderator")
    room.tell("bernd", affiliation="none", role="participant")
    room.tell("me", 110, affiliation="owner", role="moderator")
    assert person.others("daily@muc") == {"bernd"}
    assert (person.role("daily@muc"), person.affiliation("daily@muc")) == ("moderator", "owner")
    room.tell("bernd", kind="unavailable", affiliation="none", role="none")
    assert person.others("daily@muc") == set()
    room.tell("me", 110, kind="unavailable", affiliation="none", role="none")
    assert (person.role("daily@muc"), person.nicks) == ("", {})


def test_who_waits_for_an_answer_learns_that_the_server_hung_up():
    async def wait():
        room = Room()
        person = xmpp.Participant(room, None, "example.org", set())
        answer = person.expect(lambda _: True)
        room.hang_up(None)
        for waiting in (answer, person.expect(lambda _: True)):
            with pytest.raises(xmpp.Refused, match="closed the connection"):
                await waiting
        assert person.over

    asyncio.run(wait())


def test_ways_into_a_room_spell_its_name():
    ways = {way: test_rooms.spelled(made.address, "ab-1", "example.org") for way, made in test_rooms.WAYS.items()}
    assert ways["in upper case"] == "AB-1@CONFERENCE.EXAMPLE.ORG"
    assert ways["percent-encoded"] == "%61%62%2d%31@conference.example.org"
    assert unicodedata.normalize("NFKC", ways["in full-width letters"]) == "ab-1@conference.example.org"
    assert len(ways) >= 10


@pytest.mark.parametrize(
    ("names", "name", "meeting"),
    [
        ({"prefixes": [], "fixed": [], "shortest": 0}, "verify-.{8}", "verify-.{8}"),
        ({"prefixes": ["acme-"], "fixed": ["board"], "shortest": 40}, "acme-verify-.{40}", "acme-verify-.{40}"),
        ({"prefixes": [], "fixed": ["board"], "shortest": 0}, "verify-.{8}", "board"),
    ],
)
def test_rooms_are_named_by_the_rules(names, name, meeting):
    some = customer.Customer("example.org", [], {}, {}, {"names": names}, False, {}, [], "", "", 14)
    assert re.fullmatch(name, some.new_name())
    assert re.fullmatch(meeting, some.meeting_name())
    assert some.new_name() != some.new_name()


class Relay(threading.Thread):
    """A relay that asks for credentials, gives an address and forbids every peer."""

    def __init__(self, password: str):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.password = password

    def run(self) -> None:
        key = turn.long_term_key("user", "realm", self.password)
        while True:
            data, sender = self.socket.recvfrom(2000)
            request = stun.parse_message(data)
            attributes, kind = {}, stun.Class.RESPONSE
            if not request.check_message_integrity(key):
                kind = stun.Class.ERROR
                attributes = {"ERROR-CODE": (401, "Unauthorized"), "REALM": "realm", "NONCE": b"nonce"}
            elif request.message_method == stun.Method.ALLOCATE:
                attributes = {"XOR-RELAYED-ADDRESS": ("192.0.2.1", 50000)}
            elif request.message_method == stun.Method.CREATE_PERMISSION:
                kind, attributes = stun.Class.ERROR, {"ERROR-CODE": (403, "Forbidden")}
            answer = stun.Message(request.message_method, kind, request.transaction_id, attributes)
            self.socket.sendto(bytes(answer), sender)


@pytest.fixture
def relay():
    thread = Relay("secret")
    thread.start()
    return turn.UdpCarrier(*thread.socket.getsockname())


def test_turn_answers_the_challenge_and_reports_refusals(relay):
    with turn.TurnClient(relay, "user", "secret") as client:
        assert client.allocate() == ("192.0.2.1", 50000)
        with pytest.raises(turn.TurnError, match="CREATE_PERMISSION was answered 403"):
            client.permit("10.0.0.1")


def test_turn_with_a_wrong_password_is_refused(relay):
    with turn.TurnClient(relay, "user", "wrong") as client, pytest.raises(turn.TurnError, match="401"):
        client.allocate()


def test_client_hello_offers_the_old_version_only():
    for version, number in ((ssl.TLSVersion.TLSv1, b"\x03\x01"), (ssl.TLSVersion.TLSv1_1, b"\x03\x02")):
        hello = outside.client_hello(version, "example.org")
        assert hello[0] == 22
        assert hello[9:11] == number
        assert b"example.org" in hello


def test_knocking_tells_open_from_closed():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        ports = [server.getsockname()[1], unused.getsockname()[1]]
        states = outside.knock(["127.0.0.1"], ports)
        assert states == {("127.0.0.1", ports[0]): "open", ("127.0.0.1", ports[1]): "closed"}


def test_listeners_leave_loopback_out():
    text = (
        'udp   UNCONN 0 0      127.0.0.53%lo:53    0.0.0.0:* users:(("resolved",pid=1,fd=1))\n'
        'udp   UNCONN 0 0      10.1.0.5%eth0:68    0.0.0.0:* users:(("networkd",pid=2,fd=1))\n'
        'tcp   LISTEN 0 511                *:443         *:* users:(("nginx",pid=3,fd=1),("nginx",pid=4,fd=1))\n'
        "tcp   LISTEN 0 511            [::1]:8080     [::]:*\n"
        "tcp   LISTEN 0 511 [::ffff:127.0.0.1]:8888     *:*\n"
    )
    assert test_ports.listeners(text) == [("udp", 68, "networkd"), ("tcp", 443, "nginx")]


def test_matrix_of_a_host_in_several_groups():
    matrix = {
        "jitsi": {"ingress": [{"proto": "tcp", "port": 22, "peer": "meet"}, {"proto": "icmp", "peer": "world"}]},
        "meet": {"ingress": [{"proto": "tcp", "port": 443, "peer": "world"}]},
        "turn": {"ingress": [{"proto": "udp", "port": "49152-65535", "peer": "world"}]},
        "videobridges": {"ingress": [{"proto": "udp", "port": 10000, "peer": "world"}]},
    }
    host = customer.Host("acme-meet", ["meet", "turn"], [], ["192.0.2.1", "2001:db8::1"], "10.0.0.5", [], {})
    assert host.allowed(matrix, "tcp") == {range(22, 23), range(443, 444)}
    assert host.allowed(matrix, "tcp", {"world"}) == {range(443, 444)}
    assert host.allowed(matrix, "udp") == {range(49152, 65536)}
    assert host.addresses(4) == ["192.0.2.1", "10.0.0.5"]


def test_browser_log_tells_the_page_from_the_browser(tmp_path: Path):
    log = tmp_path / "net.json"
    events = [
        {"params": {"initiator": "not an origin", "url": "https://update.example/"}},
        {"params": {"initiator": "https://meet.example.org", "url": "https://fonts.example/css"}},
        {"type": 1},
    ]
    log.write_text(json.dumps({"events": events}))
    assert browser.names_asked(log, "https://meet.example.org") == {"fonts.example"}


CHANGED = "page.goto: net::ERR_NETWORK_CHANGED at https://stream.example.org/"


def test_what_a_change_of_the_network_broke_off_is_looked_at_anew():
    looks = iter([browser.NetworkChanged, browser.NetworkChanged, "seen"])

    def look():
        if (look := next(looks)) is browser.NetworkChanged:
            raise look
        return look

    assert browser.undisturbed(look) == "seen"


def test_nothing_else_is_looked_at_anew():
    looks = []

    def fail():
        looks.append("one")
        raise AssertionError("nobody gets in")

    with pytest.raises(AssertionError, match="nobody gets in"):
        browser.undisturbed(fail)
    assert looks == ["one"]


def test_a_network_that_changes_all_the_time_is_said():
    def look():
        raise browser.NetworkChanged(CHANGED)

    with pytest.raises(AssertionError, match="keeps changing"):
        browser.undisturbed(look)


class Unseen:
    """A page with the stream on which no picture moves, because of one request."""

    def __init__(self, failure, goto=None):
        self.failure, self.error = failure, goto

    def on(self, event, tell):
        assert event == "requestfailed"
        self.tell = tell

    def goto(self, url):
        assert url == "https://stream.example.org"
        self.tell(types.SimpleNamespace(failure=self.failure))
        if self.error:
            raise browser.Error(self.error)

    def evaluate(self, _):
        return False

    def inner_text(self, _):
        return "nothing is shown"

    def wait_for_timeout(self, _):
        pass


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (Unseen("net::ERR_NETWORK_CHANGED", CHANGED), browser.NetworkChanged),
        (Unseen("net::ERR_NETWORK_CHANGED"), browser.NetworkChanged),
        (Unseen("net::ERR_SOCKET_NOT_CONNECTED"), browser.NetworkChanged),
        (Unseen("net::ERR_CONNECTION_REFUSED", "net::ERR_CONNECTION_REFUSED"), browser.Error),
        (Unseen("net::ERR_ABORTED"), AssertionError),
    ],
    ids=["no page", "no picture", "a closed connection", "refused", "no picture for another reason"],
)
def test_a_stream_that_a_change_of_the_network_broke_off_is_no_missing_stream(monkeypatch, page, said):
    monkeypatch.setattr(test_stream, "BEGINS", 0)
    asked_nothing = types.SimpleNamespace(consent=False, stream_word="")
    with pytest.raises(said):
        test_stream.watch(asked_nothing, "stream.example.org", page)
