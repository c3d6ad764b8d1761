import asyncio
import contextlib
import io
import json
import re
import sqlite3
import threading
import time
from html.parser import HTMLParser

import jwt
import pytest
from login_service import DOMAIN, KEY, ORIGIN, Browser, Fake, Service, UnixConnection, hash_of, settings_with

from programs.login import sessions as sessions_module
from programs.login.backends import MODULES, REASONS, ProviderError, Refused, Target, User, create
from programs.login.guesses import visitor_of
from programs.login.main import main
from programs.login.targets import path_of, query_of, room_name, room_of_uri, target_of
from programs.login.texts import TEXTS, language_of

TOKENS = {"issuer": "portal", "audience": "jitsi", "secret": "s" * 32, "login_claim": "sub", "moderator_claim": "role"}


@pytest.fixture
def serve(tmp_path):
    """serve(backend, **settings): a service of this test."""
    started = []

    def start(backend=None, **changes):
        folder = tmp_path / str(len(started))
        folder.mkdir()
        started.append(Service(folder, backend, **changes))
        return started[-1]

    yield start
    for service in started:
        service.stop()


@pytest.fixture
def service(serve):
    return serve()


@pytest.fixture
def browser(service):
    return Browser(service)


def claims(token):
    return jwt.decode(token, KEY, algorithms=["HS256"], audience="jitsi-login", issuer="jitsi-login")


# Logging in and out


def test_who_logs_in_is_led_to_the_room_and_vouched_for(browser):
    assert not browser.is_logged_in()
    assert browser.token() == ""
    answer = browser.log_in("Anna ", query="?room=daily")
    assert answer.status == 303
    assert answer.headers["Location"] == "/daily"
    assert browser.is_logged_in()
    said = claims(browser.token())
    assert (said["sub"], said["room"], said["context"]) == ("anna", "daily", {"user": {"moderator": False}})
    assert said["exp"] - said["nbf"] <= 61


def test_the_session_is_a_cookie_that_scripts_and_other_sites_cannot_use(browser):
    browser.log_in()
    [cookie] = [cookie for cookie in browser.last.cookies if cookie.startswith("__Host-login=")]
    attributes = {part.strip().casefold() for part in cookie.split(";")[1:]}
    assert attributes == {"secure", "httponly", "samesite=lax", "path=/"}
    assert len(browser.cookies["__Host-login"]) == 43


def test_only_with_the_choice_the_cookie_outlives_the_browser(serve):
    browser = Browser(serve(days=7))
    browser.log_in(stay="yes")
    [cookie] = [cookie for cookie in browser.last.cookies if cookie.startswith("__Host-login=")]
    assert "Max-Age=604800" in cookie


@pytest.mark.parametrize("attempt", [{"word": "wrong"}, {"user": "nobody"}, {"user": ""}, {"word": ""}])
def test_a_wrong_login_says_the_same_whatever_is_wrong(browser, attempt):
    answer = browser.log_in(**attempt)
    assert answer.status == 403
    assert TEXTS["en"]["wrong"] in answer.text
    assert not browser.is_logged_in()


def test_the_logout_asks_and_ends_the_session_everywhere(browser, service):
    browser.log_in()
    stolen = browser.cookies["__Host-login"]
    browser.get("/logout")
    assert browser.is_logged_in()
    browser.get("/logout")
    assert TEXTS["en"]["logged_out"] in browser.post("/logout", {"form": browser.mark()}).text
    assert "__Host-login" not in browser.cookies
    assert "X-Login" not in service.ask("/_login/session", Cookie=f"__Host-login={stolen}").headers


def test_a_session_ends_when_names_are_of_other_accounts(browser, service):
    browser.log_in()
    service.restart()
    assert browser.is_logged_in()
    service.restart(kind="token", backend=TOKENS)
    assert not browser.is_logged_in()
    service.restart()
    assert not browser.is_logged_in()


def test_without_a_page_to_log_in_one_is_told_of_links(serve):
    browser = Browser(serve(create("token", TOKENS)))
    assert "/login/start?room=daily" in browser.get("/login?room=daily").text
    answer = browser.get("/login/start?room=daily")
    assert (answer.status, TEXTS["en"]["links"] in answer.text) == (503, True)


def test_who_is_logged_in_goes_on_to_the_room(browser):
    browser.log_in()
    answer = browser.get("/login?room=daily")
    assert (answer.status, answer.headers["Location"]) == (303, "/daily")


# Bypasses


def test_a_session_from_before_the_login_is_not_taken_over(browser, service):
    planted = "A" * 43
    browser.cookies["__Host-login"] = planted
    browser.log_in()
    assert browser.cookies["__Host-login"] != planted
    assert "X-Login" not in service.ask("/_login/session", Cookie=f"__Host-login={planted}").headers
    first = browser.cookies["__Host-login"]
    browser.get("/logout")
    mark = browser.mark()
    browser.post("/login", {"user": "bernd", "password": "battery staple", "form": mark})
    assert claims(browser.token())["sub"] == "bernd"
    assert "X-Login" not in service.ask("/_login/session", Cookie=f"__Host-login={first}").headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"http://{DOMAIN}", f"{ORIGIN}.evil.example"])
def test_a_form_of_another_site_logs_nobody_in_or_out(browser, origin):
    browser.get("/login")
    form = {"user": "anna", "password": "correct horse", "form": browser.mark()}
    assert browser.post("/login", form, origin=origin).status == 403
    assert not browser.is_logged_in()
    browser.log_in()
    browser.get("/logout")
    assert browser.post("/logout", {"form": browser.mark()}, origin=origin).status == 403
    assert browser.is_logged_in()


@pytest.mark.parametrize("mark", ["", "0" * 64, "é"])
def test_a_form_without_its_mark_is_refused_with_words(browser, mark):
    browser.get("/login")
    answer = browser.post("/login", {"user": "anna", "password": "correct horse", "form": mark})
    assert answer.status == 403
    assert TEXTS["en"]["stale"] in answer.text
    assert not browser.is_logged_in()


def test_the_mark_of_one_browser_is_none_of_anothers(browser, service):
    browser.get("/login")
    other = Browser(service)
    other.get("/login")
    answer = other.post("/login", {"user": "anna", "password": "correct horse", "form": browser.mark()})
    assert answer.status == 403
    without = Browser(service)
    assert without.post("/login", {"user": "anna", "password": "correct horse", "form": browser.mark()}).status == 403


@pytest.mark.parametrize("origin", ["", "https://evil.example", "null", f"http://{DOMAIN}"])
def test_a_page_of_another_site_gets_no_token(browser, origin):
    browser.log_in()
    assert browser.token(origin=origin) == ""
    assert browser.token() != ""


@pytest.mark.parametrize(
    "uri", ["/xmpp-websocket", "/xmpp-websocket?room=", "/http-bind?room=a/b", "?room=%ff", "?room=*"]
)
def test_there_is_no_token_without_a_room(browser, uri):
    browser.log_in()
    assert browser.token(uri=uri) == ""


def test_a_token_is_for_one_room_and_one_connection(browser):
    browser.log_in()
    tokens = [claims(browser.token(room)) for room in ("daily", "DAILY", "caf%C3%A9", "other&room=daily")]
    assert [said["room"] for said in tokens] == ["daily", "daily", "caf%c3%a9", "other"]
    assert len({said["jti"] for said in tokens}) == len(tokens)


def test_a_session_for_one_room_gets_tokens_for_that_room_alone(serve):
    backend = Fake()
    backend.answer = backend.now = User("anna", room="daily")
    browser = Browser(serve(backend))
    browser.log_in(word="right")
    assert browser.token("daily")
    assert browser.token("other") == ""


@pytest.mark.parametrize(
    "query",
    [
        "?room=//evil.example",
        "?room=https://evil.example",
        "?room=%2F%2Fevil.example",
        "?room=%5C%5Cevil.example",
        "?room=..&next=https://evil.example",
        "?room=a%0d%0aSet-Cookie:%20x=y",
        "?room=" + "a" * 600,
        "?room=%22%3E%3Cscript%3E",
        "?room[]=x",
    ],
)
def test_no_request_leads_away_from_this_site(browser, query):
    answer = browser.log_in(query=query)
    assert (answer.status, answer.headers["Location"]) == (303, "/")


def test_what_is_typed_stands_in_the_page_as_text(browser):
    answer = browser.log_in('"><script>alert(1)</script>', "wrong")
    assert "<script" not in answer.text


def test_a_stolen_database_logs_nobody_in(browser, service):
    browser.log_in()
    with contextlib.closing(sqlite3.connect(service.database)) as database:
        [[key, login]] = database.execute("SELECT key, login FROM sessions").fetchall()
    assert login == "anna"
    assert browser.cookies["__Host-login"] not in key
    assert "X-Login" not in service.ask("/_login/session", Cookie=f"__Host-login={key}").headers


# How long a session lasts


def aged(service, seconds):
    """As if everything had happened so long ago."""
    with contextlib.closing(sqlite3.connect(service.database, isolation_level=None)) as database:
        database.execute("UPDATE sessions SET created = created - ?, used = used - ?", (seconds, seconds))


def test_a_session_ends_when_it_is_idle_unless_it_stays(serve):
    service = serve(idle_hours=2, days=30)
    idle, staying = Browser(service), Browser(service)
    idle.log_in()
    staying.log_in("bernd", "battery staple", stay="yes")
    aged(service, 2 * 3600 - 60)
    assert idle.is_logged_in()  # and used again
    aged(service, 2 * 3600 - 60)
    assert idle.is_logged_in()
    aged(service, 2 * 3600 + 60)
    assert not idle.is_logged_in()
    assert staying.is_logged_in()


def test_a_session_ends_after_its_days_whatever_is_done(serve):
    service = serve(days=2)
    browser = Browser(service)
    browser.log_in(stay="yes")
    aged(service, 2 * 86400 - 60)
    assert browser.is_logged_in()
    aged(service, 120)
    assert not browser.is_logged_in()


def test_a_restart_logs_nobody_out_and_deletes_what_has_ended(serve):
    service = serve(days=2)
    browser, old = Browser(service), Browser(service)
    old.log_in()
    aged(service, 3 * 86400)
    browser.log_in()
    service.restart(days=2)
    assert browser.is_logged_in()
    with contextlib.closing(sqlite3.connect(service.database)) as database:
        assert database.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


@pytest.mark.parametrize("accounts", [{}, {"anna": hash_of("a new password")}])
def test_a_removed_account_and_a_new_password_end_the_session_at_once(serve, accounts):
    service = serve()
    anna, bernd = Browser(service), Browser(service)
    anna.log_in()
    bernd.log_in("bernd", "battery staple")
    service.restart(backend={"accounts": {"bernd": service.settings.backend["accounts"]["bernd"]} | accounts})
    assert not anna.is_logged_in()
    assert anna.token() == ""
    assert bernd.is_logged_in()


def test_the_back_end_is_asked_from_time_to_time(serve):
    backend = Fake()
    browser = Browser(serve(backend, check_seconds=0, check_wait=0.05))
    browser.log_in(word="right")
    backend.now = User("anna", moderator=True)
    assert claims(browser.token())["context"]["user"]["moderator"] is True
    for backend.now in (Refused("unavailable"), None):  # None never answers
        assert browser.is_logged_in()
    backend.now = Refused("disabled")
    assert not browser.is_logged_in()
    backend.now = User("anna")
    assert not browser.is_logged_in()


def test_prosody_learns_which_sessions_are_good_and_who_is_a_moderator_now(serve):
    backend = Fake()
    service = serve(backend, check_seconds=3600, login_seconds=0.05)
    browser, other = Browser(service), Browser(service)
    browser.log_in(word="right")
    other.log_in(word="right")
    [session, ended] = [claims(each.token())["sid"] for each in (browser, other)]

    def current(fresh):
        connection = UnixConnection(service.socket)
        body = json.dumps({"sessions": [session, ended, "unknown"], "fresh": fresh})
        connection.request("POST", "/_login/current", body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    assert current(False) == {session: False, ended: False}
    other.get("/logout")
    other.post("/logout", {"form": other.mark()})
    backend.now = User("anna", moderator=True)
    assert current(False) == {session: False}  # asked a moment ago
    assert current(True) == {session: True}
    backend.now = None  # never answers
    assert current(True) == {session: True}
    backend.now = Refused("wrong")
    assert current(True) == {}
    assert not browser.is_logged_in()


def test_a_clock_that_went_back_leaves_no_endless_session(service, browser):
    browser.log_in(stay="yes")
    aged(service, -7200)
    assert not browser.is_logged_in()


def test_uses_are_written_rarely(service, browser, monkeypatch):
    browser.log_in()
    with contextlib.closing(sqlite3.connect(service.database)) as database:
        before = database.execute("SELECT used FROM sessions").fetchone()
        browser.is_logged_in()
        assert database.execute("SELECT used FROM sessions").fetchone() == before
        aged(service, sessions_module.USE_SECONDS)
        browser.is_logged_in()
        assert database.execute("SELECT used FROM sessions").fetchone()[0] >= before[0]


# Guessing


def test_after_too_many_guesses_no_password_is_checked_not_even_the_right_one(serve):
    browser = Browser(serve(guesses=3))
    for _ in range(3):
        assert TEXTS["en"]["wrong"] in browser.log_in(word="wrong").text
    assert TEXTS["en"]["guesses"] in browser.log_in().text
    assert browser.log_in("bernd", "battery staple").status == 303


def test_a_known_visitor_is_not_locked_out_by_strangers(serve):
    service = serve(guesses=2, known_guesses=2)
    anna, stranger = Browser(service, "192.0.2.7"), Browser(service, "198.51.100.9")
    anna.log_in()
    anna.cookies.clear()
    for _ in range(3):
        stranger.log_in(word="wrong")
    assert TEXTS["en"]["guesses"] in stranger.log_in().text
    assert anna.log_in(word="wrong").status == 403
    assert anna.log_in().status == 303
    assert stranger.log_in().status == 403


def test_guesses_at_the_same_time_count_before_they_are_answered(serve):
    backend = Fake()
    service = serve(backend, guesses=2)

    async def shut():
        backend.gate = asyncio.Event()

    asyncio.run_coroutine_threadsafe(shut(), service.loop).result()
    browsers = [Browser(service) for _ in range(5)]
    threads = [threading.Thread(target=each.log_in, kwargs={"word": "wrong"}) for each in browsers]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while len(backend.asked) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    service.loop.call_soon_threadsafe(backend.gate.set)
    for thread in threads:
        thread.join(20)
    assert len(backend.asked) == 2
    assert sorted(TEXTS["en"]["guesses"] in each.last.text for each in browsers) == [False, False, True, True, True]


def test_a_provider_that_is_away_is_said_in_time_and_counts_no_guess(serve):
    backend = Fake()
    backend.answer = Refused("unavailable")
    service = serve(backend, guesses=2)
    browser = Browser(service)
    for _ in range(3):
        assert TEXTS["en"]["unavailable"] in browser.log_in(word="right").text
    backend.answer = User("anna")
    assert browser.log_in(word="right").status == 303


def test_a_provider_that_never_answers_is_given_up(serve):
    backend = Fake()
    service = serve(backend, login_seconds=0.2)

    async def shut():
        backend.gate = asyncio.Event()

    asyncio.run_coroutine_threadsafe(shut(), service.loop).result()
    browser = Browser(service)
    began = time.monotonic()
    assert TEXTS["en"]["unavailable"] in browser.log_in(word="right").text
    assert time.monotonic() - began < 5
    service.loop.call_soon_threadsafe(backend.gate.set)
    assert browser.log_in(word="right").status == 303


def test_too_many_logins_at_once_are_told_so_and_one_visitor_leaves_workers_to_others(serve):
    backend = Fake()
    service = serve(backend, workers=2, waiting=1)

    async def shut():
        backend.gate = asyncio.Event()

    asyncio.run_coroutine_threadsafe(shut(), service.loop).result()
    crowd = [Browser(service, "198.51.100.9") for _ in range(3)]
    threads = [threading.Thread(target=each.log_in, args=(f"u{n}", "right")) for n, each in enumerate(crowd)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while not any(each.last and TEXTS["en"]["busy"] in each.last.text for each in crowd):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(backend.asked) == 1
    other = threading.Thread(target=Browser(service, "192.0.2.7").log_in, args=("anna", "right"))
    other.start()
    while len(backend.asked) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert backend.asked[1][0] == "anna"
    service.loop.call_soon_threadsafe(backend.gate.set)
    for thread in [*threads, other]:
        thread.join(20)


@pytest.mark.parametrize(
    ("address", "visitor"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_a_visitor_is_an_address_or_a_network(address, visitor):
    assert visitor_of(address) == visitor


# Pages


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def of(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_form_is_complete_small_and_strict(browser, language):
    answer = browser.get("/login?room=daily", Accept_Language=f"{language},fr;q=0.5")
    elements = Elements(answer.text)
    assert elements.of("html") == [{"lang": language}]
    assert {field["name"]: field.get("autocomplete") for field in elements.of("input")} == {
        "form": None,
        "user": "username",
        "password": "current-password",
        "stay": None,
    }
    assert len(elements.of("label")) == 3
    assert "checked" not in next(field for field in elements.of("input") if field["name"] == "stay")
    assert TEXTS[language]["title"] in answer.text
    assert "Acme &lt;Meet&gt;" in answer.text
    assert len(answer.text) < 30_000
    assert not elements.of("script")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("de-AT, en;q=0.8", "de"), ("fr, en-GB", "en"), ("fr", "de"), ("", "de"), ("x" * 10_000, "de")],
)
def test_the_language_is_the_browsers_or_the_settings(accepted, language):
    assert language_of(accepted, "de") == language
    assert language_of("", "fr") == "en"


def test_every_reason_has_words_in_every_language():
    for words in TEXTS.values():
        assert set(REASONS) | {"busy"} <= set(words)
        assert set(words) == set(TEXTS["en"])
        assert not any(re.search(r"[<>&\"]", text) for text in words.values())


# Rooms and states


@pytest.mark.parametrize(
    ("name", "room"),
    [
        ("Daily", "daily"),
        ("Café", "caf%c3%a9"),
        ("cafe\u0301", "caf%c3%a9"),
        ("two words", "two%20words"),
        ("a#b", "a%23b"),
        ("*", ""),
        ("..", ""),
        (" ", ""),
        ("a\nb", ""),
    ],
)
def test_room_names_are_spelt_as_in_prosody(name, room):
    assert room_name(name) == room


def test_the_room_of_a_request_is_the_first_one_as_in_nginx():
    assert room_of_uri("/xmpp-websocket?prefix=x&room=Daily&room=other") == "daily"
    assert room_of_uri("/xmpp-websocket?croom=daily") == ""


def test_the_page_is_told_again_how_somebody_came_in_and_nothing_else():
    state = {
        "room": "ignored",
        "tenant": "acme",
        "config.startWithAudioMuted": True,
        "config.prejoinConfig.enabled": False,
        "config.startAudioOnly": "<script>",
        "config.disableThirdPartyRequests": False,
        "iceServers.replace": [],
    }
    target = target_of({"room": "Daily", "state": json.dumps(state)})
    assert target == Target("daily", "config.startWithAudioMuted=true&config.prejoinConfig.enabled=false", "acme")
    assert path_of(target) == "/acme/daily#config.startWithAudioMuted=true&config.prejoinConfig.enabled=false"


@pytest.mark.parametrize("state", ["", "[]", "{", "[" * 3000, '{"tenant": "../x"}', "x" * 5000])
def test_a_state_that_is_not_understood_is_left_out(state):
    assert target_of({"room": "daily", "state": state}) == Target("daily")


def test_the_target_outlives_the_form(browser):
    state = {"config.startWithVideoMuted": True, "tenant": "acme"}
    target = target_of({"room": "two words", "state": json.dumps(state)})
    answer = browser.log_in(query=query_of(target), word="wrong")
    [form] = Elements(answer.text).of("form")
    answer = browser.post(form["action"], {"user": "anna", "password": "correct horse", "form": browser.mark()})
    assert answer.headers["Location"] == path_of(target)


# Back ends that redirect


class Provider:
    def __init__(self):
        self.target, self.away = None, False

    async def start(self, target, browser):
        if self.away:
            raise ProviderError("it is away")
        self.target, self.browser = target, browser
        return "https://id.example/authorize?state=1"

    async def finish(self, request, browser):
        if browser != self.browser:
            return Refused("stale")
        if request.get("code") != "good":
            return Refused("provider")
        return User("anna", moderator=True, logout="hint"), self.target

    async def logout(self, user):
        return f"https://id.example/logout?hint={user.logout}"

    async def close(self):
        pass


def test_a_provider_leads_to_the_room_and_out_again(serve):
    browser = Browser(serve(Provider()))
    link = Elements(browser.get("/login?room=daily").text).of("a")[0]["href"]
    assert browser.get(link).headers["Location"] == "https://id.example/authorize?state=1"
    answer = browser.get("/login/finish?code=good")
    assert (answer.status, answer.headers["Location"]) == (303, "/daily")
    assert "__Host-start" not in browser.cookies
    assert claims(browser.token())["context"]["user"]["moderator"] is True
    browser.get("/logout")
    answer = browser.post("/logout", {"form": browser.mark()})
    # The form's policy would refuse a redirect to another site.
    assert (answer.status, answer.headers["Refresh"]) == (200, "0; url=https://id.example/logout?hint=hint")
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert not browser.is_logged_in()


def test_while_the_provider_is_away_whoever_is_logged_in_stays_and_afterwards_all_is_well(serve):
    provider = Provider()
    service = serve(provider)
    anna, other = Browser(service), Browser(service)
    anna.get("/login/start?room=daily")
    anna.get("/login/finish?code=good")
    provider.away = True
    answer = other.get("/login/start?room=daily")
    assert (answer.status, TEXTS["en"]["unavailable"] in answer.text) == (503, True)
    assert "/login/start?room=daily" in answer.text
    assert anna.is_logged_in()
    assert anna.token()
    assert not other.is_logged_in()
    provider.away = False
    other.get("/login/start?room=daily")
    assert other.get("/login/finish?code=good").headers["Location"] == "/daily"


def test_an_answer_of_the_provider_is_for_the_browser_that_asked(serve):
    service = serve(Provider())
    browser, other = Browser(service), Browser(service)
    browser.get("/login/start?room=daily")
    answer = other.get("/login/finish?code=good")
    assert answer.status == 403
    assert TEXTS["en"]["stale"] in answer.text
    assert not other.is_logged_in()
    assert TEXTS["en"]["provider"] in browser.get("/login/finish?code=bad").text
    assert not browser.is_logged_in()


def test_with_a_provider_no_password_is_taken_and_without_one_nobody_is_sent_away(serve):
    provided = Browser(serve(Provider()))
    assert provided.post("/login", {"user": "anna", "password": "correct horse", "form": ""}).status == 405
    assert Browser(serve()).get("/login/start").status == 404
    assert Browser(serve()).get("/login/finish?code=good").status == 404


# The program


def test_settings_that_cannot_work_are_one_sentence(tmp_path, capsys, monkeypatch):
    file = tmp_path / "settings.json"
    good = vars(settings_with())
    cases = {
        "no JSON": "{",
        "short key": json.dumps(good | {"key": "short"}),
        "unknown field": json.dumps(good | {"colour": "red"}),
        "unknown kind": json.dumps(good | {"kind": "nis"}),
        "other hash": json.dumps(
            good | {"backend": {"accounts": {"anna": hash_of("x").replace("argon2id", "argon2i")}}}
        ),
        "no hash": json.dumps(good | {"backend": {"accounts": {"anna": "secret-password"}}}),
    }
    monkeypatch.setattr("sys.argv", ["jitsi-login", "--parse", str(file)])
    for text in cases.values():
        file.write_text(text)
        assert main() == 64
        said = capsys.readouterr().err
        assert said.startswith(f"jitsi-login: {file}: ")
        assert said.count("\n") == 1
        assert "secret-password" not in said
    file.write_text(json.dumps(good))
    assert main() == 0


def test_a_preflight_of_accounts_in_the_settings_asks_nobody(tmp_path, capsys, monkeypatch):
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(vars(settings_with())))
    monkeypatch.setattr("sys.argv", ["jitsi-login", "--check", str(file)])
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main() == 0
    assert capsys.readouterr().out == "ok: the accounts are in the settings; nobody is asked\n"
    file.write_text("{")
    assert main() == 64


def test_settings_show_no_secret():
    assert KEY not in repr(settings_with())
    assert "argon2" not in repr(settings_with())


def test_every_kind_has_its_module():
    assert {"internal", "openldap", "ldap", "ad", "oidc", "saml", "token"} == set(MODULES)
    with pytest.raises(KeyError):
        create("nis", {})


def test_the_journal_names_nobody(serve, caplog):
    caplog.set_level("DEBUG", "programs.login")
    browser = Browser(serve(guesses=2))
    for password in ("wrong", "wrong", "correct horse"):
        browser.log_in("anna", password, query="?room=secret-room")
    browser.log_in("bernd", "battery staple")
    said = caplog.text
    assert "login refused: wrong" in said
    assert not any(word in said for word in ("anna", "bernd", "horse", "staple", "secret-room", "192.0.2.7"))
