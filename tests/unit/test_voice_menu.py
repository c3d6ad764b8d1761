"""Program voice-menu: what of a caller's keys is a PIN."""

import asyncio
import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

FILE = Path(__file__).parents[2] / "roles/voice_menu/files/voice-menu"
spec = importlib.util.spec_from_loader("voice_menu", importlib.machinery.SourceFileLoader("voice_menu", str(FILE)))
menu = importlib.util.module_from_spec(spec)
sys.modules["voice_menu"] = menu  # where dataclasses look for it
spec.loader.exec_module(menu)


def pins(keys, tries=2):
    """The PINs that these keys are, all of them pressed at once."""

    async def ask():
        digits = menu.Digits(SimpleNamespace(first_digit=0.01, next_digit=0.01))
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


def test_who_withholds_the_number_is_nobody_and_all_others_are_known_again():
    assert menu.known_again("sip:anonymous@trunk.test", b"salt") == ""
    assert menu.known_again("sip:49301@anonymous.invalid", b"salt") == ""
    assert menu.known_again("tel:+49301", b"salt") == menu.known_again("tel:+49301", b"salt") != ""
    assert menu.known_again("tel:+49301", b"salt") != menu.known_again("tel:+49301", b"of another day")
