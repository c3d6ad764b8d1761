"""Logins behind nginx: what the service, the page and signalling tell each other, asked directly and in a browser."""

import json
import re
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler

import browser as suite
import jwt
import pytest
import signalling
import site_of
from login_service import hash_of
from site_of import DOMAIN, ORIGIN, serve

from toolkit.formats.program_archive import archive_of

KEY = re.compile(r'"key": "([^"]+)"')
FORM = "application/x-www-form-urlencoded"
GOOD_ROOM = "/xmpp-websocket?room=daily"


class Prosody(BaseHTTPRequestHandler):
    """Tells what nginx hands on: the path and what of the headers matters."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        secret = [f"{name}: {self.headers[name]}" for name in ("Authorization", "Cookie") if self.headers[name]]
        self.wfile.write("\n".join([self.path, *secret]).encode())

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Login:
    """The service as a process, on a socket of the test, which outlives it as systemd's does."""

    def __init__(self, folder):
        self.folder, self.address = folder, folder / "http.sock"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.address))
        self.listener.listen(100)
        self.program = folder / "login.pyz"
        self.program.write_bytes(archive_of("login"))

    def start(self, settings):
        (self.folder / "settings.json").write_text(settings)
        words = [sys.executable, self.program, self.folder / "settings.json", self.folder]
        # As systemd does: the socket is file 3.
        start = 'exec 3<&"$1"; shift; exec "$@"'
        number = str(self.listener.fileno())
        self.process = subprocess.Popen(
            ["bash", "-c", start, "start", number, *map(str, words)], pass_fds=[self.listener.fileno()]
        )

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture(scope="module")
def login(tmp_path_factory):
    return Login(tmp_path_factory.mktemp("login"))


@pytest.fixture(scope="module")
def logins(package, login, tmp_path_factory):
    """A page whose users log in at the service: anna, whose password is "right"."""
    folder = tmp_path_factory.mktemp("logins")
    settings = {
        "web_login": f"unix:{login.address}",
        "login_backend": {"accounts": {"anna": hash_of("right")}},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site_of, "Prosody", Prosody)
        with serve(folder, package(), **settings) as running:
            running.settings = (folder / "login.json").read_text()
            login.start(running.settings)
            yield running
            login.stop()


@pytest.fixture
def key(logins):
    return KEY.search(logins.settings)[1]


class Person:
    """A browser, asked directly."""

    def __init__(self, site, agreed=True):
        self.site, self.cookies = site, {}
        if agreed:
            self.keep(site.cookie())

    def keep(self, cookie):
        name, value = cookie.split(";")[0].split("=", 1)
        self.cookies[name] = value

    def ask(self, path, method="GET", body="", **headers):
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.site.get(path, method, body=body, **{"Cookie": cookies} | headers)
        for cookie in answer.cookies:
            self.keep(cookie)
        return answer

    def log_in(self, user="anna", word="right", query=""):
        mark = re.search(r'name="form" value="(\w+)"', self.ask(f"/login{query}").text)[1]
        body = f"user={user}&password={word}&form={mark}"
        return self.ask(f"/login{query}", "POST", body, Origin=ORIGIN, Content_Type=FORM)

    def signals(self, path=GOOD_ROOM, origin=ORIGIN, **headers):
        """What prosody is told."""
        return self.ask(path, **headers | ({"Origin": origin} if origin else {})).text

    def configuration(self):
        return re.search(r'"anonymousdomain": "([^"]*)"', self.ask("/config.js").text)[1]


@pytest.fixture
def guest(logins):
    return Person(logins)


@pytest.fixture
def anna(logins):
    person = Person(logins)
    assert person.log_in(query="?room=daily").headers["Location"] == "/daily"
    return person


def token_in(said):
    [path, *secret] = said.splitlines()
    assert secret == [], "prosody is told what it need not know"
    return dict(part.split("=", 1) for part in path.partition("?")[2].split("&")).get("token")


# What a token is for


def test_who_is_logged_in_is_vouched_for_in_the_room_he_opens(anna, key):
    said = anna.signals()
    assert re.fullmatch(r"/xmpp-websocket\?prefix=&room=daily&token=[\w.-]+", said)
    claims = jwt.decode(token_in(said), key, algorithms=["HS256"], audience="jitsi-login")
    assert (claims["sub"], claims["room"]) == ("anna", "daily")
    assert token_in(anna.signals("/http-bind?room=daily"))
    assert token_in(anna.signals("/team/xmpp-websocket?room=daily"))
    assert token_in(anna.signals()) != token_in(anna.signals())


def test_the_page_sends_who_is_logged_in_to_the_domain_and_guests_to_theirs(anna, guest):
    assert (anna.configuration(), guest.configuration()) == ("", f"guest.{DOMAIN}")
    for path in ("/daily", "/team/daily", "/"):
        assert '"anonymousdomain": ""' in anna.ask(path).text
        assert f'"anonymousdomain": "guest.{DOMAIN}"' in guest.ask(path).text
        assert anna.ask(path).headers["Cache-Control"] == "no-store"
    assert anna.ask("/config.js").headers["Cache-Control"] == "no-store"


def test_a_cookie_that_is_nobodys_keeps_nobody_out(guest):
    for value in ("A" * 43, "short", "", "A" * 43 + "x"):
        guest.cookies["__Host-login"] = value
        assert guest.configuration() == f"guest.{DOMAIN}"
        assert token_in(guest.signals()) is None


def test_after_the_logout_there_is_no_token(anna):
    mark = re.search(r'name="form" value="(\w+)"', anna.ask("/logout").text)[1]
    kept = dict(anna.cookies)
    anna.ask("/logout", "POST", f"form={mark}", Origin=ORIGIN, Content_Type=FORM)
    for cookies in (anna.cookies, kept):
        anna.cookies = dict(cookies)
        assert token_in(anna.signals()) is None
        assert anna.configuration() == f"guest.{DOMAIN}"


# Bypasses

FORGED = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30."


@pytest.mark.parametrize(
    "path",
    [
        f"/xmpp-websocket?token={FORGED}&room=daily",
        f"/xmpp-websocket?room=daily&token={FORGED}",
        f"/xmpp-websocket?room=daily&TOKEN={FORGED}",
        f"/xmpp-websocket?room=daily%26token%3D{FORGED}",
        f"/xmpp-websocket?room=daily&previd=x%26token={FORGED}",
        f"/xmpp-websocket?room=daily&customusername=anna&token={FORGED}",
        f"/team/xmpp-websocket?room=daily&token={FORGED}",
        f"/http-bind?room=daily&token={FORGED}",
    ],
)
def test_no_token_comes_from_outside(guest, anna, path):
    for person in (guest, anna):
        said = person.signals(path)
        assert token_in(said) != FORGED
        assert f"&token={FORGED}" not in said
        assert "customusername" not in said
    assert token_in(guest.signals(path)) is None


@pytest.mark.parametrize("name", ["Authorization", "X_Token", "X_Login", "X_Original_URI"])
def test_no_header_from_outside_makes_a_token(guest, name):
    value = f"Bearer {FORGED}" if name == "Authorization" else FORGED
    assert FORGED not in guest.signals(**{name: value})
    assert token_in(guest.signals(**{name: value})) is None


@pytest.mark.parametrize("origin", ["", "https://evil.example", "null", f"https://{DOMAIN}.evil.example"])
def test_a_page_of_another_site_is_not_vouched_for(anna, origin):
    assert token_in(anna.signals(origin=origin)) is None


@pytest.mark.parametrize("path", ["/_login/token", "/_login/session", "/.login/token", "/.login/session"])
def test_nobody_asks_the_service_for_a_token(anna, path):
    answer = anna.ask(path, X_Original_URI=GOOD_ROOM, Origin=ORIGIN)
    assert "X-Token" not in answer.headers
    assert "X-Login" not in answer.headers


def test_the_login_is_behind_the_gate_and_an_answer_of_a_provider_is_not(logins):
    stranger = Person(logins, agreed=False)
    assert 'id="consent"' in stranger.ask("/login").text
    assert stranger.ask("/login/finish").status == 404


def test_a_login_is_logged_without_the_room(logins, anna):
    before = len(logins.log())
    anna.ask("/login?room=secret-room")
    [line] = logins.log(before + 1)[before:]
    assert '"GET /login HTTP/1.1"' in line


# When the service is away


def test_guests_and_pages_go_on_without_the_service_and_afterwards_all_is_well(logins, login, anna, guest):
    login.stop()
    login.listener.close()
    login.address.unlink()
    assert anna.configuration() == guest.configuration() == f"guest.{DOMAIN}"
    assert token_in(anna.signals()) is None
    assert anna.ask("/daily").status == 200
    assert anna.ask("/login").status == 502
    login.__init__(login.folder)
    login.start(logins.settings)
    assert anna.configuration() == ""
    assert token_in(anna.signals())


# Links with a token, for customers whose own program makes them

SECRET = "shared-with-the-customers-program-" * 2


@pytest.fixture(scope="module")
def links(package, tmp_path_factory):
    """A page whose users come by links with a token."""
    login, folder = Login(tmp_path_factory.mktemp("links")), tmp_path_factory.mktemp("linked")
    settings = {
        "web_login": f"unix:{login.address}",
        "jitsi_directory": {"kind": "token", "issuer": "portal", "audience": "jitsi"},
        "jitsi_token_secret": SECRET,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site_of, "Prosody", Prosody)
        with serve(folder, package(), **settings) as running:
            running.login, running.settings = login, (folder / "login.json").read_text()
            login.start(running.settings)
            yield running
            login.stop()


def foreign_token(**changes):
    claims = {"iss": "portal", "aud": "jitsi", "sub": "x", "exp": int(time.time()) + 60}
    claims |= {"context": {"user": {"id": "Anna", "moderator": True}}}
    return jwt.encode(claims | changes, SECRET, algorithm="HS256")


def test_a_token_in_a_rooms_link_becomes_a_login_and_leaves_the_address(links):
    anna = Person(links)
    answer = anna.ask(f"/team/Daily?lang=de&jwt={foreign_token()}")
    assert (answer.status, answer.headers["Location"]) == (303, f"{ORIGIN}/team/Daily?lang=de")
    key = KEY.search(links.settings)[1]
    claims = jwt.decode(token_in(anna.signals()), key, algorithms=["HS256"], audience="jitsi-login")
    assert (claims["sub"], claims["context"]) == ("anna", {"user": {"moderator": True}})
    assert anna.configuration() == ""


def test_with_a_token_that_is_not_good_one_is_a_guest_and_sees_no_error(links):
    for token in (foreign_token(exp=1), foreign_token(aud="other"), FORGED, "x", "%0d%0aa:b", "%C3%A9", "x" * 5000):
        guest = Person(links)
        answer = guest.ask(f"/daily?jwt={token}")
        assert (answer.status, answer.headers["Location"]) == (303, f"{ORIGIN}/daily")
        assert guest.ask("/daily").status == 200
        assert (guest.configuration(), token_in(guest.signals())) == (f"guest.{DOMAIN}", None)


def test_a_token_for_one_room_is_vouched_for_in_that_room_alone(links):
    anna = Person(links)
    anna.ask(f"/daily?jwt={foreign_token(room='daily')}")
    assert token_in(anna.signals())
    assert token_in(anna.signals("/xmpp-websocket?room=weekly")) is None


def test_a_token_counts_in_the_address_of_a_page_alone(links):
    for path in ("/xmpp-websocket?room=daily&jwt=", "/http-bind?room=daily&token=", "/config.js?jwt="):
        answer = (person := Person(links)).ask(path + foreign_token(), Origin=ORIGIN)
        assert "__Host-login" not in person.cookies
        assert "token=" not in answer.text


def test_a_link_leads_to_the_own_site_whatever_its_path(links):
    for path in ("//evil.example/x", "/@evil.example", "/.evil.example"):
        answer = Person(links).ask(f"{path}?jwt={foreign_token()}")
        assert (answer.status, answer.headers["Location"]) == (303, f"{ORIGIN}{path}")


def test_in_a_frame_the_login_is_for_the_site_around_it_alone(links):
    answer = Person(links).ask(f"/daily?jwt={foreign_token()}", Sec_Fetch_Dest="iframe")
    [cookie] = [cookie for cookie in answer.cookies if cookie.startswith("__Host-login=")]
    assert cookie.endswith("; Path=/; Secure; HttpOnly; SameSite=None; Partitioned")


def test_before_consent_the_token_waits_in_the_address(links):
    stranger = Person(links, agreed=False)
    path = f"/daily?jwt={foreign_token()}"
    assert 'id="consent"' in stranger.ask(path).text
    assert "__Host-login" not in stranger.cookies


def test_a_link_is_one_of_a_guest_without_the_service(links):
    links.login.stop()
    links.login.listener.close()
    links.login.address.unlink()
    answer = Person(links).ask(f"/daily?jwt={foreign_token()}")
    assert (answer.status, answer.headers["Location"]) == (303, f"{ORIGIN}/daily")
    links.login.__init__(links.login.folder)
    links.login.start(links.settings)


# Identity providers

PROVIDERS = {
    "oidc": {"issuer": "https://id.acme.example/realms/acme", "client_id": "jitsi", "scopes": ["openid", "groups"]},
    "saml": {"metadata_url": "https://id.acme.example/metadata", "login_claim": "uid"},
}


@pytest.mark.parametrize("kind", PROVIDERS)
def test_the_service_takes_the_settings_of_a_provider(kind, tmp_path):
    site_of.run(site_of.ROOT / "scripts/need", "python3-aiohttp", "python3-jwt", "python3-pysaml2", "python3-xmlsec")
    site_of.write(tmp_path, {"jitsi_directory": {"kind": kind, **PROVIDERS[kind]}})
    (tmp_path / "login.pyz").write_bytes(archive_of("login"))
    settings = tmp_path / "login.json"
    site_of.run("/usr/bin/python3", tmp_path / "login.pyz", "--parse", settings)
    backend = json.loads(settings.read_text())["backend"]
    assert backend["redirect_url"] == f"{ORIGIN}/login/finish"
    assert backend.get("scopes", ["openid", "groups"]) == ["openid", "groups"]
    assert backend.get("entity_id", f"{ORIGIN}/login") == f"{ORIGIN}/login"


# In a browser


@pytest.fixture
def visitor(chromium, logins):
    """visitor(path, room, account, name): a new person in the room with that signalling."""
    browsers = []

    def arrive(path, room, account=(), name="Anna"):
        browsers[:] = browsers or [chromium(logins)]
        page = browsers[0].new_context(permissions=["camera", "microphone"], locale="en-US").new_page()
        room.serve(page)
        return suite.StandInVisitor(page, f"{ORIGIN}{path}", name, account)

    return arrive


def test_moderators_log_in_once_and_guests_hear_and_see_everybody_once(visitor):
    room = signalling.Room(passwords=False)
    guest = visitor("/daily", room, name="Guest")
    guest.must_wait()
    first = visitor("/login?room=daily", room, ("anna", "right"))
    first.must_moderate()
    guest.must_join()
    second = visitor("/login?room=daily", room, ("anna", "right"))
    second.must_moderate()
    first.reload()
    first.must_moderate()
    for person in (guest, first, second):
        person.must_see(3)
    assert "token" not in first.page.url
    assert [cookie["name"] for cookie in first.page.context.cookies() if not cookie["httpOnly"]] == []


def test_the_login_of_the_waiting_screen_leads_back_and_nobody_is_there_twice(visitor):
    room = signalling.Room(passwords=False)
    waiting = visitor("/daily", room)
    waiting.must_wait()
    waiting.page.get_by_test_id("lobby.loginButton").click()
    waiting.log_in_once("anna", "wrong")
    assert waiting.page.get_by_role("alert").is_visible()
    waiting.log_in_once("anna", "right")
    waiting.must_moderate()
    waiting.must_see(1)
    assert waiting.off() == {"microphone", "camera"}
    assert "config.startWithAudioMuted=true" in waiting.page.url


def test_the_form_is_accessible_fetches_nothing_and_needs_no_script(chromium, logins, must_be_accessible):
    browser = chromium(logins)
    for language, scheme in (("de-DE", "dark"), ("en-US", "light")):
        page = browser.new_context(locale=language, color_scheme=scheme, bypass_csp=True).new_page()
        page.context.add_cookies([{"name": "consent", "value": logins.cookie().partition("=")[2], "url": ORIGIN}])
        requests = []
        page.on("request", lambda request, seen=requests: seen.append(request.url))
        page.goto(f"{ORIGIN}/login?room=daily")
        assert requests == [f"{ORIGIN}/login?room=daily"]
        must_be_accessible(page)
        page.locator("form button").click()  # an empty form is not sent
        assert page.url == f"{ORIGIN}/login?room=daily"
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{ORIGIN}/login?room=daily")
    page.locator("#consent button").first.click()
    page.fill("input[name=user]", "anna")
    page.fill("input[name=password]", "right")
    page.locator("form button").click()
    page.wait_for_url(f"{ORIGIN}/daily")
    page.goto(f"{ORIGIN}/logout")
    page.locator("form button").click()
    assert page.locator("form").count() == 0


def test_the_form_works_under_its_own_policy(chromium, logins):
    page = chromium(logins).new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{ORIGIN}/login?room=daily")
    page.locator("#consent button").first.click()
    page.wait_for_selector("input[name=user]")
    assert page.evaluate("getComputedStyle(document.querySelector('.button')).cursor") == "pointer"
    assert said == []


def test_a_link_with_a_token_makes_a_moderator_and_reloads_keep_it(chromium, links):
    room = signalling.Room(passwords=False)
    page = chromium(links).new_context(permissions=["camera", "microphone"], locale="en-US").new_page()
    room.serve(page)
    anna = suite.StandInVisitor(page, f"{ORIGIN}/daily?jwt={foreign_token()}", "Anna", ())
    anna.must_moderate()
    assert page.url == f"{ORIGIN}/daily"
    anna.reload()
    anna.must_moderate()
    anna.must_see(1)
