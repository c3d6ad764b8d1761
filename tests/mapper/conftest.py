"""The daemon on Debian 12 and on Debian 13."""

import contextlib
import itertools
import signal

import pytest
from machine import SUITES, Machine, root_filesystems
from mapper import Mapper

from toolkit.formats.program_archive import archive_of

INSIDE = "/usr/local/sbin/jitsi-conference-mapper"
# A disk that is soon full, for the one test that fills it.
SMALL = "/srv/small"
NUMBERS = itertools.count()


@pytest.fixture(scope="session", params=SUITES)
def machine(request, tmp_path_factory):
    root = root_filesystems()[request.param]
    mountpoint = tmp_path_factory.mktemp(request.param)
    small = f"mkdir -p {mountpoint}{SMALL} && mount -t tmpfs -o size=320k small {mountpoint}{SMALL}"
    with contextlib.closing(Machine(root, mountpoint, small)) as running:
        (running.root / INSIDE.lstrip("/")).write_bytes(archive_of("conference_mapper"))
        yield running


def starter(machine, started: list[Mapper]):
    """start(inside, **settings): a daemon of its own in the machine's Debian and in this machine's network."""

    def start(inside: str = "", **changes) -> Mapper:
        enter = ["nsenter", "-t", machine.holder.pid, "-m", "chroot", machine.mountpoint]
        place = inside or f"/srv/{next(NUMBERS)}"
        command = [*enter, "env", "-i", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"]
        started.append(Mapper(machine.root / place.lstrip("/"), command, INSIDE, place, **changes))
        return started[-1].start()

    return start


def end(started: list[Mapper]) -> None:
    for mapper in started:
        if mapper.process.poll() is None:
            mapper.stop(signal.SIGKILL)


@pytest.fixture
def serve(machine):
    """serve(**settings): a daemon with nothing in it."""
    started = []
    yield starter(machine, started)
    end(started)


@pytest.fixture
def mapper(serve):
    return serve()


@pytest.fixture(scope="module")
def common(machine):
    """One daemon for many questions, none of which changes what another sees."""
    started = []
    yield starter(machine, started)(new_pins=10_000, guesses=10_000)
    end(started)
