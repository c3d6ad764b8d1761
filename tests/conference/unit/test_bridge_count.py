"""Which bridges the verification misses, and which it does not count."""

import json
import time
from types import SimpleNamespace

import pytest
import test_bridges


def count(monkeypatch, planned, known, retiring=()):
    """The check of the count, where jicofo says whether each bridge it knows is fit for work."""
    bridges = {f"jvbbrewery@internal.auth.acme.test/{name}": {"operational": fit} for name, fit in known.items()}
    answer = json.dumps({"bridge_selector": {"strategy": "Single", "bridge": bridges}})
    monkeypatch.setattr(test_bridges, "fetch", lambda server, url: (200, answer))
    clock = iter(range(0, 1000, 30))  # nobody is waited for here
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    hosts = [SimpleNamespace(name=name) for name in planned]
    test_bridges.test_bridge_count(SimpleNamespace(group=lambda _: hosts, retiring=list(retiring)), None)


def test_a_bridge_that_waits_for_retire_is_no_fault(monkeypatch):
    count(monkeypatch, ["jvb-1"], {"jvb-1": True, "jvb-2": True}, ["jvb-2"])
    count(monkeypatch, ["jvb-1"], {"jvb-1": True, "jvb-2": False}, ["jvb-2"])


@pytest.mark.parametrize(
    ("known", "retiring", "said"),
    [
        ({"jvb-1": True, "jvb-3": True}, ["jvb-3"], "2 planned, 1 known to the focus, 1 fit for work; amiss: jvb-2"),
        ({"jvb-1": True, "jvb-2": False}, [], "2 planned, 2 known to the focus, 1 fit for work; amiss: jvb-2"),
        ({"jvb-1": True, "jvb-2": True, "x": True}, [], "2 planned, 3 known to the focus, 3 fit for work; amiss: x"),
    ],
)
def test_what_is_amiss_is_named(monkeypatch, known, retiring, said):
    with pytest.raises(AssertionError, match=said):
        count(monkeypatch, ["jvb-1", "jvb-2"], known, retiring)
