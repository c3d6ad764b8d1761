"""The gate in front of the conference, asked without a browser: what nginx serves to whom."""

import datetime
import hmac
import json
import re
from http.cookies import SimpleCookie

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from site_of import COMMAND, DOMAIN, ORIGIN, ROOT, serve

PAGES = [
    "/",
    "/index.html",
    "/room",
    "/room/",
    "/room?jwt=x.y.z&a=b",
    "/tenant/room",
    "/Raum%20eins",
    "/a.b",
    "/r%C3%A4t",
]
ENDPOINTS = ["/http-bind", "/xmpp-websocket", "/conference-request/v1"]
TWISTED = [
    "/tenant/http-bind",
    "//http-bind",
    "/%68ttp-bind",
    "/x/../http-bind",
    "/http-bind?room=x",
    "/a/b/xmpp-websocket",
]
FILES = [
    "/config.js",
    "/interface_config.js",
    "/external_api.js",
    "/libs/app.bundle.min.js",
    "/css/all.css",
    "/static/404.html",
]
EVERYTHING = PAGES + ENDPOINTS + TWISTED + FILES
ANDROID = "okhttp/4.12.0"
IPHONE = "Jitsi%20Meet/4321 CFNetwork/1492.0.1 Darwin/23.3.0"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def asks(answer) -> bool:
    return answer.status == 200 and '<form method="post" id="consent">' in answer.text


def is_conference(answer) -> bool:
    """Anything of the conference: its page, its configuration, its libraries, its signalling."""
    words = ("var config", "interfaceConfig", "STAND-IN", "signalling", "font-family: sans-serif")
    return any(word in answer.text for word in words)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_answered_by_the_one_that_asks(site, path):
    answer = site.get(path)
    assert asks(answer)
    assert not is_conference(answer)
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Set-Cookie"] is None


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ENDPOINTS + TWISTED + FILES)
def test_everything_else_is_refused(site, path, method):
    answer = site.get(path, method, Origin=ORIGIN)
    assert answer.status == 403
    assert not is_conference(answer)
    assert answer.headers["Set-Cookie"] is None


@pytest.mark.parametrize("path", ["/external_api.js", "/libs/external_api.min.js"])
def test_the_external_api_is_public_where_a_site_may_embed_rooms(embedded, site, path):
    answer = embedded.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/javascript")
    assert "JitsiMeetExternalAPI" in answer.text
    assert answer.headers["Set-Cookie"] is None
    assert site.get(path).status == 403


@pytest.mark.parametrize(
    "path",
    [
        *(*ENDPOINTS, *TWISTED, *(file for file in FILES if file != "/external_api.js")),
        *("/libs/external_apiXmin.js", "/libs/external_api.min.js/", "/team/external_api.js", "/external_api.js%00"),
    ],
)
def test_nothing_else_is_public_where_a_site_may_embed_rooms(embedded, path):
    answer = embedded.get(path)
    assert answer.status in (400, 403)
    assert not is_conference(answer)


@pytest.mark.parametrize("path", ["/manifest.json", "/team/manifest.json"])
def test_the_manifest_is_public(site, path):
    answer = site.get(path)
    assert answer.status == 200
    assert json.loads(answer.text)["start_url"] == "/"
    assert answer.headers["Set-Cookie"] is None


@seed(4)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.lists(
        st.sampled_from(
            ["/", "//", ".", "..", "%2e", "%2f", "http-bind", "xmpp-websocket", "config.js", "libs", "room"]
        )
        | st.sampled_from(
            ["?", "#", ";", "%00", "%0a", "index.html", ".consent", "de.html", "body.html", "HTTP-BIND", "%"]
        ),
        max_size=7,
    ).map(lambda parts: "/" + "".join(parts)),
    method=st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "PUT"]),
    cookie=st.sampled_from(["", "consent=", "consent=yes", "consent=0000000000000000", "a=b; consent=1"]),
)
def test_no_other_address_method_or_cookie_leads_past_it(site, path, method, cookie):
    headers = {"Cookie": cookie} if cookie else {}
    assert not is_conference(site.get(path, method, **headers))


@pytest.mark.parametrize("path", PAGES)
def test_agreeing_leads_to_the_page_that_was_asked_for(site, path):
    answer = site.get(path, "POST", Origin=ORIGIN)
    assert answer.status == 303
    assert answer.headers["Location"] == ORIGIN + path
    assert site.get(path, Cookie=site.cookie()).text.count("var config") == 1


def test_the_answer_is_one_cookie_for_thirty_days(site):
    answer = site.get("/room", "POST", Origin=ORIGIN)
    [cookie] = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert re.fullmatch(r"[0-9a-f]{16}", cookie.value)
    attributes = {name: value for name, value in cookie.items() if value}
    assert attributes == {"max-age": "2592000", "path": "/", "secure": True, "httponly": True, "samesite": "Lax"}
    assert answer.headers["Strict-Transport-Security"]


def test_agreeing_leads_to_no_other_site(site):
    answer = site.get("//elsewhere.example/x", "POST", Origin=ORIGIN)
    assert answer.headers["Location"] == f"{ORIGIN}//elsewhere.example/x"


@pytest.mark.parametrize(
    "origin", ["", "null", "https://elsewhere.example", f"http://{DOMAIN}", f"{ORIGIN}.elsewhere.example"]
)
def test_no_other_site_can_agree_in_a_visitors_name(site, origin):
    answer = site.get("/room", "POST", **({"Origin": origin} if origin else {}))
    assert answer.status == 405
    assert answer.headers["Set-Cookie"] is None


def test_a_tenants_rooms_are_its_own(site):
    """Page and configuration alike, whichever was asked for before on the same connection."""
    places = {"/room": "", "/team/room": "team", "/other/room": "other", "/config.js": "", "/team/config.js": "team"}
    for path, tenant in places.items():
        text = site.get(path, Cookie=site.cookie()).text
        assert f'"muc": "conference.{tenant}{"." if tenant else ""}{DOMAIN}"' in text, path
        assert f'"bosh": "https://{DOMAIN}/{tenant}{"/" if tenant else ""}http-bind"' in text, path


@pytest.mark.parametrize("path", ENDPOINTS[:2] + TWISTED[:1])
def test_who_agreed_reaches_signalling(site, path):
    assert site.get(path, Cookie=site.cookie()).text == "signalling"


@pytest.mark.parametrize("path", ENDPOINTS[:2])
def test_nginx_runs_no_command_that_signalling_answers(site, path):
    assert site.get(f"{path}?room=command", Cookie=site.cookie()).text == COMMAND.decode()


@pytest.mark.parametrize("tenant", ["a%0d%0aX-Forwarded-For:1", "a%0ab", "a%20b", "a%01b", "a%7fb", "a%5cu0022"])
def test_no_tenant_writes_lines_of_the_request_to_prosody(site, tenant):
    assert site.get(f"/{tenant}/http-bind", Cookie=site.cookie()).status == 404
    assert '"conference.meet' not in site.get(f"/{tenant}/config.js", Cookie=site.cookie()).text


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-US,en;q=0.5,de;q=0.3", "en"),
        ("fr, DE;q=0.5", "de"),
        ("fr-CH,fr;q=0.9,en;q=0.8,de;q=0.7", "en"),
        ("dev", "en"),
        ("x" * 4000, "en"),
    ],
)
def test_the_browsers_language_decides(site, wanted, given):
    assert f'<html lang="{given}">' in site.get("/room", Accept_Language=wanted).text


@pytest.mark.parametrize(
    ("came_from", "led_to"),
    [
        ("", "https://www.example-small.test/imprint"),
        ("https://intranet.example/", "https://intranet.example/"),
        ("http://intranet.example/a?b=1&c=2", "http://intranet.example/a?b=1&amp;c=2"),
        (f"{ORIGIN}/other", "https://www.example-small.test/imprint"),
        (f"{ORIGIN}.elsewhere.example/", f"{ORIGIN}.elsewhere.example/"),
        ("javascript:alert(1)", "https://www.example-small.test/imprint"),
        ('https://a.example/"><script>', "https://a.example/&quot;&gt;&lt;script&gt;"),
    ],
)
def test_declining_leads_back(site, came_from, led_to):
    text = site.get("/room", **({"Referer": came_from} if came_from else {})).text
    assert re.search(r'<a class="button" id="decline" target="_top" href="([^"]*)">', text)[1] == led_to


@pytest.mark.parametrize("agent", [ANDROID, IPHONE, FIREFOX])
def test_apps_are_asked_like_everybody(site, agent):
    assert asks(site.get("/room", User_Agent=agent))
    assert site.get("/config.js", User_Agent=agent).status == 403


# --- other settings


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """A text of the customer's own, as long as it may be, and a logo as large as it may be."""
    folder = tmp_path_factory.mktemp("customer")
    (folder / "de.md").write_text("# Guten Tag & willkommen\n\n" + "Wörter " * 1120)
    (folder / "logo.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{"<g/>" * 2980}</svg>'
    )
    return folder


@pytest.fixture(scope="module")
def welcome(package, text, tmp_path_factory):
    settings = {
        "jitsi_consent": "welcome",
        "jitsi_consent_texts": {"de": str(text / "de.md")},
        "jitsi_consent_cookie_days": 7,
        "jitsi_consent_exempt": ["127.0.0.2/32"],
        "jitsi_language": "de",
        "jitsi_logo_file": str(text / "logo.svg"),
        "jitsi_mobile_apps": "allow",
        "jitsi_service_name": "Treffpunkt & Co",
    }
    with serve(tmp_path_factory.mktemp("welcome"), package(), **settings) as running:
        yield running


def test_a_welcome_has_one_button(welcome):
    text = welcome.get("/room").text
    assert "<h1>Guten Tag &amp; willkommen</h1>" in text
    assert "<title>Guten Tag &amp; willkommen | Treffpunkt &amp; Co</title>" in text
    assert text.count('class="button"') == 1
    assert "decline" not in text.partition("<script>")[0]
    assert "Max-Age=604800;" in welcome.get("/room", "POST", Origin=ORIGIN).headers["Set-Cookie"]


def test_the_whole_page_is_small(welcome):
    assert 25000 < len(welcome.get("/room").text.encode()) < 30000


def test_another_text_asks_again(site, welcome):
    assert asks(welcome.get("/room", Cookie=site.cookie()))
    assert asks(site.get("/room", Cookie=welcome.cookie()))


@pytest.mark.parametrize("path", ["/room", "/http-bind", "/config.js"])
def test_exempt_networks_are_not_asked(welcome, path):
    assert is_conference(welcome.get(path, source="127.0.0.2"))
    assert not is_conference(welcome.get(path, source="127.0.0.1"))


@pytest.mark.parametrize("agent", [ANDROID, IPHONE])
def test_apps_are_let_in_by_setting(welcome, agent):
    assert is_conference(welcome.get("/config.js", User_Agent=agent))
    assert is_conference(welcome.get("/http-bind", User_Agent=agent))
    assert asks(welcome.get("/room", User_Agent=FIREFOX))


def test_apps_are_blocked_by_setting(package, tmp_path):
    with serve(tmp_path, package(), jitsi_mobile_apps="block") as blocking:
        cookie = blocking.cookie()
        assert is_conference(blocking.get("/room", Cookie=cookie, User_Agent=FIREFOX))
        for agent in (ANDROID, IPHONE):
            for path in ("/room", "/config.js", "/http-bind"):
                assert blocking.get(path, Cookie=cookie, User_Agent=agent).status == 403


def test_nobody_is_asked_by_setting(package, tmp_path):
    with serve(tmp_path, package(), jitsi_consent="none") as open_site:
        for path in ("/", "/room", "/tenant/room", "/http-bind", "/config.js"):
            assert is_conference(open_site.get(path)), path
        assert open_site.get("/room", "POST", Origin=ORIGIN).headers["Set-Cookie"] is None


def test_the_example_for_tests_is_the_customer_of_the_repository():
    settings = (ROOT / "inventories/example-small/group_vars/jitsi/main.yml").read_text()
    assert f"jitsi_domain: {DOMAIN}\n" in settings


# --- what remains


@pytest.fixture(scope="module")
def hashing(package, tmp_path_factory):
    """A page whose log tells rooms apart."""
    with serve(tmp_path_factory.mktemp("hashing"), package(), jitsi_log_rooms="hashed") as running:
        yield running


def pseudonyms(site, *paths: str) -> list[str]:
    """What stands in the log for each of the paths."""
    before = len(site.log())
    cookie = site.cookie()
    for path in paths:
        site.get(path, Cookie=cookie)
    return re.findall(r'"GET (\S+) HTTP', "\n".join(site.log(before + 1 + len(paths))[before:]))


def test_the_log_tells_rooms_apart_by_setting(hashing):
    room, *same = pseudonyms(hashing, "/Rat", "/rat", "/rat?jwt=a.b.c", "/team/rat", "/%72at")
    assert re.fullmatch("/~[0-9a-f]{12}", room)
    assert set(same) == {room}
    signalling = pseudonyms(hashing, "/http-bind?room=rat", "/xmpp-websocket?token=x&room=rat", "/http-bind")
    mark = room.removeprefix("/")
    assert signalling == [f"/http-bind?room={mark}", f"/xmpp-websocket?room={mark}", "/http-bind?room=~"]
    assert pseudonyms(hashing, "/council") != [room]
    assert pseudonyms(hashing, "/", "/css/all.css?v=1", "/config.js") == ["/", "/css/all.css", "/config.js"]
    assert len(pseudonyms(hashing, "/%ff%fe", "/a%00b", "/static/rat/../..", "//")) == 4


def test_names_cannot_be_tried_without_the_key(hashing, package, tmp_path):
    [room] = pseudonyms(hashing, "/rat")
    key = re.search('key = "(.+)";', (hashing.folder / "rooms.js").read_text())[1]
    today = datetime.datetime.now(datetime.UTC)
    days = [f"{today - datetime.timedelta(days=days):%F}" for days in (0, 1)]  # it may have struck midnight
    assert room[2:] in [hmac.digest(key.encode(), f"{day}/rat".encode(), "sha256").hex()[:12] for day in days]
    seed = "another-customers-seed-of-sufficient-length"
    with serve(tmp_path, package(), jitsi_log_rooms="hashed", jitsi_seed=seed) as other:
        assert pseudonyms(other, "/rat") != [room]


def test_a_hashed_name_stands_nowhere(hashing):
    name = "donnerstag"
    pseudonyms(hashing, f"/{name}", f"/team/{name}", f"/http-bind?room={name}", f"/static/{name}", f"/{name}/..%2f")
    assert name not in (hashing.folder / "access.log").read_text()


def test_the_log_names_files_that_were_served_and_nothing_else(site):
    before = len(site.log())
    name = "wednesday"
    cookie = site.cookie()
    asked = [
        *(
            f"/{name}",
            f"/team/{name}?jwt={name}",
            f"/static/{name}",
            f"/static/../{name}",
            f"/css/all.css/{name}",
        ),
        *(
            f"/css/{name}/../all.css",
            f"/css/%2e%2e/{name}",
            f"/css/all.css?v={name}",
            f"/http-bind?room={name}",
        ),
        f"/config.js?room={name}",
    ]
    for path in asked:
        site.get(path, Cookie=cookie)
        site.get(path, Referer=f"https://{name}.example/", User_Agent=name)
    lines = site.log(before + 2 * len(asked) + 1)[before:]
    assert len(lines) == 2 * len(asked) + 1
    assert not [line for line in lines if name in line]
    assert [line for line in lines if '"GET /css/all.css HTTP/1.1" 200' in line]
    assert all(line.startswith("127.0.0.0 [") for line in lines)
