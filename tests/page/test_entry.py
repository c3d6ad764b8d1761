"""How one comes in: what is off, who is offered a login, and how moderators come; in a real browser."""

import time

import browser as suite
import pytest
import signalling
from site_of import DOMAIN, ORIGIN

BOTH = {"microphone", "camera"}


@pytest.fixture
def arrive(chromium, site):
    """arrive(room, path): a new person in the room with that signalling, who gave consent and a name and joined."""
    browsers = {}

    def arrive(room, path="/room", at=site, name="Anna", context=None):
        if at not in browsers:
            browsers[at] = chromium(at)
        page = (context or browsers[at].new_context(permissions=["camera", "microphone"])).new_page()
        room.serve(page)
        return suite.StandInVisitor(page, f"{ORIGIN}{path}", name)

    return arrive


def test_camera_and_microphone_are_off_for_who_comes_first(arrive):
    visitor = arrive(signalling.Room("open"))
    visitor.must_join()
    assert visitor.off_before == visitor.off() == BOTH


def test_who_wants_nothing_off_gets_that(arrive, bare):
    visitor = arrive(signalling.Room("open"), at=bare)
    visitor.must_join()
    assert visitor.off_before == visitor.off() == set()


def test_what_somebody_chose_stays(arrive):
    room = signalling.Room("open")
    visitor = arrive(room)
    again = visitor.page.context.new_page()
    again.goto(f"{ORIGIN}/room")
    again.locator("#premeeting-toolbox [data-button=camera]").click()
    assert arrive(room, "/another", context=visitor.page.context).off_before == {"microphone"}


def test_an_address_may_still_say_otherwise(arrive):
    visitor = arrive(signalling.Room("open"), "/room#config.startWithVideoMuted=false")
    assert visitor.off_before == {"microphone"}


def offered(visitor) -> bool:
    return visitor.page.get_by_test_id("lobby.loginButton").is_visible() or visitor.says(visitor.DIALOG)


def test_a_login_is_offered_to_who_waits_for_a_host_and_to_nobody_else(arrive):
    """As the page decides; so moderators need an address of their own."""
    waiting, knocking, inside = (arrive(signalling.Room(guests)) for guests in ("host", "lobby", "open"))
    waiting.must_wait()
    knocking.must_wait()
    inside.must_join()
    assert [offered(visitor) for visitor in (waiting, knocking, inside)] == [True, False, False]


def test_whoever_logs_in_while_waiting_is_there_twice(arrive, passwords, monkeypatch):
    """As on the real page, whose waiting connection goes on: the reason for the moderators' address."""
    visitor = arrive(signalling.Room(), at=passwords)
    visitor.must_wait()
    visitor.page.get_by_test_id("lobby.loginButton").click()
    visitor.log_in(signalling.NAME, signalling.PASSWORD)
    visitor.must_moderate()
    visitor.must_see(2)
    monkeypatch.setattr(suite, "TIMEOUT", 0)
    with pytest.raises(AssertionError, match="Anna sees another number"):  # so the verification would fail
        visitor.must_see(1)


def test_moderators_come_by_their_address_first_later_and_again(arrive, passwords):
    room = signalling.Room()
    guest = arrive(room, at=passwords)
    guest.must_wait()
    moderators = []
    for people in (2, 3):
        moderators.append(arrive(room, "/room?login=true", at=passwords))
        moderators[-1].log_in(signalling.NAME, "guessed")
        moderators[-1].log_in(signalling.NAME, signalling.PASSWORD)
        moderators[-1].must_moderate()
        guest.must_see(people)
    moderators[0].reload()
    moderators[0].log_in(signalling.NAME, signalling.PASSWORD)
    moderators[0].must_moderate()
    for visitor in (guest, *moderators):
        visitor.must_see(3)


def test_ordinary_states_are_no_complaint(arrive, tmp_path):
    """A console.error while one waits, and a font of somebody else that the policy blocks."""
    visitor = arrive(signalling.Room())
    visitor.must_wait()
    visitor.page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    said = " ".join(visitor.said)
    assert "CONFERENCE FAILED" in said, said
    assert "fonts.elsewhere.example" in said, said
    assert visitor.complaints == []
    assert visitor.page.evaluate("document.featurePolicy.allowsFeature('screen-wake-lock')")
    visitor.page.context.browser.close()
    assert suite.names_asked(tmp_path / "net.json", ORIGIN) == {DOMAIN}


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ("setTimeout(() => { throw new Error('broken') })", "broken"),
        ("fetch('/libs/none.js')", "/libs/none.js answers 404"),
        (
            "document.body.append(Object.assign(document.createElement('object'), {data: '/images/x.svg'}))",
            "object-src",
        ),
    ],
    ids=["exception", "missing file", "own policy"],
)
def test_what_is_wrong_with_the_page_is_a_complaint(arrive, act, expected):
    visitor = arrive(signalling.Room("open"))
    visitor.must_join()
    visitor.page.evaluate(f"() => {{ {act} }}")
    deadline = time.monotonic() + 10
    while not visitor.complaints and time.monotonic() < deadline:
        visitor.page.wait_for_timeout(20)
    assert [complaint for complaint in visitor.complaints if expected in complaint]
