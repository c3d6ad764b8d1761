"""Gateways of Debian 12 and 13 with real Kamailio and baresip; trunk and Jigasi are the tests' own telephones."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path[:0] = map(str, [ROOT / "lab/packages", ROOT / "tests/render", ROOT / "tests/turn"])

# Found by the line above.
from gateway import DOMAIN, OTHER_PIN, PACKAGES, PIN, PUBLIC, ROOM, Gateway, Mapper, World, render  # noqa: E402
from machine import SUITES, root_filesystems  # noqa: E402


def make_authority(file, names=f"DNS:{DOMAIN}"):
    """A certificate for the page, or other names, its own authority, its key behind it."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
         "/CN=test", "-addext", f"subjectAltName={names}", "-days", "2", "-keyout", file, "-out", file],
        check=True, capture_output=True,
    )  # fmt: skip
    return file


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return make_authority(tmp_path_factory.mktemp("certificate") / "both.pem")


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    """rendered(**choices): the files for these, each set made once."""
    made = {}

    def find(**choices):
        key = repr(sorted(choices.items()))
        if key not in made:
            made[key] = render(tmp_path_factory.mktemp("rendered"), {"server_public_ipv4": PUBLIC} | choices)
        return made[key]

    return find


@pytest.fixture(scope="session", params=SUITES)
def place(request, tmp_path_factory):
    """A gateway nothing runs on, and the world around it."""
    world = World()
    tar = root_filesystems("telephone", PACKAGES)[request.param]
    gateway = Gateway(tar, tmp_path_factory.mktemp("gateway"), world)
    yield gateway
    gateway.close()
    world.close()


@pytest.fixture(scope="module")
def mapper(place, authority):
    mapper = Mapper(place.world, authority)
    mapper.rooms = {PIN: ROOM, OTHER_PIN: f"another@conference.{DOMAIN}"}
    mapper.start()
    yield mapper
    mapper.stop()
