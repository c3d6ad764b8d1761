"""What the page may do, whatever its address asks of it: configuration, headers, and what a browser makes of them."""

import json
import re
import subprocess
import time
from urllib.parse import urlsplit

import published
import pytest
import signalling
from site_of import DOMAIN, ORIGIN, need, write

# What an address may switch on that asks somebody else, in the words of the page's list of such keys.
OVERRIDES = {
    "disableThirdPartyRequests": "false",
    "gravatar.disabled": "false",
    "analytics.disabled": "false",
    "analytics.rtcstatsEnabled": "true",
    "analytics.watchRTCEnabled": "true",
    "watchRTCConfigParams.rtcApiKey": '"key"',
    "giphy.enabled": "true",
    "googleApiApplicationClientID": '"id"',
    "enableCalendarIntegration": "true",
    "dropbox.appKey": '"key"',
    "whiteboard.enabled": "true",
    "p2p.enabled": "true",
    "p2p.iceTransportPolicy": '"all"',
}
EVERYTHING = "#" + "&".join(f"config.{key}={value}" for key, value in OVERRIDES.items())


def configuration(site) -> dict:
    """config.js as a browser understands it."""
    node = need("node", "nodejs")
    text = site.get("/config.js", Cookie=site.cookie()).text
    done = subprocess.run(
        [node, "-e", f"{text}\nconsole.log(JSON.stringify(config))"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def leaves(value, path=()):
    """The paths of a configuration down to what is no mapping."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield ".".join(path)


def unknown(config: dict) -> set[str]:
    """What of a configuration no release of the page reads."""
    known = published.keys()

    def is_known(path: str) -> bool:
        parents = [path[: dot.start()] for dot in re.finditer(r"\.", path)]
        return not known.isdisjoint([path, *parents]) or any(key.startswith(f"{path}.") for key in known)

    return {path for path in leaves(config) if not is_known(path)}


@pytest.mark.parametrize("which", ["site", "bare"])
def test_the_page_knows_every_key_it_is_given(request, which):
    config = configuration(request.getfixturevalue(which))
    assert len(config) > 25
    assert unknown(config) == set()


def test_a_key_the_page_does_not_read_is_found():
    assert unknown({"p2p": {"enable": True}, "hots": {"domain": "x"}}) == {"p2p.enable", "hots.domain"}
    assert unknown({"p2p": {}, "hosts": {"domain": "x"}, "disableChat": True}) == set()


def test_the_stand_in_lets_an_address_change_what_the_page_does():
    assert {
        key for key in OVERRIDES if not any(f"{key}.".startswith(f"{may}.") for may in published.overridable())
    } == set()


def test_nobody_learns_anothers_address(site, bare):
    assert configuration(site)["p2p"] == {"enabled": False, "stunServers": []}
    assert configuration(bare)["p2p"] == {"enabled": True, "stunServers": [], "iceTransportPolicy": "relay"}


def test_every_feature_can_be_taken_away(site, bare):
    full, empty = configuration(site), configuration(bare)
    gone = {path for path in leaves(empty) if path not in set(leaves(full))}
    assert gone >= {
        *("disableChat", "disablePolls", "disableReactions", "disableInviteFunctions", "e2ee.disabled"),
        *("breakoutRooms.hideAddRoomButton", "securityUi.hideLobbyButton", "virtualBackground.disabled"),
    }
    assert empty["remoteVideoMenu"] == {"disableGrantModerator": True, "disablePrivateChat": "all"}
    assert "speakerStats" not in full
    assert full["localRecording"]["disable"] is True


def test_a_stream_has_a_button(tmp_path):
    write(tmp_path, {"web_stream_form": "^rtmps://"})
    shown = json.loads((tmp_path / "config.js").read_text().partition("var config = ")[2].rstrip(";\n"))[
        "toolbarButtons"
    ]
    assert {"livestreaming", "recording"} <= set(shown)


# Buttons that lead to other providers or to nothing.
FOREIGN = {"embedmeeting", "download", "help", "feedback", "linktosalesforce", "sharedvideo", "whiteboard", "etherpad"}


def test_the_page_knows_every_button(site, bare):
    full, empty = (set(configuration(which)["toolbarButtons"]) for which in (site, bare))
    assert full - published.buttons() == set()
    assert full & FOREIGN == set()
    assert full - empty == {"chat", "polls", "stats", "select-background", "invite"}
    assert "recording" not in full


def buttons(page, place: str) -> set[str]:
    """The buttons a person sees there."""
    return set(page.locator(f"{place} [data-button]").evaluate_all("all => all.map(one => one.dataset.button)"))


@pytest.mark.parametrize("which", ["site", "bare"])
def test_the_buttons_follow_the_features(request, visit, which):
    page = visit(request.getfixturevalue(which), "/")
    signalling.Room("open").serve(page)
    page.goto(f"{ORIGIN}/room")
    before = buttons(page, "#premeeting-toolbox")
    page.fill("#premeeting-name-input", "Anna")
    page.get_by_test_id("prejoin.joinMeeting").click()
    page.wait_for_selector("body[data-state=joined]")
    inside = buttons(page, "#new-toolbox")
    assert inside >= {"microphone", "camera", "desktop", "raisehand", "participants-pane", "settings", "hangup"}
    assert before >= {"microphone", "camera", "settings"}
    assert inside & FOREIGN == set()
    optional = {"chat", "polls", "stats", "select-background", "invite"}
    assert inside & optional == (optional if which == "site" else set())
    assert before & optional == (optional & {"select-background", "invite"} if which == "site" else set())


def test_every_directive_of_the_policy_is_there(site):
    policy = site.get("/room", Cookie=site.cookie()).headers["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'self'"
    assert directives["connect-src"] == f"'self' wss://{DOMAIN} blob: data:"
    assert directives["object-src"] == "'none'"
    assert directives["frame-ancestors"] == "'self'"
    # Nothing but this site, what the page made itself, and nothing.
    words = {word for sources in directives.values() for word in sources.split()}
    assert words == {
        *("'self'", "'none'", "'unsafe-inline'", "'wasm-unsafe-eval'", "blob:", "data:", f"wss://{DOMAIN}"),
    }


@pytest.mark.parametrize("path", ["/", "/room", "/config.js", "/libs/app.bundle.min.js", "/none", "/http-bind"])
def test_every_answer_has_every_header(site, path):
    for headers in ({}, {"Cookie": site.cookie()}):
        answer = site.get(path, **headers)
        for name in (
            *("Strict-Transport-Security", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy"),
            *("Content-Security-Policy", "Cross-Origin-Opener-Policy"),
        ):
            assert answer.headers.get_all(name) is not None, f"{path} has no {name}"
            assert len(answer.headers.get_all(name)) == 1


@pytest.fixture
def visit(chromium):
    def visit(site, address, **options):
        page = chromium(site).new_context(permissions=["camera", "microphone"], **options).new_page()
        page.context.add_cookies([{"name": "consent", "value": site.cookie().partition("=")[2], "url": ORIGIN}])
        page.goto(f"{ORIGIN}{address}", wait_until="networkidle")
        return page

    return visit


def foreign(log) -> set[str]:
    """Whom the browser asked, or tried to, in the name of the page, by its own network log."""
    events = json.loads(log.read_text(errors="replace"))["events"]
    urls = [
        e["params"]["url"] for e in events if e.get("params", {}).get("initiator") == ORIGIN and "url" in e["params"]
    ]
    return {host for url in urls for host in re.findall(r"^(?:https?|wss?)://([^/:]+)", url) if host != DOMAIN}


def test_no_address_makes_the_page_ask_somebody_else(visit, site, tmp_path):
    page = visit(site, "/" + EVERYTHING)
    assert page.evaluate("config.giphy.enabled && config.disableThirdPartyRequests === false"), "nothing was overridden"
    page.context.browser.close()
    assert foreign(tmp_path / "net.json") == set()


def test_without_the_policy_the_same_address_asks_others(visit, site, tmp_path):
    """That the test above can fail: a browser that ignores policies."""
    others = {"www.gravatar.com", "api.giphy.com", "apis.google.com", "watchrtc.testrtc.com"}
    page = visit(site, "/", bypass_csp=True)
    failed = set()
    page.on("requestfailed", lambda request: failed.add(urlsplit(request.url).hostname))
    page.on("websocket", lambda socket: failed.add(urlsplit(socket.url).hostname))
    page.goto(f"{ORIGIN}/room{EVERYTHING}")
    deadline = time.monotonic() + 30
    while not others <= failed and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    page.context.browser.close()
    assert others <= foreign(tmp_path / "net.json")


def test_what_a_conference_needs_is_allowed(visit, site):
    """Inlined configuration, WebAssembly, workers from blobs, styles and pictures made by scripts, the camera."""
    page = visit(site, "/")
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    works = page.evaluate(
        """async () => {
          const works = {config: typeof config.hosts.domain === "string"};
          const wasm = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
          works.wasm = (await WebAssembly.instantiate(wasm)).instance instanceof WebAssembly.Instance;
          const code = URL.createObjectURL(new Blob(["postMessage(1)"], {type: "text/javascript"}));
          works.worker = await new Promise((done, fail) => {
            const worker = new Worker(code);
            worker.onmessage = () => done(true);
            worker.onerror = () => done(false);
          });
          const style = document.head.appendChild(Object.assign(document.createElement("style"),
            {textContent: "body { margin-left: 7px !important }"}));
          works.style = getComputedStyle(document.body).marginLeft === "7px";
          const pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
          works.picture = await new Promise(done => {
            const image = new Image();
            image.onload = () => done(true);
            image.onerror = () => done(false);
            image.src = pixel;
          });
          works.fetch = (await fetch(pixel)).ok;
          works.policy = document.featurePolicy.allowedFeatures().includes("camera");
          works.location = document.featurePolicy.allowedFeatures().includes("geolocation");
          return works;
        }"""
    )
    assert works == {
        **dict.fromkeys(["config", "wasm", "worker", "style", "picture", "fetch", "policy"], True),
        "location": False,
    }
    assert complaints == []


def test_the_browser_understands_every_header(visit, site):
    page = visit(site, "/")
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.reload(wait_until="networkidle")
    assert [text for text in complaints if "fonts.elsewhere.example" not in text] == []
