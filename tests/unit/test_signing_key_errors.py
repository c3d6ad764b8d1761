from datetime import UTC, datetime, timedelta

import pytest
from pysequoia import Tsk

from toolkit.trust.signing_key_errors import signing_key_errors

NOW = datetime.now(UTC)
URL = "https://packages.example/key.asc"


@pytest.fixture(scope="module")
def keys():
    """A key that is good for a day, and one that is good for ever."""
    short = Tsk.generate("Repository <r@example.org>", validity_seconds=86400)
    return short.extract_certificate(), Tsk.generate("Other <o@example.org>").extract_certificate()


def test_finds_nothing_in_a_key_that_is_good(keys):
    short, lasting = keys
    fingerprint = short.fingerprint.upper()
    spaced = " ".join(fingerprint[i : i + 4] for i in range(0, 40, 4))
    for wanted in ([], [fingerprint], [spaced], [lasting.fingerprint, short.fingerprint]):
        assert signing_key_errors(str(short), URL, wanted, NOW) == []
    # Owners publish the old key beside the new one.
    assert signing_key_errors(f"{short}\n{lasting}", URL, [], NOW + timedelta(days=2)) == []


def test_names_an_expired_key(keys):
    (error,) = signing_key_errors(str(keys[0]), URL, [], NOW + timedelta(days=2))
    assert error.startswith(f"{URL}: key {keys[0].fingerprint.upper()} expired on ")


def test_names_a_key_that_nobody_vouched_for(keys):
    short, lasting = keys
    (error,) = signing_key_errors(f"{short}\n{lasting}", URL, [short.fingerprint], NOW)
    assert error.startswith(f"{URL} has key {lasting.fingerprint.upper()}, which is not in jitsi_repository.key_fing")


@pytest.mark.parametrize("text", ["", "<html>404</html>", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxxxx\n"])
def test_names_what_is_no_key(text):
    (error,) = signing_key_errors(text, URL, [], NOW)
    assert error == f"{URL} is not an ASCII-armoured OpenPGP key: correct jitsi_repository."
