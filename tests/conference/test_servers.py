"""The servers themselves, asked before anything else: what runs on them, and the room on their disks.

Checks that need a daemon which does not run (mark `needs`) are skipped with that reason: one fault, said once.
"""

import datetime
import json

import pytest

OPEN_DAYS = 8  # each week has an update window
LEAST_MB = 300  # an update of Debian's fetches and unpacks about as much


@pytest.mark.notice(
    "what this daemon does fails for everybody",
    "on {server}: systemctl status UNIT; journalctl -u UNIT; make deploy starts it again",
)
def test_daemons_run(login, server, stopped):
    """Every daemon runs"""
    # One line each, in the order they were asked for.
    states = login(server).run(f"systemctl is-active {' '.join(server.daemons)}").stdout.split()
    dead = {unit: state for unit, state in zip(server.daemons, states, strict=True) if state != "active"}
    stopped.update((unit, server.name) for unit in dead)
    assert not dead, f"{server.name}: {', '.join(f'{unit} is {state}' for unit, state in dead.items())}"


@pytest.mark.notice(
    "nothing yet; a full disk on {server} stops updates, certificate renewal, seats, recordings and logins",
    "on {server}: df -h; du -xhd2 / | sort -h | tail",
)
def test_disks_have_room(login, server):
    """Every disk has free space"""
    rows = login(server).check_output("df --output=avail,target --block-size=1M / /var /var/log /tmp").splitlines()[1:]
    short = {place: int(free) for free, place in map(str.split, rows) if int(free) < LEAST_MB}
    assert not short, f"{server.name}: {', '.join(f'{place} has {free} MB left' for place, free in short.items())}"


@pytest.mark.notice(
    "nothing yet; a known vulnerability remains on {server}",
    "on {server}: updates status; journalctl -u updates; docs/how-to/updates.md",
)
def test_updates_are_installed(login, server, remark):
    """Every server has all security updates installed and in use"""
    state = json.loads(login(server).check_output("updates status"))
    if state["unknown"]:
        remark(f"{server.name}: open security updates are not known: {state['unknown']}")
    for what, since in state["open"].items():
        remark(f"{server.name}: {what}, known since {since}")
    assert not state["failed"], f"{server.name}: the last update window could not install updates"
    latest = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=OPEN_DAYS)
    late = [what for what, since in state["open"].items() if since < latest.isoformat()]
    assert not late, f"{server.name}: for more than {OPEN_DAYS} days: {', '.join(late)}"
