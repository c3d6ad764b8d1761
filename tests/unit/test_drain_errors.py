"""Which hosts can be drained, and what is said of the others."""

import pytest

from toolkit.plan.drain_errors import drain_errors

GROUPS = {"meet": ["acme-meet"], "videobridges": ["acme-jvb-1", "acme-jvb-2"], "turn": ["acme-turn-1"]}
BRIDGES = "and only bridges can be drained: write HOST=acme-jvb-1 or acme-jvb-2."


@pytest.mark.parametrize("mode", ["move", "wait"])
def test_a_bridge_can_be(mode):
    assert drain_errors("acme-jvb-2", GROUPS, mode) == []
    assert drain_errors("acme-jvb-2", GROUPS) == []


@pytest.mark.parametrize(
    ("host", "error"),
    [
        ("acme-turn-1", f"HOST is acme-turn-1, a turn host, {BRIDGES}"),
        ("acme-meet", f"HOST is acme-meet, a meet host, {BRIDGES}"),
        ("acme-jvb-3", f"HOST is acme-jvb-3, which is not in plan.yml, {BRIDGES}"),
        ("", f"HOST is missing, {BRIDGES}"),
        ("x" * 500, f"HOST is {'x' * 57}..., which is not in plan.yml, {BRIDGES}"),
    ],
)
def test_another_host_cannot(host, error):
    assert drain_errors(host, GROUPS, "move") == [error]


def test_all_errors_are_said_at_once():
    assert drain_errors("", {}, "push") == [
        "MODE is push: write move or wait.",
        "HOST is missing, and only bridges can be drained: write HOST=a host of group videobridges.",
    ]
