"""The stand-in page of Jitsi, sites made of it, and a browser that finds them."""

import os
from pathlib import Path

import browser as suite
import pytest
from playwright.sync_api import sync_playwright
from published import tarball
from site_of import DOMAIN, need, run, serve, unpacked

HERE = Path(__file__).parent

AXE = (
    "axe-core",
    "4.14.1",
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """package(version): the files of jitsi-meet-web, unpacked as on a server."""
    return lambda *version: unpacked(tmp_path_factory.mktemp("package"), *version)


@pytest.fixture(scope="session")
def site(package, tmp_path_factory):
    """The page as the defaults has it."""
    with serve(tmp_path_factory.mktemp("site"), package()) as running:
        yield running


@pytest.fixture(scope="session")
def passwords(package, tmp_path_factory):
    """A page without the login service, which asks for passwords itself, as the stand-in has to then."""
    with serve(tmp_path_factory.mktemp("passwords"), package(), web_login="", web_config_extra={}) as running:
        yield running


@pytest.fixture(scope="session")
def embedded(package, tmp_path_factory):
    """A page whose conferences another site may show in a frame."""
    with serve(
        tmp_path_factory.mktemp("embedded"), package(), jitsi_frame_ancestors=["http://intranet.example"]
    ) as running:
        yield running


@pytest.fixture(scope="session")
def bare(package, tmp_path_factory):
    """A page on which everything is chosen otherwise than in the defaults."""
    settings = {
        "jitsi_features": [],
        "jitsi_start_muted": [],
        "jitsi_start_muted_after": 0,
        "jitsi_peer_to_peer": "relayed",
    }
    with serve(tmp_path_factory.mktemp("bare"), package(), **settings) as running:
        yield running


@pytest.fixture(scope="session")
def must_be_accessible():
    """must_be_accessible(page): axe-core, as its authors built it, finds nothing there."""
    axe = run("tar", "-xzOf", tarball(*AXE), "package/axe.min.js")

    def judge(page) -> None:
        page.evaluate(axe)
        found = page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        )
        assert [f"{fault['id']}: {fault['help']}" for fault in found["violations"]] == []
        assert len(found["passes"]) > 10
        assert [check["id"] for check in found["incomplete"]] == []

    return judge


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as running:
        yield running


@pytest.fixture
def chromium(playwright, tmp_path):
    """chromium(site, flags, names): a browser for which DOMAIN and further names (name to port) are on this machine.

    Its network log, tmp_path/net.json, is complete after it was closed.
    """
    opened = []

    def launch(site, *flags: str, **names: int):
        suite.trust(tmp_path, site.authority)
        rules = [f"MAP {DOMAIN}:443 127.0.0.1:{site.port}"]
        rules += [f"MAP {name.replace('_', '.')}:80 127.0.0.1:{port}" for name, port in names.items()]
        opened.append(
            playwright.chromium.launch(
                executable_path=need("chromium", "chromium"),
                env={**os.environ, "HOME": str(tmp_path)},
                chromium_sandbox=os.geteuid() != 0,
                args=[
                    f"--host-resolver-rules={','.join([*rules, 'MAP * ~NOTFOUND', 'EXCLUDE 127.0.0.1'])}",
                    f"--log-net-log={tmp_path / 'net.json'}",
                    "--disable-background-networking",
                    *flags,
                ],
            )
        )
        return opened[-1]

    yield launch
    for browser in opened:
        browser.close()
