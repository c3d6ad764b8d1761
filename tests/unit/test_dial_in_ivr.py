"""Program dial_in_ivr: which of a caller's keys are a PIN, and which callers are told apart."""

import asyncio
from types import SimpleNamespace

import pytest

from programs.dial_in_ivr.call_session import caller_fingerprint
from programs.dial_in_ivr.digits import Digits


def pins(keys, tries=2):
    """The PINs that these keys are, all of them pressed at once."""

    async def ask():
        digits = Digits(SimpleNamespace(first_digit=0.01, next_digit=0.01))
        for key in keys:
            digits.queue.put_nowait(key)
        return [await digits.pin(begun=lambda: None) for _ in range(tries)]

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("123456789", ["123456789", None]),
        ("12345#", ["12345", None]),
        ("12345", ["12345", None]),  # the end of time is like #
        ("12*123456789", ["123456789", None]),
        # baresip tells a digit that is pressed twice in a row once: the try's first may be the last of the one before.
        ("12345678923456789#", ["123456789", "923456789"]),
        ("123456789#", ["123456789", None]),
        ("12345678912345#", ["123456789", "12345"]),  # too short to lack only one digit
        # Behind another key it is told.
        ("12345#23456789#", ["12345", "23456789"]),
        ("123456789*23456789#", ["123456789", "23456789"]),
    ],
)
def test_what_keys_are_which_pins(keys, expected):
    assert pins(keys) == expected


def test_withheld_numbers_have_no_fingerprint_and_all_others_have_one():
    assert caller_fingerprint("sip:anonymous@trunk.test", b"salt") == ""
    assert caller_fingerprint("sip:49301@anonymous.invalid", b"salt") == ""
    assert caller_fingerprint("tel:+49301", b"salt") == caller_fingerprint("tel:+49301", b"salt") != ""
    assert caller_fingerprint("tel:+49301", b"salt") != caller_fingerprint("tel:+49301", b"of another day")
