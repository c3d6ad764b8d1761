"""Action debian_packages: when apt is asked. That apt then installs is part of every molecule run."""

import importlib.util
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "action_plugins/debian_packages.py"
spec = importlib.util.spec_from_file_location("debian_packages", FILE)
debian_packages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(debian_packages)

ANSWER = """\
ii  nginx 1.22.1-9+deb12u11
hi  jicofo 1.0-1183-1
rc  coturn 4.6.1-1
iF  prosody 13.0.1-1
iFR slapd 2.5
ii  openssl 3.0.17-1
Package: libwrap0
Architecture: amd64
Auto-Installed: 1

Package: nginx
Architecture: amd64
Auto-Installed: 0

Package: openssl
Architecture: amd64
Auto-Installed: 1

"""


@pytest.mark.parametrize("there", ["nginx", "jicofo=1.0-1183-1", "jicofo"])
def test_what_is_there_needs_no_apt(there):
    assert debian_packages.missing([there], ANSWER) == []


@pytest.mark.parametrize(
    "word",
    ["unheard-of", "jicofo=1.0-1180-1", "jicofo=1.0-*", "coturn", "prosody", "slapd", "openssl", "openssl=3.0.17-1"],
    ids=["unknown", "other version", "pattern", "removed", "half", "broken", "dependency", "dependency's version"],
)
def test_apt_is_asked_for_the_rest(word):
    assert debian_packages.missing(["nginx", word], ANSWER) == [word]


def test_no_answer_means_that_nothing_is_there():
    assert debian_packages.missing(["nginx"], "") == ["nginx"]
