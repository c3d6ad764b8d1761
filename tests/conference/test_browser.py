"""A conference as people have it: in the browser."""

import browser
import pytest
from playwright.sync_api import sync_playwright

LOOK = (
    "open {domain} yourself, F12, Console; on {meet}: journalctl -u prosody; tail /var/log/nginx/error.log "
    "/var/log/jitsi/jicofo.log; /etc/jitsi/meet/{domain}-config.js"
)


class Meeting:
    """What happened when a guest and a moderator met."""

    def __init__(self, customer, name, chromium, visitor_class):
        url = f"{customer.url}/{customer.meeting_name()}"

        def arrive(language, url=url):
            page = chromium.new_context(locale=language, permissions=["camera", "microphone"]).new_page()
            return visitor_class(page, url)

        self.guest = arrive("de-DE")
        self.guest.must_wait()
        if customer.tokens:
            self.moderator = arrive("en-GB", f"{url}?jwt={customer.token(name)}")
        else:
            self.moderator = arrive("en-GB")
            self.moderator.must_wait()
            self.moderator.log_in(name, customer.moderators[name])
        self.moderator.must_join()
        self.moderator.must_moderate()
        if not (customer.rules["lobby"] or customer.rules["password"]):  # otherwise a moderator's hand is needed
            self.guest.must_join()
        self.visitors = [self.guest, self.moderator]
        self.hosts = set.union(*(visitor.asked_hosts() for visitor in self.visitors))
        self.complaints = [complaint for visitor in self.visitors for complaint in visitor.complaints]
        self.titles = [visitor.page.title() for visitor in self.visitors]
        self.answers = self.guest.answers
        # Last, for the browser complains of it.
        self.let_pass = self.guest.let_pass()


def hold(customer, moderator, visitor_class, home) -> Meeting:
    with sync_playwright() as playwright:
        chromium = browser.launch(playwright, customer, home)
        try:
            meeting = Meeting(customer, moderator, chromium, visitor_class)
        finally:
            chromium.close()
    browser.NetworkChanged.look("; ".join(meeting.complaints))
    meeting.names = browser.names_asked(home / "net.json", customer.url) - {browser.STRANGER}
    return meeting


@pytest.fixture(scope="module")
def meeting(customer, moderator, stand_in, tmp_path_factory):
    """A meeting that took place, its browser closed; held anew when this machine's network changed meanwhile."""
    visitor_class = browser.StandInVisitor if stand_in else browser.JitsiVisitor
    return browser.undisturbed(lambda: hold(customer, moderator, visitor_class, tmp_path_factory.mktemp("browser")))


@pytest.mark.notice("the page opens, but nobody gets into a conference", LOOK)
def test_meeting(meeting):
    """In the browser a guest waits and is told so, a moderator logs in and opens the room, the guest follows"""
    assert meeting.visitors


@pytest.mark.guard("parts of the page do not work or look broken", LOOK)
def test_no_complaints(meeting):
    """The browser's console shows no error"""
    assert not meeting.complaints, "; ".join(meeting.complaints)


@pytest.mark.guard(
    "somebody else learns who meets when: that breaks what the customer tells participants about their data",
    "config.js and interface_config.js of {domain} (role web): which key names that host?",
)
def test_no_third_party(customer, meeting):
    """During a meeting the browser asks nobody but the customer's servers"""
    strangers = {host for host in meeting.hosts | meeting.names if not own(customer, host)}
    assert not strangers, f"the browser asks {', '.join(sorted(strangers))}"
    assert customer.domain in meeting.hosts & meeting.names, "the browser's logs do not even name the customer"


@pytest.mark.guard(
    "nothing, but by a crafted link the page can be made to tell somebody else who meets when",
    "Content-Security-Policy in /etc/nginx/nginx.conf on {meet} (role web)",
)
def test_no_stranger(meeting):
    """The browser does not let the page ask anybody else, whatever the page tries"""
    assert not meeting.let_pass, f"the page can ask a stranger by {', '.join(meeting.let_pass)}"


@pytest.mark.notice(
    "the page has not the customer's name or pictures", "on {meet}: ls -R /var/www/branding; nginx -T (role web)"
)
def test_look(customer, meeting):
    """In the browser the conference bears the customer's name and logo"""
    name, pictures = customer.look["name"], customer.look["pictures"]
    assert all(name in title for title in meeting.titles), f"the page is called {' and '.join(meeting.titles)}"
    taken = ["branding.json", *(f"branding/{file}" for kind, file in pictures.items() if kind == "logo")]
    missed = [path for path in taken if meeting.answers.get(f"{customer.url}/{path}") != 200]
    assert not missed, f"the browser did not get {', '.join(missed)}"


def own(customer, host: str) -> bool:
    addresses = {address for known in customer.addresses.values() for address in known}
    return customer.owns(host) or host.strip("[]") in addresses
