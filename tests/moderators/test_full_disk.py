"""Prosody's disk is full: meetings go on, people come in, and what was stored before is there afterwards."""

import pytest
from conftest import ROOM, opened

STORED = "/var/lib/prosody"


@pytest.fixture
def full(prosody):
    """Prosody with one seat taken, on a small disk of which no byte is left."""

    def fill():
        prosody.restart(f"""
            rm -f {STORED}/*/moderator_seats.dat; cp -a {STORED} /srv/stored
            mount -t tmpfs -o size=1M,mode=755 small {STORED}
            cp -a /srv/stored/. {STORED}; chown --reference=/srv/stored {STORED}; rm -r /srv/stored
        """)

    def use_up():
        full = prosody.machine.sh(f"cat /dev/zero > {STORED}/fill", check=False)
        assert "No space left on device" in full.stderr

    fill()
    yield use_up
    prosody.restart(f"""
        rm -f {STORED}/fill; cp -a {STORED} /srv/stored; umount {STORED}
        cp -a /srv/stored/. {STORED}; rm -r /srv/stored
    """)


def test_meetings_are_opened_on_a_full_disk_and_seats_of_before_are_kept(full, play, prosody):
    async def anna_opens(crowd):
        _, anna = await opened(crowd, "anna")
        assert anna.role(crowd.address(ROOM)) == "moderator"

    async def everybody_comes(crowd):
        _, anna, bernd = await opened(crowd, "anna", "bernd")
        guest = await crowd.guest()
        await guest.join(crowd.address(ROOM))
        assert [person.role(crowd.address(ROOM)) for person in (anna, bernd)] == ["moderator"] * 2

    play(anna_opens)
    full()
    play(everybody_comes)
    prosody.restart()
    play(everybody_comes)
    assert "anna" in prosody.seats()
    assert "focus.dat" in prosody.machine.sh(f"ls {STORED}/*/accounts").stdout.split()
