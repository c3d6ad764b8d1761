"""Which bridges and recorders the verification misses, and which bridges it does not count."""

import contextlib
import json
import time
from types import SimpleNamespace

import pytest
import test_bridges
import test_recording


def wait_for_nobody(monkeypatch):
    clock = iter(range(0, 1000, 30))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def count(monkeypatch, planned, known, retiring=()):
    """The check of the count, where jicofo says whether each bridge it knows is fit for work."""
    bridges = {
        f"jvbbrewery@internal.auth.acme.test/{name}": {"operational": bool(fit), "drain": fit == "drained"}
        for name, fit in known.items()
    }
    answer = json.dumps({"bridge_selector": {"strategy": "Single", "bridge": bridges}})
    monkeypatch.setattr(test_bridges, "fetch", lambda server, url: (200, answer))
    wait_for_nobody(monkeypatch)
    hosts = [SimpleNamespace(name=name) for name in planned]
    test_bridges.test_bridge_count(SimpleNamespace(group=lambda _: hosts, retiring=list(retiring)), None)


def test_a_bridge_that_waits_for_retire_is_no_fault(monkeypatch):
    count(monkeypatch, ["jvb-1"], {"jvb-1": True, "jvb-2": True}, ["jvb-2"])
    count(monkeypatch, ["jvb-1"], {"jvb-1": True, "jvb-2": False}, ["jvb-2"])


@pytest.mark.parametrize(
    ("known", "retiring", "said"),
    [
        (
            {"jvb-1": True, "jvb-3": True},
            ["jvb-3"],
            "2 planned, 1 known to jicofo, 1 of them take meetings; wrong: jvb-2",
        ),
        ({"jvb-1": True, "jvb-2": False}, [], "2 planned, 2 known to jicofo, 1 of them take meetings; wrong: jvb-2"),
        (
            {"jvb-1": True, "jvb-2": "drained"},
            [],
            "2 planned, 2 known to jicofo, 1 of them take meetings; wrong: jvb-2",
        ),
        (
            {"jvb-1": True, "jvb-2": True, "x": True},
            [],
            "2 planned, 3 known to jicofo, 3 of them take meetings; wrong: x",
        ),
    ],
)
def test_what_is_amiss_is_named(monkeypatch, known, retiring, said):
    with pytest.raises(AssertionError, match=said):
        count(monkeypatch, ["jvb-1", "jvb-2"], known, retiring)


@pytest.mark.parametrize(
    ("states", "available", "said"),
    [
        ({"jibri-1": ("UNHEALTHY", "IDLE"), "jibri-2": ("HEALTHY", "IDLE")}, 1, "jibri-1: unhealthy"),
        ({"jibri-1": ("HEALTHY", "IDLE"), "jibri-2": ("HEALTHY", "BUSY")}, 0, "jicofo can use 0 of 2 recorders"),
        ({"jibri-1": ("HEALTHY", "IDLE"), "jibri-2": ("HEALTHY", "BUSY")}, 1, ""),
    ],
)
def test_recorders_that_nobody_can_use_are_named(monkeypatch, states, available, said):
    def health(recorder):
        healthy, busy = states[recorder]
        return {"health": {"healthStatus": healthy}, "busyStatus": busy}

    monkeypatch.setattr(test_recording, "health", health)
    monkeypatch.setattr(test_recording, "detector", lambda meet: {"available": available})
    wait_for_nobody(monkeypatch)
    customer = SimpleNamespace(group=lambda _: [SimpleNamespace(name=name) for name in states])
    with pytest.raises(AssertionError, match=said) if said else contextlib.nullcontext():
        test_recording.test_recorders_are_healthy(customer, lambda host: host.name, None)
