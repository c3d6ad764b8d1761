"""A real browser on the customer's page: the system's Chromium, told where the names live and whom to trust."""

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from customer import Customer
from playwright.sync_api import Browser, Error, Page, Playwright, Response

TIMEOUT = 30
TRIES = 4  # each of which a change of this machine's network may break off

# Somebody else, and what asks him in every way a page has; tells which directives of the page's policy let that pass.
STRANGER = "elsewhere.invalid"
TEMPT = """
  stranger => new Promise(done => {
    const open = new Set(["connect-src", "frame-src", "img-src", "media-src", "script-src-elem", "style-src-elem"]);
    document.addEventListener("securitypolicyviolation", event => {
      open.delete(event.effectiveDirective);
      if (!open.size) done([]);
    });
    for (const tag of ["iframe", "img", "audio", "script"])
      document.body.append(Object.assign(document.createElement(tag), {src: `https://${stranger}/`}));
    document.head.append(Object.assign(document.createElement("link"), {rel: "stylesheet", href: `https://${stranger}/`}));
    fetch(`https://${stranger}/`).catch(() => {});
    setTimeout(() => done([...open]), 5000);
  })
"""

# Remembers the servers a page wants for calls: they appear in no request.
REMEMBER_ICE = """
  window.verifyIceUrls = [];
  const Original = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Original {
    constructor(configuration, ...more) {
      super(configuration, ...more);
      for (const server of configuration?.iceServers ?? []) window.verifyIceUrls.push(...[server.urls].flat());
    }
  };
"""


def need(program: str, package: str) -> str:
    """The path of a program of this machine, or the command that installs it."""
    path = shutil.which(program)
    assert path, f"{program} is missing on this machine. Fix: apt-get install {package}"
    return path


def trust(home: Path, authority: str) -> None:
    """Makes Chromium, started with that HOME, trust the authority as a person would who imports it."""
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    certutil = [need("certutil", "libnss3-tools"), "-d", f"sql:{database}"]
    subprocess.run([*certutil, "-N", "--empty-password"], check=True)
    subprocess.run([*certutil, "-A", "-n", "customer", "-t", "C,,", "-i", authority], check=True)


def launch(playwright: Playwright, customer: Customer, home: Path) -> Browser:
    """Starts Chromium. Its network log, home/net.json, is complete after the browser was closed."""
    if customer.ca:
        trust(home, customer.ca)
    names = [f"MAP {name} {customer.address(name)}" for name in customer.addresses]
    # No other name leads anywhere: what a page wants from others stays here, and stands in the log.
    rules = ",".join([*names, "MAP * ~NOTFOUND", *(f"EXCLUDE {customer.address(name)}" for name in customer.addresses)])
    return playwright.chromium.launch(
        executable_path=need("chromium", "chromium"),
        env={**os.environ, "HOME": str(home)},
        chromium_sandbox=os.geteuid() != 0,
        args=[
            f"--host-resolver-rules={rules}",
            f"--log-net-log={home / 'net.json'}",
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            "--disable-background-networking",
        ],
    )


class NetworkChanged(Exception):
    """The network of this machine changed, which breaks off what a browser loads: nothing is known of the page."""

    # The second is what a browser says that had opened a connection beforehand: it closed the connection by itself.
    SIGNS = ("ERR_NETWORK_CHANGED", "ERR_SOCKET_NOT_CONNECTED")

    @classmethod
    def look(cls, said: str) -> None:
        if any(sign in said for sign in cls.SIGNS):
            raise cls(said)


def undisturbed[Seen](look: Callable[[], Seen]) -> Seen:
    """What is seen by looking, and by looking anew when this machine's network changed meanwhile."""
    for _ in range(TRIES):
        with contextlib.suppress(NetworkChanged):
            return look()
    raise AssertionError("the network of this machine keeps changing: verify from another machine")


# Tells what the page's policy keeps from the page itself. That somebody else was not asked is what the policy is for.
REPORT_VIOLATIONS = """
  document.addEventListener("securitypolicyviolation", event => {
    const foreign = /^(https?|wss?):/.test(event.blockedURI) && new URL(event.blockedURI).host !== location.host;
    if (!foreign) window.verifyViolation(`${event.effectiveDirective} keeps the page from ${event.blockedURI}`);
  });
"""


def listen(page: Page, host: str) -> list[str]:
    """What is wrong with the host's page, as long as it is open: exceptions, refused requests, its own policy.

    Not what it writes to the console: the app calls ordinary states errors.
    """
    complaints: list[str] = []

    def answered(response: Response) -> None:
        if response.status >= 400 and urlsplit(response.url).hostname == host:
            complaints.append(f"{urlsplit(response.url).path} answers {response.status}")

    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("response", answered)
    page.expose_function("verifyViolation", lambda text: complaints.append(text))
    page.add_init_script(REPORT_VIOLATIONS)
    return complaints


class Visitor:
    """A person with an own browser profile in a room of the customer. Subclasses know one kind of page."""

    # What the page itself says, as JavaScript expressions. MUTED is what is off.
    JOINED = MODERATES = WAITS = STATE = PEOPLE = MUTED = ""
    # What can be read on it, in English or German, by who waits.
    TOLD = "/moderator|moderation/i.test(document.body.innerText)"
    PREJOIN = "document.querySelector('#premeeting-name-input')"
    DIALOG = "document.querySelector('input[name=password]')?.checkVisibility()"

    def __init__(self, page: Page, url: str, name: str, account: tuple[str, str] | tuple[()] = ()):
        self.page, self.name = page, name
        self.complaints = listen(page, urlsplit(url).hostname)
        self.said: list[str] = []
        self.answers: dict[str, int] = {}
        page.on("console", lambda message: message.type == "error" and self.said.append(message.text))
        page.on("response", lambda response: self.answers.update({response.url: response.status}))
        page.add_init_script(REMEMBER_ICE)
        try:
            page.goto(url, wait_until="domcontentloaded", timeout=TIMEOUT * 1000)
        except Error as error:
            NetworkChanged.look(str(error))
            raise
        if (agree := page.locator("#consent button")).count():
            agree.first.click()
        if account:
            self.log_in_once(*account)
        self.enter()

    def enter(self) -> None:
        """Through the screen before the room, where a person gives a name."""
        self.until(self.PREJOIN, "the screen before the room does not open")
        self.off_before = self.off()
        self.page.fill("#premeeting-name-input", self.name)
        self.page.get_by_test_id("prejoin.joinMeeting").click()

    def reload(self) -> None:
        self.page.reload(wait_until="domcontentloaded")
        self.enter()

    def off(self) -> set[str]:
        """What is off, of microphone and camera."""
        return set(self.page.evaluate(self.MUTED))

    def says(self, expression: str) -> bool:
        """Does the page say so? One that is just being left says nothing."""
        try:
            return self.page.evaluate(f"Boolean({expression})")
        except Error:
            return False

    def until(self, expression: str, what: str) -> None:
        """Waits until the page says so; fails with what the page says instead."""
        deadline = time.monotonic() + TIMEOUT
        # Asked from outside, again and again: the page's policy lets no text be evaluated while it waits by itself.
        while not self.says(expression):
            if time.monotonic() > deadline:
                state = self.page.evaluate(self.STATE)
                said = "; ".join([*self.complaints, *self.said]) or "nothing"
                NetworkChanged.look(said)
                raise AssertionError(f"{what}; the page says: {state}; the browser says: {said}")
            self.page.wait_for_timeout(50)

    def must_wait(self) -> None:
        self.until(self.WAITS, "a guest alone is not asked to wait for a moderator")
        self.until(self.TOLD, "a guest who waits is not told for whom")

    def must_join(self) -> None:
        self.until(self.JOINED, "nobody gets in")

    def must_moderate(self) -> None:
        self.until(self.MODERATES, "who logged in as a moderator is none")

    def must_see(self, people: int) -> None:
        self.until(f"{self.PEOPLE} === {people}", f"{people} people are in the room, {self.name} sees another number")

    def let_pass(self) -> list[str]:
        """The directives of the page's policy that let it ask somebody else."""
        return self.page.evaluate(TEMPT, STRANGER)

    def log_in_once(self, name: str, password: str) -> None:
        """On the login page, which leads on to the room."""
        self.page.fill("input[name=user]", name)
        self.page.fill("input[name=password]", password)
        self.page.locator("form button").click()

    def log_in(self, name: str, password: str) -> None:
        """In the dialogue that the moderators' address leads to."""
        self.until(self.DIALOG, "the moderators' address does not ask for a password")
        self.page.fill("input[name=username]", name)
        self.page.fill("input[name=password]", password)
        self.page.get_by_role("button", name="Login").click()

    def servers_for_calls(self) -> set[str]:
        """The hosts the page wanted to ask for calls, which is in no log."""
        return {url.split(":")[1] for url in self.page.evaluate("window.verifyIceUrls")}


class StandInVisitor(Visitor):
    """On the lab's page, whose body says in what state it is."""

    JOINED = "document.body.dataset.state === 'joined'"
    MODERATES = "document.body.dataset.role === 'moderator'"
    WAITS = "document.body.dataset.state === 'waiting'"
    STATE = "JSON.stringify(document.body.dataset)"
    PEOPLE = "Number(document.body.dataset.participants)"
    MUTED = (
        "[['microphone', 'audioMuted'], ['camera', 'videoMuted']]"
        ".filter(([, key]) => document.body.dataset[key] === 'true').map(([name]) => name)"
    )


class JitsiVisitor(Visitor):
    """On Jitsi's own page. Written from its sources: the labs have no registry to take that page from."""

    JOINED = "window.APP?.conference?.isJoined() === true"
    MODERATES = "APP.store.getState()['features/base/participants'].local?.role === 'moderator'"
    WAITS = (
        "Boolean(window.APP?.store && (APP.store.getState()['features/base/conference'].membersOnly"
        " || APP.store.getState()['features/authentication'].waitForOwnerTimeoutID))"
    )
    STATE = "document.body.innerText.slice(0, 300)"
    PEOPLE = "APP.store.getState()['features/base/participants'].remote.size + 1"
    MUTED = (
        "[['microphone', 'audio'], ['camera', 'video']]"
        ".filter(([, kind]) => APP.store.getState()['features/base/media'][kind].muted).map(([name]) => name)"
    )


def names_asked(log: Path, origin: str) -> set[str]:
    """The hosts asked on behalf of pages of the origin, service workers and all, from the browser's network log."""
    events = json.loads(log.read_text(errors="replace"))["events"]
    requests = [event["params"] for event in events if "initiator" in event.get("params", {})]
    # The browser's own business (updates, autofill) has no origin.
    return {urlsplit(request["url"]).hostname for request in requests if request["initiator"] == origin}
