"""A conference as people have it: in the browser."""

import json

import browser
import outside
import pytest
from playwright.sync_api import sync_playwright

pytestmark = pytest.mark.needs("nginx", "prosody", "jicofo", "jitsi-videobridge2")

LOOK = (
    "open {domain} yourself, F12, Console; on {meet}: journalctl -u prosody; tail /var/log/nginx/error.log "
    "/var/log/jitsi/jicofo.log; /etc/jitsi/meet/{domain}-config.js"
)


class Meeting:
    """What happened when a guest and moderators met: one opens the room, another comes later, the first comes again."""

    def __init__(self, customer, name, chromium, visitor_class):
        room = customer.meeting_name()
        url = f"{customer.url}/{room}"

        def arrive(language, person, url=url, account=()):
            page = chromium.new_context(locale=language, permissions=["camera", "microphone"]).new_page()
            return visitor_class(page, url, person, account)

        def moderate(person):
            """Comes as moderators do: by the login page, or with a token."""
            if customer.tokens:
                moderator = arrive("en-GB", person, f"{url}?jwt={customer.token(name)}")
            else:
                login = (name, customer.moderators[name])
                moderator = arrive("en-GB", person, f"{customer.url}/login?room={room}", login)
            self.prove(moderator)
            return moderator

        guest = arrive("de-DE", "verification, guest")
        guest.must_wait()
        first = moderate("verification, first moderator")
        people = 1
        if not (customer.rules["lobby"] or customer.rules["password"]):  # otherwise a moderator's hand is needed
            guest.must_join()
            people += 1
        self.inside = [first, guest][:people]
        self.off_inside = [visitor.off() for visitor in self.inside]
        second = moderate("verification, second moderator")
        first.reload()
        self.prove(first)
        self.visitors = [guest, first, second]
        self.people = people + 1
        for visitor in {*self.inside, second}:
            visitor.must_see(self.people)
        self.servers = set.union(*(visitor.servers_for_calls() for visitor in self.visitors))
        self.complaints = [complaint for visitor in self.visitors for complaint in visitor.complaints]
        self.said = [text for visitor in self.visitors for text in visitor.said]
        self.titles = [visitor.page.title() for visitor in self.visitors]
        self.answers = guest.answers
        self.let_pass = guest.let_pass()

    @staticmethod
    def prove(moderator):
        moderator.must_join()
        moderator.must_moderate()


def hold(customer, moderator, visitor_class, home) -> Meeting:
    with sync_playwright() as playwright:
        chromium = browser.launch(playwright, customer, home)
        try:
            meeting = Meeting(customer, moderator, chromium, visitor_class)
        finally:
            chromium.close()
    browser.NetworkChanged.look("; ".join([*meeting.complaints, *meeting.said]))
    meeting.names = browser.names_asked(home / "net.json", customer.url) - {browser.STRANGER}
    return meeting


@pytest.fixture(scope="module")
def meeting(customer, moderator, stand_in, tmp_path_factory):
    """A meeting that took place, its browser closed; held anew when this machine's network changed meanwhile."""
    visitor_class = browser.StandInVisitor if stand_in else browser.JitsiVisitor
    return browser.undisturbed(lambda: hold(customer, moderator, visitor_class, tmp_path_factory.mktemp("browser")))


@pytest.mark.notice("the page opens, but nobody can join a meeting", LOOK)
def test_meeting(meeting):
    """In the browser a guest waits and sees why, moderators log in and rejoin, and each participant appears once"""
    assert meeting.visitors


@pytest.mark.guard(
    "participants are seen and heard as soon as they join",
    "/plugin.head.html of {domain} (role web); the room's startMuted in prosody (role prosody)",
)
def test_off_at_entry(customer, meeting):
    """Microphone and camera are off before and after joining, as the settings say"""
    for place, seen in (
        ("on the screen before the room", [visitor.off_before for visitor in meeting.visitors]),
        ("in the room", meeting.off_inside),
    ):
        on = set(customer.rules["muted"]) - set.intersection(*seen)
        assert not on, f"{' and '.join(sorted(on))} not off {place}"


@pytest.mark.guard("parts of the page do not work or look broken", LOOK)
def test_no_complaints(meeting):
    """The page raises no exception, loads every file, and its Content-Security-Policy blocks nothing it needs"""
    assert not meeting.complaints, "; ".join(meeting.complaints)


@pytest.mark.guard(
    "a third party learns who meets when, against what the customer's privacy notice promises",
    "config.js and interface_config.js of {domain} (role web): find the key that names that host",
)
def test_no_third_party(customer, meeting):
    """During a meeting the browser contacts the customer's servers only"""
    strangers = {host for host in meeting.servers | meeting.names if not own(customer, host)}
    assert not strangers, f"the browser contacts {', '.join(sorted(strangers))}"
    assert customer.domain in meeting.names, (
        "the browser's log does not contain the customer's domain: nothing was recorded"
    )


@pytest.mark.guard(
    "nothing; but a crafted link can make the page tell a third party who meets when",
    "Content-Security-Policy in /etc/nginx/nginx.conf on {meet} (role web)",
)
def test_no_stranger(meeting):
    """The browser blocks every attempt of the page to contact another host"""
    assert not meeting.let_pass, f"the page can contact another host by {', '.join(meeting.let_pass)}"


@pytest.mark.notice(
    "the page lacks the customer's name or pictures", "on {meet}: ls -R /var/www/branding; nginx -T (role web)"
)
def test_look(customer, meeting):
    """The page shows the customer's name and logo"""
    name = customer.look["name"]
    assert all(name in title for title in meeting.titles), f"the page's title is {' and '.join(meeting.titles)}"
    logo = json.loads(outside.get(customer, "/branding.json").text)["logoImageUrl"]
    assert bool(logo) == customer.look["logo"], f"the page's configuration has {logo or 'no logo'}"
    missed = [url for url in (f"{customer.url}/branding.json", logo) if url and meeting.answers.get(url) != 200]
    assert not missed, f"the browser could not load {', '.join(missed)}"


def own(customer, host: str) -> bool:
    addresses = {address for known in customer.addresses.values() for address in known}
    return customer.owns(host) or host.strip("[]") in addresses
