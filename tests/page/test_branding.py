"""The customer's look: from settings to what a browser gets, and that a newer package does not take it away."""

import base64
import json
import struct
import zlib

import browser as suite
import pytest
import signalling
import yaml
from site_of import DOMAIN, ORIGIN, ROOT, run, serve, write

from toolkit.page.pictures import clean

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="170" height="40"><rect width="170" height="40" rx="6" fill="{}"/>'
    '<text x="85" y="27" text-anchor="middle" font-family="sans-serif" font-size="20" fill="#ffffff">Treffpunkt</text>'
    "</svg>"
)
WORDS = {"welcome_title": "Guten Tag", "welcome_text": 'Räume für "alle"', "invitation": "Sie sind eingeladen."}
COLORS = {
    "light": {"background": "#fdfbff", "text": "#221a2b", "accent": "#7b1fa2"},
    "dark": {"background": "#1d1724", "text": "#ece4f4", "accent": "#d9a8f0"},
}
NEWER = "1.0.9365-1"

# A second customer's look: that of the example who chose one.
EXAMPLE = ROOT / "inventories/example-page"
LOOK = (
    "service_name",
    "language",
    "logo_file",
    "page_colors",
    "pictures",
    "meeting_colors",
    "texts",
    "consent",
    "consent_texts",
    "consent_cookie_days",
)
PHONE, DESKTOP = {"width": 360, "height": 640}, {"width": 1024, "height": 640}


def png(width, height, color):
    """A picture of one colour."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(color) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brand")
    (folder / "logo.svg").write_text(LOGO.format("#7b1fa2"))
    (folder / "background.png").write_bytes(png(64, 36, (32, 20, 48)))
    (folder / "lobby.png").write_bytes(png(64, 36, (226, 214, 240)))
    (folder / "icon.svg").write_text(LOGO.format("#00695c"))
    return folder


@pytest.fixture(scope="module")
def settings(files):
    return {
        "jitsi_service_name": "Treffpunkt & Co",
        "jitsi_logo_file": str(files / "logo.svg"),
        "jitsi_page_colors": COLORS,
        "jitsi_pictures": {
            "background": str(files / "background.png"),
            "lobby": str(files / "lobby.png"),
            "favicon": str(files / "icon.svg"),
        },
        "jitsi_meeting_colors": {"background": "#101820", "accent": "#7b1fa2"},
        "jitsi_texts": {"de": WORDS},
    }


@pytest.fixture(scope="module")
def unpacked(package):
    return package()


@pytest.fixture(scope="module")
def branded(unpacked, settings, tmp_path_factory):
    with serve(tmp_path_factory.mktemp("branded"), unpacked, **settings) as running:
        yield running


def fetch(site, address):
    """An address of this site, absolute or not, as somebody who agreed."""
    return site.get(address.removeprefix(ORIGIN), Cookie=site.cookie())


def shown(picture: bytes) -> str:
    """How a picture stands in a page: written anew."""
    return base64.b64encode(clean(picture, 2000).content).decode()


def look(site) -> dict:
    """Everything that makes the page look as it does, but for the package's own files."""
    branding = json.loads(fetch(site, "/branding.json").text)
    page = fetch(site, "/room").text
    return {
        "branding": branding,
        "logo": fetch(site, branding["logoImageUrl"]).text,
        "words": fetch(site, branding["labels"]["de"]).text,
        "manifest": fetch(site, "/manifest.json").text,
        "title": fetch(site, "/title.html").text,
        "inlined": page[page.index("<title>") : page.index("</title>")],
        "names": fetch(site, "/interface_config.js").text,
    }


def test_the_page_is_told_the_customers_look(branded, files):
    branding = look(branded)["branding"]
    assert branding["backgroundColor"] == "#101820"
    assert branding["customTheme"]["palette"]["action01"] == "#7b1fa2"
    assert f'url("{ORIGIN}/branding/' in branding["premeetingBackground"]
    logo = fetch(branded, branding["logoImageUrl"]).text
    assert shown((files / "logo.svg").read_bytes()) in logo
    assert f'fill="{COLORS["light"]["background"]}"' in logo
    labels = json.loads(fetch(branded, branding["labels"]["de"]).text)
    assert labels["welcomepage"] == {"headerTitle": "Guten Tag", "headerSubtitle": 'Räume für "alle"'}
    assert labels["info"]["inviteURLFirstPartGeneral"] == "Sie sind eingeladen."


def test_title_and_names_are_the_customers(branded):
    seen = look(branded)
    assert seen["inlined"] == "<title>Treffpunkt &amp; Co"
    assert r'"APP_NAME": "Treffpunkt \u0026 Co"' in seen["names"]
    assert json.loads(seen["manifest"])["name"] == "Treffpunkt & Co"
    assert f'<link rel="icon" type="image/svg+xml" href="{ORIGIN}/branding/' in seen["title"]
    assert "Treffpunkt &amp; Co" in branded.get("/").text
    assert shown(LOGO.format("#7b1fa2").encode()) in branded.get("/").text


def test_pictures_are_kept_for_a_year_and_the_look_is_not(branded):
    branding = look(branded)["branding"]
    for url in (branding["logoImageUrl"], branding["backgroundImageUrl"], branding["labels"]["de"]):
        assert fetch(branded, url).headers["Cache-Control"] == "max-age=31536000"
    assert fetch(branded, "/branding.json").headers["Cache-Control"] == "no-cache"
    assert fetch(branded, branding["logoImageUrl"]).headers["Content-Type"] == "image/svg+xml"
    assert fetch(branded, branding["backgroundImageUrl"]).headers["Content-Type"] == "image/png"


def test_the_look_is_served_after_consent_only(branded):
    for address in ("/branding.json", "/interface_config.js", look(branded)["branding"]["logoImageUrl"]):
        assert branded.get(address.removeprefix(ORIGIN)).status == 403


def test_another_picture_has_another_address(package, settings, files, branded, tmp_path):
    (tmp_path / "logo.svg").write_text(LOGO.format("#000000"))
    (tmp_path / "site").mkdir()
    with serve(tmp_path / "site", package(), **settings | {"jitsi_logo_file": str(tmp_path / "logo.svg")}) as other:
        here, there = look(branded)["branding"], look(other)["branding"]
    assert here["logoImageUrl"] != there["logoImageUrl"]
    assert here["backgroundImageUrl"] == there["backgroundImageUrl"]


def test_a_newer_package_changes_nothing_of_it(branded, unpacked, package):
    """The newer package is unpacked over the older one, as dpkg does."""
    before, was = look(branded), fetch(branded, "/room").text
    run("cp", "-rT", package(NEWER), unpacked)
    after, now = look(branded), fetch(branded, "/room").text
    assert "jitsi-meet-web 1.0.9268-1" in was
    assert f"jitsi-meet-web {NEWER}" in now
    assert after == before


def test_what_is_superseded_is_gone(settings, tmp_path):
    kept = tmp_path / "branding/of-others.svg"
    stale = [tmp_path / "branding/files/0123456789abcdef.svg", tmp_path / "consent/fr.html"]
    for file in (kept, *stale):
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text("what was there before")
    write(tmp_path, settings)
    assert [file for file in stale if file.exists()] == []
    assert kept.exists()
    assert {file.name for file in (tmp_path / "consent").iterdir()} == {"de.html", "en.html"}
    assert len(list((tmp_path / "branding/files").iterdir())) == 5  # four pictures, and the words in German


def test_a_browser_finds_the_manifest_and_its_pictures(branded, chromium):
    """Browsers ask for both without cookies, so whoever has agreed would be refused them."""
    page = chromium(branded).new_context().new_page()
    page.context.add_cookies([{"name": "consent", "value": branded.cookie().partition("=")[2], "url": ORIGIN}])
    page.goto(f"{ORIGIN}/team/weekly")
    found = page.context.new_cdp_session(page).send("Page.getAppManifest")
    assert (found["url"], found["errors"]) == (f"{ORIGIN}/team/manifest.json", [])
    manifest = json.loads(found["data"])
    assert manifest["name"] == "Treffpunkt & Co"
    [icon] = manifest["icons"]
    picture = branded.get(icon["src"].removeprefix(ORIGIN))
    assert (picture.status, picture.headers["Content-Type"]) == (200, icon["type"])
    assert picture.headers["Set-Cookie"] is None
    logo = look(branded)["branding"]["logoImageUrl"]
    assert branded.get(logo.removeprefix(ORIGIN)).status == 403


def test_without_settings_the_page_has_jitsis_own_look(site):
    branding = json.loads(fetch(site, "/branding.json").text)
    assert branding["logoImageUrl"] == branding["backgroundImageUrl"] == branding["premeetingBackground"] == ""
    assert branding["labels"] == {}
    assert '"SHOW_JITSI_WATERMARK": false' in fetch(site, "/interface_config.js").text


@pytest.fixture(scope="module")
def example(package, tmp_path_factory):
    text = (EXAMPLE / "group_vars/jitsi/main.yml").read_text().replace("{{ inventory_dir }}", str(EXAMPLE))
    chosen = {name: value for name, value in yaml.safe_load(text).items() if name.removeprefix("jitsi_") in LOOK}
    with serve(tmp_path_factory.mktemp("example"), package(), **chosen) as running:
        yield running


# What a browser paints, read from a screenshot by a canvas: the darkest and the lightest luminance, by WCAG 2.
LUMINANCES = """
  async ([png, box]) => {
    const picture = new Image();
    picture.src = "data:image/png;base64," + png;
    await picture.decode();
    const canvas = Object.assign(document.createElement("canvas"), {width: picture.width, height: picture.height});
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const bytes = context.getImageData(...box).data;
    const linear = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    let least = 1, most = 0;
    for (let at = 0; at < bytes.length; at += 4) {
      const light = 0.2126 * linear(bytes[at]) + 0.7152 * linear(bytes[at + 1]) + 0.0722 * linear(bytes[at + 2]);
      least = Math.min(least, light);
      most = Math.max(most, light);
    }
    return [least, most];
  }
"""


def luminances(page, x, y, width, height) -> list[float]:
    """The darkest and the lightest thing painted there."""
    shot = base64.b64encode(page.screenshot()).decode()
    return page.evaluate(LUMINANCES, [shot, [x, y, width, height]])


@pytest.mark.parametrize("picture", ["white.png", "example"])
def test_white_text_can_be_read_on_any_lobby_picture(branded, chromium, picture):
    """Painted as the page does, with a white picture, and with the light one of the example."""
    shade, _, _ = look(branded)["branding"]["premeetingBackground"].partition("url(")
    file = (EXAMPLE / "brand/lobby.svg").read_bytes() if picture == "example" else png(8, 8, (255, 255, 255))
    kind = "svg+xml" if picture == "example" else "png"
    url = f"data:image/{kind};base64,{base64.b64encode(file).decode()}"
    page = chromium(branded).new_page()
    page.set_content(f"<div style='position: fixed; inset: 0; background: {shade}url(\"{url}\") center / cover'></div>")
    _, lightest = luminances(page, 0, 0, 400, 400)
    assert 1.05 / (lightest + 0.05) >= 4.5


def test_the_logo_can_be_seen_in_the_dark_of_a_meeting(example_logo, branded, chromium):
    """That of the example, whose name is dark green, in its dark green meeting."""
    page = chromium(branded).new_page()
    page.set_content(
        f"<body style='margin: 0; background: #10201a'><img width=260 src='data:image/svg+xml;base64,{example_logo}'>"
    )
    page.wait_for_function("document.images[0].complete")
    darkest, lightest = luminances(page, 90, 10, 150, 45)
    assert (lightest + 0.05) / (darkest + 0.05) >= 4.5


@pytest.fixture(scope="module")
def example_logo(example):
    return base64.b64encode(fetch(example, look(example)["branding"]["logoImageUrl"]).text.encode()).decode()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize(
    ("brand", "title"), [("branded", "Treffpunkt & Co"), ("example", "Auenfeld trifft sich")], ids=["one", "two"]
)
def test_the_look_can_be_looked_at(request, chromium, must_be_accessible, shoot, brand, title, size):
    """Consent page, welcome page and lobby; their pictures are in docs/pages.md, in 48 colours (pngquant)."""
    site = request.getfixturevalue(brand)
    page = chromium(site).new_context(locale="de-DE", viewport=size).new_page()
    complaints = suite.listen(page, DOMAIN)
    name = f"{{}}-{brand}-{'phone' if size == PHONE else 'desktop'}"

    page.goto(f"{ORIGIN}/")
    assert page.title().endswith(title)
    shoot(page, name.format("asks"))
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        must_be_accessible(page)
    page.locator("#consent button").click()

    page.wait_for_selector("body[data-dressed=yes]")
    assert page.title() == title
    words = json.loads(fetch(site, look(site)["branding"]["labels"]["de"]).text)["welcomepage"]
    assert page.locator("h1").text_content() == words["headerTitle"]
    assert page.get_by_text(words["headerSubtitle"]).is_visible()
    assert page.locator("#logo").is_visible()
    shoot(page, name.format("welcome"))
    assert page.locator("#login").get_attribute("href") == "/login"

    signalling.Room("lobby").serve(page)
    page.goto(f"{ORIGIN}/Sprechstunde")
    page.wait_for_selector("body[data-dressed=yes][data-state=prejoin]")
    shoot(page, name.format("prejoin"))
    page.fill("#premeeting-name-input", "Anna")
    page.get_by_test_id("prejoin.joinMeeting").click()
    page.wait_for_selector("body[data-state=waiting]")
    assert (
        page.evaluate("getComputedStyle(document.body).backgroundImage")
        in look(site)["branding"]["premeetingBackground"]
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    shoot(page, name.format("lobby"))
    assert complaints == []
