import pytest

from toolkit.plan.machine_kind import machine_kind


@pytest.mark.parametrize(
    ("groups", "name", "public"),
    [
        (["jitsi", "turn"], "turn", True),
        (["turn", "jitsi", "videobridges", "meet"], "meet", True),
        (["directories", "jitsi"], "directory", False),
        (["directories", "gateways", "jitsi"], "directory", True),
        (["jitsi", "recorders"], "recorder", False),
    ],
)
def test_the_most_demanding_group_decides_and_any_group_makes_public(groups, name, public):
    assert machine_kind(groups) == {"name": name, "public": public}
