"""The page that asks, in a real browser: what it loads, where its buttons lead, who can use it."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from site_of import DOMAIN, ORIGIN, write

ROOM = "/team/weekly?jwt=a.b.c&lang=de#config.startWithAudioMuted=true&userInfo.displayName=%22Anna%22"
REQUESTED = (ORIGIN + ROOM).partition("#")[0]
ACCEPT = {"de-DE": "Zustimmen und eintreten", "en-US": "Accept and enter"}
DECLINE = {"de-DE": "Ablehnen", "en-US": "Decline"}
LOG_IN = {"de-DE": "Zustimmen und für die Moderation anmelden", "en-US": "Accept and log in as moderator"}
BACKGROUND = {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 25, 29)"}
PHONE, DESKTOP = {"width": 320, "height": 640}, {"width": 1280, "height": 800}


@contextlib.contextmanager
def other_site():
    """Somebody else's web server, each of whose pages has a link to the room; gives its port.

    /frame has the room in a frame, /api has Jitsi's External API make one, as its documentation says.
    """
    inside = {
        "/frame": f'<iframe src="{ORIGIN}{ROOM}"></iframe>',
        "/api": f"""<script src="{ORIGIN}/external_api.js"></script>
            <script>const api = new JitsiMeetExternalAPI("{DOMAIN}", {{roomName: "weekly"}});</script>""",
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            frame = inside.get(self.path, "")
            self.wfile.write(f'<!doctype html><title>Other</title><a href="{ORIGIN}{ROOM}">Meet</a>{frame}'.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def other():
    with other_site() as port:
        yield port


@pytest.fixture
def visit(chromium, site, other):
    """visit(**context): a new person's page, in a browser that knows the customer's site and another one."""

    def visit(at=site, **options):
        return chromium(at, intranet_example=other).new_context(**{"locale": "en-US"} | options).new_page()

    return visit


def urls_asked(log) -> list[str]:
    """What the browser's own network log says it asked of the site, or of anybody in the name of its pages."""
    events = json.loads(log.read_text(errors="replace"))["events"]
    requests = [event["params"] for event in events if {"url", "initiator"} <= event.get("params", {}).keys()]
    return sorted({r["url"] for r in requests if r["initiator"] == ORIGIN or r["url"].startswith(ORIGIN)})


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_nothing_is_asked_for_before_and_the_room_opens_after(visit, javascript):
    page = visit(java_script_enabled=javascript)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("websocket", lambda websocket: requests.append(websocket.url))
    page.goto(ORIGIN + ROOM, wait_until="networkidle")
    assert page.url == ORIGIN + ROOM
    assert page.context.cookies() == []
    assert requests == [REQUESTED]

    page.get_by_role("button", name=ACCEPT["en-US"]).click()
    page.wait_for_url(ORIGIN + ROOM)
    page.wait_for_selector("meta[name=generator][content^=STAND-IN]", state="attached")
    assert page.url == ORIGIN + ROOM
    [cookie] = page.context.cookies()
    assert cookie["name"] == "consent"

    page.goto(f"{ORIGIN}/another", wait_until="domcontentloaded")
    assert page.locator("meta[name=generator]").count() == 1, "asked again"


def test_the_browsers_own_log_shows_one_request(visit, tmp_path):
    page = visit()
    page.goto(ORIGIN + ROOM, wait_until="networkidle")
    assert page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0
    page.context.browser.close()
    assert urls_asked(tmp_path / "net.json") == [ORIGIN + ROOM]


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_moderators_are_led_to_the_login_service_and_it_is_told_the_room(visit, javascript):
    page = visit(java_script_enabled=javascript)
    for elsewhere in ("/", "/?a=b", "/static/dialInInfo.html?room=weekly", "/login", "/logout"):
        page.goto(ORIGIN + elsewhere)
        assert page.get_by_role("button", name=LOG_IN["en-US"]).count() == 0
    page.goto(ORIGIN + ROOM)
    page.get_by_role("button", name=LOG_IN["en-US"]).click()
    page.wait_for_url(f"{ORIGIN}/login?*")
    query = parse_qs(urlsplit(page.url).query)
    assert query["room"] == ["weekly"]
    assert json.loads(query["state"][0]) == {"tenant": "team"}


def test_where_nobody_has_a_password_no_login_is_offered(tmp_path):
    write(tmp_path, {"jitsi_directory": {"kind": "token", "issuer": "acme", "audience": "jitsi"}})
    assert "/login" not in (tmp_path / "consent/en.html").read_text()
    assert '"DISPLAY_WELCOME_PAGE_CONTENT": false' in (tmp_path / "interface_config.js").read_text()


def test_an_expired_answer_is_asked_for_again(visit):
    page = visit()
    page.goto(f"{ORIGIN}/room")
    page.get_by_role("button", name=ACCEPT["en-US"]).click()
    page.wait_for_selector("meta[name=generator]", state="attached")
    [cookie] = page.context.cookies()
    page.context.add_cookies([cookie | {"expires": 1}])
    page.goto(f"{ORIGIN}/room")
    assert page.get_by_role("button", name=ACCEPT["en-US"]).count() == 1


@pytest.mark.parametrize(
    ("javascript", "back"),
    [(True, "http://intranet.example/deep/page?a=b"), (False, "http://intranet.example/")],
    ids=["script", "no script"],
)
def test_declining_leads_back_to_where_one_came_from(visit, javascript, back):
    """Without JavaScript browsers tell the site only, not the page."""
    page = visit(java_script_enabled=javascript)
    page.goto("http://intranet.example/deep/page?a=b")
    page.get_by_text("Meet").click()
    page.wait_for_url(ORIGIN + ROOM)
    page.get_by_role("link", name=DECLINE["en-US"]).click()
    page.wait_for_url(back)
    assert page.context.cookies() == []


def test_declining_leads_to_the_house_when_one_came_from_nowhere(visit):
    page = visit()
    page.goto(f"{ORIGIN}/room")
    with page.expect_request("https://www.example-small.test/imprint"):
        page.get_by_role("link", name=DECLINE["en-US"]).click()


def test_no_other_site_can_agree_for_a_visitor(visit):
    page = visit()
    page.goto("http://intranet.example/")
    page.evaluate(f"document.body.innerHTML = '<form method=post action=\"{ORIGIN}/room\"><button>Win</button></form>'")
    page.get_by_role("button", name="Win").click()
    page.wait_for_url(f"{ORIGIN}/room")
    assert page.context.cookies() == []


@pytest.mark.parametrize("locale", list(ACCEPT))
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_everybody_can_use_it(visit, must_be_accessible, shoot, locale, scheme, size):
    page = visit(locale=locale, color_scheme=scheme, viewport=size)
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{ORIGIN}/room")
    assert complaints == []
    shoot(page, f"consent-{locale[:2]}-{'phone' if size == PHONE else 'desktop'}-{scheme}")

    must_be_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == BACKGROUND[scheme]
    focused = []
    for _ in range(5):
        page.keyboard.press("Tab")
        focused.append(page.evaluate("document.activeElement.textContent.trim()"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", focused
    words = {"de-DE": ["Datenschutz", "Impressum"], "en-US": ["Privacy", "Imprint"]}[locale]
    assert focused == [ACCEPT[locale], DECLINE[locale], LOG_IN[locale], *words]


def test_the_keyboard_is_enough(visit):
    page = visit()
    page.goto(f"{ORIGIN}/room")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("meta[name=generator]", state="attached")


def test_nothing_but_the_page_itself_can_run_in_it(visit):
    page = visit()
    page.goto(f"{ORIGIN}/room")
    blocked = page.evaluate(
        """async () => {
          const blocked = new Set();
          const all = new Promise(done => document.addEventListener("securitypolicyviolation", event => {
            blocked.add(event.effectiveDirective + " " + event.blockedURI);
            if (blocked.size === 6) done();
          }));
          const add = (tag, properties) => document.body.append(Object.assign(document.createElement(tag), properties));
          add("script", {textContent: "window.ran = true"});
          add("script", {src: "/libs/app.bundle.min.js"});
          add("style", {textContent: "p { color: red }"});
          add("img", {src: "/images/watermark.svg"});
          await fetch("/config.js").catch(() => 0);
          try { new WebSocket("wss://elsewhere.example/"); } catch {}
          await all;
          return [window.ran ?? false, ...[...blocked].sort()];
        }"""
    )
    assert blocked == [
        False,
        f"connect-src {ORIGIN}/config.js",
        "connect-src wss://elsewhere.example/",
        f"img-src {ORIGIN}/images/watermark.svg",
        f"script-src-elem {ORIGIN}/libs/app.bundle.min.js",
        "script-src-elem inline",
        "style-src-elem inline",
    ]


@pytest.fixture
def framing(embedded, chromium, other):
    """framing(): a page of a browser that knows the sites with frames; third parties' cookies do not pass."""
    names = {"intranet_example": other, "elsewhere_example": other}
    browser = chromium(embedded, "--test-third-party-cookie-phaseout", **names)
    return lambda: browser.new_context(locale="en-US").new_page()


@pytest.fixture
def framed(framing):
    """framed(site, path): the frame in a page of that site."""

    def visit(site: str, path: str = "/frame"):
        page = framing()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"http://{site}{path}", wait_until="networkidle")
        assert errors == []
        return page.frames[1]

    return visit


def refused_frame(page, site: str) -> str:
    """Why the browser shows nothing in the frame of a site's page; its request ends later than the page's."""
    with page.expect_event("requestfailed", lambda request: request.url.startswith(ORIGIN)) as refused:
        page.goto(f"http://{site}/frame")
    assert refused.value.is_navigation_request()
    return refused.value.failure


def test_a_site_that_is_named_shows_a_conference_in_a_frame(framed):
    frame = framed("intranet.example")
    frame.get_by_role("button", name=ACCEPT["en-US"]).click()
    frame.wait_for_selector("meta[name=generator][content^=STAND-IN]", state="attached")
    assert frame.url == ORIGIN + ROOM
    frame.goto(f"{ORIGIN}/another", wait_until="domcontentloaded")
    assert frame.locator("meta[name=generator]").count() == 1, "asked again"


def test_the_external_api_shows_a_conference_after_consent_in_its_frame(framed):
    frame = framed("intranet.example", "/api")
    assert frame.name == "jitsiConferenceFrame0"
    assert frame.page.context.cookies() == []
    frame.get_by_role("button", name=ACCEPT["en-US"]).click()
    frame.wait_for_selector("meta[name=generator][content^=STAND-IN]", state="attached")
    assert frame.url == f"{ORIGIN}/weekly#jitsi_meet_external_api_id=0"


def test_who_declines_in_a_frame_leaves_the_whole_page(framed):
    frame = framed("intranet.example")
    with frame.page.expect_navigation(url="http://intranet.example/"):
        frame.get_by_role("link", name=DECLINE["en-US"]).click()
    assert len(frame.page.frames) == 1


def test_no_other_site_shows_anything_in_a_frame(framing):
    assert refused_frame(framing(), "elsewhere.example") == "net::ERR_BLOCKED_BY_RESPONSE"


def test_without_the_setting_no_site_does(visit):
    assert refused_frame(visit(), "intranet.example") == "net::ERR_BLOCKED_BY_RESPONSE"
