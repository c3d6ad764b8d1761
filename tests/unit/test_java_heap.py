from itertools import combinations
from pathlib import Path

import jinja2
import pytest
import yaml

from toolkit.plan.java_heap import DAEMONS, java_heap

WIRING = Path(__file__).parents[2] / "group_vars"
GROUPS = {daemon: group for daemon, (group, *_) in DAEMONS.items()}
TOGETHER = [daemons for count in (1, 2, 3) for daemons in combinations(DAEMONS, count)]


def wired(daemon, memory_mb, groups):
    """What the wiring of the daemon's group gives it."""
    text = yaml.safe_load((WIRING / GROUPS[daemon] / f"{daemon}.yml").read_text())[f"{daemon}_memory_mb"]
    environment = jinja2.Environment(autoescape=True)
    environment.filters["java_heap"] = java_heap
    facts = {"memtotal_mb": memory_mb} if memory_mb else {}
    return int(environment.from_string(text).render(ansible_facts=facts, group_names=groups))


@pytest.mark.parametrize("memory_mb", [2000, 3934, 8000, 64000])
@pytest.mark.parametrize("daemons", TOGETHER, ids="+".join)
def test_daemons_of_one_host_leave_two_fifths_of_it(daemons, memory_mb):
    groups = ["jitsi", "turn", *(GROUPS[daemon] for daemon in daemons)]
    heaps = [wired(daemon, memory_mb, groups) for daemon in daemons]
    assert sum(heaps) <= memory_mb * 3 // 5
    assert all(heap % 64 == 0 for heap in heaps)


@pytest.mark.parametrize(
    ("daemon", "memory_mb", "others", "heap"),
    [
        ("jicofo", 4000, [], 768),
        ("videobridge", 8000, [], 4800),
        ("jigasi", 4000, [], 1984),
        ("videobridge", 8000, ["meet", "turn"], 1600),
        ("jigasi", 8000, ["videobridges"], 1600),
        ("videobridge", 64000, [], 8192),
        ("jigasi", 64000, [], 3072),
        ("jicofo", 0, [], 256),
        ("videobridge", 0, [], 384),
    ],
)
def test_a_daemon_gets_its_share_between_its_least_and_its_most(daemon, memory_mb, others, heap):
    assert wired(daemon, memory_mb, ["jitsi", GROUPS[daemon], *others]) == heap


@pytest.mark.parametrize(("daemon", "groups"), [("prosody", ["meet"]), ("jigasi", ["meet", "turn"])])
def test_a_daemon_that_is_not_there_is_an_error(daemon, groups):
    with pytest.raises(ValueError, match=daemon):
        java_heap(4000, daemon, groups)
