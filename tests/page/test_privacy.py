"""What the page may do, whatever its address asks of it: configuration, headers, and what a browser makes of them."""

import json
import re
import subprocess

import pytest
from site_of import DOMAIN, ORIGIN, ROOT, need, serve, write

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


KNOWN = {
    line
    for line in (ROOT / "roles/web/files/config-keys").read_text().splitlines()
    if line and not line.startswith("#")
}


@pytest.fixture(scope="module")
def bare(package, tmp_path_factory):
    """A page on which everything is chosen otherwise than in the offer."""
    choices = {
        "jitsi_features": [],
        "jitsi_muted_at_entry": [],
        "jitsi_muted_after": 0,
        "jitsi_peer_to_peer": "relayed",
    }
    with serve(tmp_path_factory.mktemp("bare"), package(), **choices) as running:
        yield running


@pytest.mark.parametrize("which", ["site", "bare"])
def test_the_page_knows_every_key_it_is_given(request, which):
    config = configuration(request.getfixturevalue(which))
    assert len(config) > 25
    assert set(leaves(config)) - KNOWN == set()


def test_a_key_the_page_does_not_read_is_refused(tmp_path):
    with pytest.raises(AssertionError) as refused:
        write(tmp_path, {"web_config_extra": {"p2p": {"enable": True}, "tokenAuthUrl": "https://id.acme.example/"}})
    assert "web_config_extra has p2p.enable, which the page does not read" in " ".join(str(refused.value).split())


def test_camera_and_microphone_are_off_at_entry(site, bare):
    off, on = configuration(site), configuration(bare)
    assert (off["startWithAudioMuted"], off["startWithVideoMuted"]) == (True, True)
    assert (on["startWithAudioMuted"], on["startWithVideoMuted"]) == (False, False)
    assert (off["startAudioMuted"], on["startAudioMuted"]) == (10, 0)


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
    assert full["speakerStats"]["disabled"] is True
    assert full["localRecording"]["disable"] is True


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
    page = visit(site, "/" + EVERYTHING, bypass_csp=True)
    page.context.browser.close()
    assert {"www.gravatar.com", "api.giphy.com", "apis.google.com", "watchrtc.testrtc.com"} <= foreign(
        tmp_path / "net.json"
    )


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
    assert complaints == []
