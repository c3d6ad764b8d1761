"""Streaming servers in a Debian 12 and a Debian 13, and a browser in their network."""

import contextlib
import os

import browser as suite
import pytest
from machine import SUITES, root_filesystems
from playwright.sync_api import sync_playwright
from site_of import DOMAIN, Site, need


@pytest.fixture(scope="session")
def roots():
    return root_filesystems()


@pytest.fixture(scope="module", params=SUITES)
def site(request, roots, tmp_path_factory):
    running = Site(roots[request.param], tmp_path_factory.mktemp(request.param), jitsi_participants_per_address=30)
    with contextlib.closing(running.machine):
        yield running


@pytest.fixture
def serve(roots, tmp_path):
    """serve(**settings): a server of another customer's, on Debian 12."""
    with contextlib.ExitStack() as stack:

        def start(**settings) -> Site:
            running = Site(roots["bookworm"], tmp_path / "site", **settings)
            stack.enter_context(contextlib.closing(running.machine))
            return running

        (tmp_path / "site").mkdir()
        yield start


@pytest.fixture
def visit(tmp_path):
    """visit(site): a page of a browser in the server's network, for whom the stream's name leads there."""
    with sync_playwright() as playwright, contextlib.ExitStack() as stack:

        def open_page(site, locale="en-GB"):
            suite.trust(tmp_path, str(site.authority))
            starter = tmp_path / "chromium"
            starter.write_text(f'#!/bin/sh\nexec {" ".join(site.near)} {need("chromium", "chromium")} "$@"\n')
            starter.chmod(0o755)
            browser = playwright.chromium.launch(
                executable_path=starter,
                env={**os.environ, "HOME": str(tmp_path)},
                chromium_sandbox=False,
                args=[
                    f"--host-resolver-rules=MAP {DOMAIN} 127.0.0.1,MAP * ~NOTFOUND",
                    "--disable-background-networking",
                ],
            )
            stack.callback(browser.close)
            return browser.new_context(locale=locale).new_page()

        yield open_page
