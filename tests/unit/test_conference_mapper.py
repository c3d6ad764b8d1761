"""Program conference_mapper: names of rooms, and limits. tests/mapper has the daemon as a whole."""

import pytest

from programs.conference_mapper import limits
from programs.conference_mapper.errors import RequestRefusedError
from programs.conference_mapper.limits import RateLimit, WrongPins
from programs.conference_mapper.pins import damm, is_pin, new_pin
from programs.conference_mapper.rooms import canonical_conference, query_arguments
from programs.conference_mapper.settings import Settings

DOMAIN = "meet.example"


@pytest.fixture
def clock(monkeypatch):
    """clock[0] is the time of the limits, in seconds."""
    now = [1000.0]
    monkeypatch.setattr(limits.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (f"Weekly Call@conference.{DOMAIN}", f"weekly%20call@conference.{DOMAIN}"),
        (f"weekly%20call@conference.{DOMAIN}", f"weekly%20call@conference.{DOMAIN}"),
        (f"[Team]rat@CONFERENCE.{DOMAIN}", f"rat@conference.team.{DOMAIN}"),
        (f"rat@conference.team.{DOMAIN}", f"rat@conference.team.{DOMAIN}"),
        (f"100%@conference.{DOMAIN}", f"100%25@conference.{DOMAIN}"),
    ],
)
def test_a_conference_has_one_address(written, address):
    assert canonical_conference(written, DOMAIN) == address


@pytest.mark.parametrize(
    "written", ["", "rat", f"rat@{DOMAIN}", f"rat@focus.{DOMAIN}", f"a/b@conference.{DOMAIN}", f" @conference.{DOMAIN}"]
)
def test_other_addresses_are_refused(written):
    with pytest.raises(RequestRefusedError) as refused:
        canonical_conference(written, DOMAIN)
    assert refused.value.status == 400


def test_a_plus_is_no_space():
    assert query_arguments("/dial-in/pin?conference=a+b%20c&x") == {"conference": "a+b c", "x": ""}


def test_new_pins_have_their_form():
    for pin in (str(new_pin()) for _ in range(100)):
        assert is_pin(pin)
        assert damm(pin[:-1]) == int(pin[-1])


def test_a_limit_opens_again_when_its_window_ends(clock):
    limit = RateLimit(2, 10)
    limit.record()
    clock[0] += 4
    limit.record()
    assert limit.retry_after() == 6
    clock[0] += 6
    assert limit.retry_after() == 0
    assert not limit.expired()
    clock[0] += 5
    assert limit.expired()


def test_callers_are_forgotten_when_their_window_ends(clock, monkeypatch):
    monkeypatch.setattr(limits, "MAX_CALLERS", 2)
    wrong = WrongPins(Settings(DOMAIN, 14, [], "key", caller_guesses=1, caller_seconds=10))
    for caller in ("a", "b", "c"):
        wrong.record(caller, could_hit=False)
    wrong.check("a")  # the oldest of more than MAX_CALLERS
    with pytest.raises(RequestRefusedError):
        wrong.check("c")
    clock[0] += 11
    wrong.record("d", could_hit=False)
    wrong.check("c")
    assert list(wrong._callers) == ["d"]
