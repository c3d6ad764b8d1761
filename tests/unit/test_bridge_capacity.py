from pathlib import Path

import pytest
import yaml

from toolkit.plan.bridge_capacity import bridge_capacity
from toolkit.settings.schema import defaults

PLANS = yaml.safe_load((Path(__file__).parents[2] / "group_vars/all/catalog.yml").read_text())["jitsi_plans"]


@pytest.mark.parametrize(
    ("vcpus", "cameras", "people"),
    [
        (4, "few", 80),
        (8, "few", 160),
        (4, "small_rooms", 180),
        (8, "small_rooms", 250),
        (4, "all", 14),
        (2, "few", 40),
        (1, "all", 3),
        (6, "small_rooms", 215),
        (64, "few", 160),
    ],
)
def test_measured_points_interpolated_and_never_extrapolated(vcpus, cameras, people):
    assert bridge_capacity(vcpus, cameras) == people


@pytest.mark.parametrize(
    ("vcpus", "cameras", "named"), [(0, "few", "CPUs"), ("4", "few", "CPUs"), (4, "none", "small_rooms")]
)
def test_refuses_what_has_no_capacity(vcpus, cameras, named):
    with pytest.raises(ValueError, match=named):
        bridge_capacity(vcpus, cameras)


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_the_least_number_of_bridges_carries_what_the_plan_promises(plan):
    one = bridge_capacity(defaults()["cloud_bridge_vcpus"], defaults()["jitsi_usage_profile"])
    assert plan["machines"]["videobridges"] * one >= plan["users"]
