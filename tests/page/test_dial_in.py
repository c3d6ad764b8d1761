"""The telephone on the page: nginx in front of the real mapper, and what an invitation shows in Chromium."""

import itertools
import re

import pytest
from mapper import KEY, Mapper
from site_of import DOMAIN, ORIGIN, serve

GATEWAY, STRANGER = "127.0.0.7", "127.0.0.8"
ROOM = "rat-7f3a"
ENDPOINTS = ["/dial-in/numbers", f"/dial-in/pin?conference={ROOM}@conference.{DOMAIN}", "/dial-in/room?id=123456789"]
BEARER = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def mapper(tmp_path_factory):
    running = Mapper(tmp_path_factory.mktemp("mapper") / "pins", domain=DOMAIN).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def telephone(package, mapper, tmp_path_factory):
    """The page of a customer with a gateway."""
    settings = {
        "web_dial_in": {"mapper": f"127.0.0.1:{mapper.port}", "gateways": [GATEWAY]},
        "consent_gate_exempt": [f"{GATEWAY}/32"],
    }
    with serve(tmp_path_factory.mktemp("telephone"), package(), **settings) as running:
        yield running


def pin(site, room: str = ROOM) -> int:
    answer = site.get(f"/dial-in/pin?conference={room}@conference.{DOMAIN}", Cookie=site.cookie())
    assert answer.status == 200, answer.text
    return int(re.search(r'"id": (\d{9})', answer.text)[1])


@pytest.fixture
def visit(chromium):
    """visit(site, path): the page of somebody who has agreed, its invitation complete or refused."""

    def visit(site, path):
        page = chromium(site).new_page()
        page.context.add_cookies([{"name": "consent", "value": site.cookie().partition("=")[2], "url": ORIGIN}])
        page.goto(f"{ORIGIN}{path}")
        return page

    return visit


@pytest.mark.parametrize(
    ("path", "conference"),
    [
        (f"/{ROOM}", f"{ROOM}@conference.{DOMAIN}"),
        ("/Gro%C3%9Fer%20Rat", f"gro%c3%9fer%20rat@conference.{DOMAIN}"),
        (f"/team/{ROOM}", f"{ROOM}@conference.team.{DOMAIN}"),
        # Where the invitation leads who looks for another number.
        (f"/static/dialInInfo.html?room={ROOM}", f"{ROOM}@conference.{DOMAIN}"),
    ],
)
def test_the_invitation_shows_numbers_and_the_pin_that_leads_to_the_room(visit, telephone, path, conference):
    page = visit(telephone, path)
    page.wait_for_selector("#pin")
    assert page.locator("#numbers li").all_text_contents() == ["DE +49 30 123456", "AT +43 1 654321 free"]
    shown = page.locator("#pin").text_content()
    assert re.fullmatch(r"\d{3} \d{3} \d{3} #", shown)
    found = re.sub(r"\D", "", shown)
    answer = telephone.get(f"/dial-in/room?id={found}&caller=5d1f", source=GATEWAY, **BEARER)
    assert answer.status == 200
    assert f'"conference": "{conference}"' in answer.text


def test_rooms_are_told_to_gateways_alone(telephone):
    question = f"/dial-in/room?id={pin(telephone)}"
    assert ROOM in telephone.get(question, source=GATEWAY, **BEARER).text
    assert telephone.get(question, source=GATEWAY).status == 401
    for path in (question, f"/team{question}", f"/{question}", question.replace("dial", "%64ial")):
        for headers in ({}, {"Cookie": telephone.cookie()}, {"X_Forwarded_For": GATEWAY, "X_Real_IP": GATEWAY}):
            answer = telephone.get(path, source=STRANGER, **BEARER, **headers)
            assert answer.status == 403
            assert ROOM not in answer.text


def test_gateways_alone_are_not_told_without_the_key(telephone):
    answer = telephone.get(f"/dial-in/room?id={pin(telephone)}", source=GATEWAY, Authorization="Bearer wrong")
    assert (answer.status, ROOM in answer.text) == (401, False)


@pytest.mark.parametrize("path", ENDPOINTS[:2])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_has_not_agreed_learns_neither_number_nor_pin(telephone, mapper, path, method):
    before = mapper.sql("SELECT * FROM pins")
    for twisted in (path, f"/team{path}", f"/{path}"):
        answer = telephone.get(twisted, method, Origin=ORIGIN)
        assert answer.status == 403
        assert "formattedNumber" not in answer.text
    assert mapper.sql("SELECT * FROM pins") == before


def test_who_looks_for_a_number_is_asked_for_consent_first(telephone):
    path = f"/static/dialInInfo.html?room={ROOM}"
    answer = telephone.get(path)
    assert answer.status == 200
    assert '<form method="post" id="consent">' in answer.text
    assert telephone.get(path, "POST", Origin=ORIGIN).headers["Location"] == f"{ORIGIN}{path}"


@pytest.fixture
def fresh_mapper(tmp_path):
    """One that has not given away any of this minute's PINs."""
    running = Mapper(tmp_path / "pins", domain=DOMAIN).start()
    yield running
    running.stop()


def test_one_visitor_does_not_take_what_is_for_all(package, fresh_mapper, tmp_path):
    """An office may come all at once; who goes on is told to wait, and others open rooms meanwhile."""
    settings = {"web_dial_in": {"mapper": f"127.0.0.1:{fresh_mapper.port}", "gateways": [GATEWAY]}}
    with serve(tmp_path, package(), **settings) as site:
        cookie, rooms = site.cookie(), itertools.count()

        def new(source: str) -> int:
            path = f"/dial-in/pin?conference=room-{next(rooms)}@conference.{DOMAIN}"
            return site.get(path, source=source, Cookie=cookie).status

        assert [new("127.0.0.20") for _ in range(30)] == [200] * 30
        assert [new("127.0.0.20") for _ in range(100)].count(429) > 95
        assert [new("127.0.0.21") for _ in range(10)] == [200] * 10


@pytest.fixture(scope="module")
def split(package, mapper, tmp_path_factory):
    """A page where a relay shares the machine: there it is the PROXY protocol that tells who comes."""
    settings = {"web_dial_in": {"mapper": f"127.0.0.1:{mapper.port}", "gateways": [GATEWAY]}}
    folder = tmp_path_factory.mktemp("split")
    with serve(folder, package(), web_turn_names=["turn-1.example"], **settings) as running:
        yield running


@pytest.mark.parametrize(
    ("one", "another"),
    [
        # As many addresses as a home has. Bytes that end lines or texts are there as well.
        ([f"2001:db8:a0a:d00:{number:x}::{number:x}" for number in range(60)], "2001:db8:a0a:d01::1"),
        ([f"2001:db8::{number:x}" for number in range(60)], "2001:db8:0:1::"),
        (["203.0.113.10"] * 60, "203.0.113.11"),
    ],
    ids=["home", "short", "IPv4"],
)
def test_a_network_of_a_home_is_one_visitor(split, one, another):
    cookie = split.cookie(told="192.0.2.1")

    def ask(visitor: str) -> int:
        return split.get(ENDPOINTS[1], told=visitor, Cookie=cookie).status

    before = len(split.log())
    seen = [ask(visitor) for visitor in one]
    assert seen[:30] == [200] * 30
    assert 429 in seen
    assert ask(another) == 200
    assert not [line for line in split.log(before + 61) if line.startswith((*one, another))]


def test_the_log_names_no_room_and_no_pin(telephone):
    before = len(telephone.log())
    number, cookie = pin(telephone, "wednesday"), telephone.cookie()
    asked = [
        f"/dial-in/pin?conference=wednesday@conference.{DOMAIN}",
        f"/dial-in/pin?conference=wednesday@elsewhere&url={ORIGIN}/wednesday",
        f"/dial-in/numbers?conference=wednesday@conference.{DOMAIN}",
        f"/dial-in/room?id={number}&caller=5d1f",
        "/static/dialInInfo.html?room=wednesday",
        f"/team/dial-in/pin?conference=wednesday@conference.team.{DOMAIN}",
    ]
    for path in asked:
        telephone.get(path, Cookie=cookie)
        telephone.get(path)
        telephone.get(path, source=GATEWAY, **BEARER)
    lines = telephone.log(before + 3 * len(asked) + 3)[before:]
    assert len(lines) == 3 * len(asked) + 3
    text = "\n".join(lines)
    assert '"GET /dial-in/pin HTTP/1.1" 200' in text
    assert '"GET /dial-in/room HTTP/1.1" 403' in text
    assert not [word for word in ("wednesday", str(number), "5d1f", "127.0.0.7") if word in text]


def test_nor_where_rooms_are_told_apart(package, mapper, tmp_path):
    dial_in = {"mapper": f"127.0.0.1:{mapper.port}", "gateways": [GATEWAY]}
    with serve(tmp_path, package(), web_dial_in=dial_in, jitsi_log_rooms="hashed") as site:
        pin(site, "wednesday")
        assert re.findall(r'"GET (\S+) HTTP', "\n".join(site.log(2))) == ["/dial-in/pin"]


def test_without_the_mapper_the_page_is_there_and_has_no_telephone(visit, package, mapper, tmp_path):
    closed = {"web_dial_in": {"mapper": "127.0.0.1:9", "gateways": [GATEWAY]}}
    with serve(tmp_path, package(), **closed) as site:
        page = visit(site, f"/{ROOM}")
        page.wait_for_selector("body[data-dial-in=no]")
        assert page.locator("#dial-in").count() == 0
        assert (site.folder / "error.log").read_text() == ""


def test_without_gateways_there_is_nothing_of_it(site, visit):
    text = (site.folder / "nginx.conf").read_text() + (site.folder / "config.js").read_text()
    assert not re.search(r"dial-in|dialIn|limit_req|mapper", text)
    cookie = site.cookie()
    for path in ENDPOINTS:
        answer = site.get(path, Cookie=cookie, **BEARER)
        assert "formattedNumber" not in answer.text
        assert "conference_mapper" not in answer.text
    page = visit(site, f"/{ROOM}")
    page.wait_for_selector("#status", state="attached")  # it says nothing yet
    assert page.locator("#dial-in").count() == 0
    assert page.evaluate("'dialIn' in document.body.dataset") is False


def test_the_button_for_being_called_stays_away(telephone):
    assert '"by-phone"' in (telephone.folder / "config.js").read_text()
