"""PINs: nine digits with a check digit, none of them twice in a row."""

import functools
import re
import secrets

# Damm's quasigroup: the next state by the state so far (row) and a digit (column); a right check digit leads to zero.
DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


def damm(digits: str) -> int:
    """Return the state of Damm's algorithm after these digits: their check digit, or 0 when they end with it."""
    return functools.reduce(lambda state, digit: DAMM[state][int(digit)], digits, 0)


def is_pin(text: str) -> bool:
    """Return whether the text has the form of a PIN and a right check digit."""
    return bool(re.fullmatch(r"[1-9][0-9]{8}", text)) and not re.search(r"(.)\1", text) and damm(text) == 0


def new_pin() -> int:
    """Return a random PIN. Jitsi's page takes a PIN for a number, so none begins with a zero."""
    while True:
        digits = str(secrets.randbelow(9 * 10**7) + 10**7)
        if is_pin(pin := f"{digits}{damm(digits)}"):
            return int(pin)
