"""The stream for those who only watch: from a publisher to the page, and nothing else."""

import contextlib
import socket
import time
from pathlib import Path

import browser
import outside
import pytest
from playwright.sync_api import Error, Page, sync_playwright
from publisher import publish

pytestmark = pytest.mark.needs("nginx")

LIVE = "/live/live.m3u8"
PORT = 1936
# Of nginx' own memory, nobody else sees it.
LEFT = "nsenter --mount --target $(systemctl show --property MainPID --value nginx) find /var/lib/streaming -type f"
BEGINS, GONE = 30, 90  # seconds for a stream to be seen, and to be forgotten
LOOK = "on {streamer}: systemctl status nginx; nginx -t -c /etc/nginx/streaming.conf (role streaming)"


def until(probe, what: str, seconds: int = BEGINS) -> None:
    deadline = time.monotonic() + seconds
    while not probe():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


@pytest.fixture
def page_name(streamer) -> str:
    """What the page with the stream is called."""
    return streamer.names[0]


@pytest.fixture
def nobody_streams(customer, streamer, page_name):
    """Into a stream that is on, nothing is published."""
    if outside.ask(customer, LIVE, name=page_name, **viewer(customer, page_name)).status == 200:
        pytest.skip(f"{streamer.name} shows a stream at the moment: verify again after it")


@pytest.fixture
def entrance(login, streamer):
    """Where on this machine the server takes streams: through SSH, for not every operator is among its publishers."""
    server = login(streamer)
    server.check_output("true")  # there is a connection from now on
    command, arguments = server.backend._build_ssh_command("")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    way = f"-L 127.0.0.1:{port}:127.0.0.1:{PORT}"

    def tell(what: str) -> None:
        done = server.backend.run_local(" ".join([f"ssh -O {what} {way}", *command[1:]]), *arguments)
        assert done.rc == 0, done.stderr

    tell("forward")
    yield f"127.0.0.1:{port}"
    tell("cancel")


@contextlib.contextmanager
def ended(publisher):
    try:
        yield publisher
    finally:
        publisher.terminate()
        publisher.wait()


def viewer(customer, page_name: str) -> dict[str, str]:
    """The header of a browser that may watch."""
    cookies = [outside.consent(customer, page_name).get("Cookie", "")]
    if customer.stream_word:
        path = f"/enter?word={customer.stream_word}"
        entered = outside.ask(customer, path, name=page_name, Cookie=cookies[0])
        cookies.append((entered.headers["Set-Cookie"] or "").partition(";")[0])
    return {"Cookie": "; ".join(filter(None, cookies))}


def enter(customer, page_name: str, page: Page) -> None:
    """What a person does, until the picture moves."""
    page.goto(f"https://{page_name}")
    if customer.consent:
        page.locator("#consent button").click()
    if customer.stream_word:
        page.locator("input[name=word]").fill(customer.stream_word)
        page.locator("form button").click()
    shown = "document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames > 15"
    deadline = time.monotonic() + BEGINS
    while not page.evaluate(shown):
        assert time.monotonic() < deadline, f"the page says: {page.inner_text('body')[:200]}"
        page.wait_for_timeout(200)


def watch(customer, page_name: str, page: Page) -> None:
    """See the stream there. Nothing is known of it where the browser was broken off."""
    failures: list[str] = []
    page.on("requestfailed", lambda request: failures.append(request.failure or ""))
    try:
        enter(customer, page_name, page)
    except (Error, AssertionError) as error:
        browser.NetworkChanged.look("; ".join([str(error), *failures]))
        raise


def watched(customer, page_name: str, home: Path) -> None:
    with sync_playwright() as playwright:
        chromium = browser.launch(playwright, customer, home)
        try:
            watch(customer, page_name, chromium.new_page())
        finally:
            chromium.close()


@pytest.mark.notice("a published stream is not shown, or remains after its end", LOOK)
def test_stream_is_seen(customer, login, streamer, page_name, nobody_streams, entrance, tmp_path, tmp_path_factory):
    """A stream published with the stream key is shown in the browser, and gone when it ends"""
    address, port = entrance.split(":")
    with socket.create_connection((address, int(port)), outside.TIMEOUT) as raw:
        outside.trust(customer).wrap_socket(raw, server_hostname=page_name).close()
    seen = viewer(customer, page_name)
    with ended(publish(entrance, customer.secrets["streaming/key"], tmp_path)) as publisher:
        until(
            lambda: outside.ask(customer, LIVE, name=page_name, **seen).status == 200, "what is published is not shown"
        )
        browser.undisturbed(lambda: watched(customer, page_name, tmp_path_factory.mktemp("browser")))
        assert publisher.poll() is None, publisher.stderr.read()
        assert login(streamer).check_output(LEFT)
        if customer.consent or customer.stream_word:
            status = outside.ask(customer, LIVE, name=page_name).status
            assert status == 403, f"the stream answers {status} without consent"
    until(lambda: login(streamer).check_output(LEFT) == "", "parts of a stream stay when it has ended", GONE)
    assert login(streamer).check_output("find /var/lib/streaming -type f") == "", "a stream was written to the disk"


@pytest.mark.guard("strangers can publish on the customer's page", LOOK)
def test_stream_needs_the_key(customer, page_name, nobody_streams, entrance, tmp_path):
    """Without the stream key nothing is published"""
    with ended(publish(entrance, "verify-without-the-key", tmp_path)) as publisher:
        until(lambda: publisher.poll() is not None, "a stream is taken without the key")
    seen = viewer(customer, page_name)
    assert outside.ask(customer, LIVE, name=page_name, **seen).status == 404, "a stream is shown without the key"


@pytest.mark.guard("viewers can watch without consent or without the viewer password", LOOK)
def test_stream_asks(customer, page_name):
    """Without consent, or the viewer password, the stream is refused"""
    if not (customer.consent or customer.stream_word):
        pytest.skip(
            "this customer's viewers are asked nothing (jitsi_consent is none, no jitsi_stream_viewer_password)"
        )
    for path in (LIVE, "/live/live-0.ts"):
        answer = outside.ask(customer, path, name=page_name)
        assert answer.status == 403, f"{path} answers {answer.status}"
