"""The house's catalogue of plans keeps what it promises."""

import itertools

from contract import DEFAULTS

from toolkit.plan.bridge_capacity import bridge_capacity

PLANS = DEFAULTS["jitsi_plans"]
SOLD = {name: plan for name, plan in PLANS.items() if name != "individual"}


def test_there_are_six_plans_that_grow_and_one_without_limits():
    assert [plan["users"] for plan in SOLD.values()] == [25, 50, 100, 200, 350, 500]
    for smaller, larger in itertools.pairwise(SOLD.values()):
        assert 0 < smaller["moderators"] < larger["moderators"]
        assert all(count <= larger["machines"][group] for group, count in smaller["machines"].items())
    assert (PLANS["individual"]["users"], PLANS["individual"]["moderators"]) == (0, 0)


def test_the_bridges_of_a_plan_carry_its_users():
    one = bridge_capacity(DEFAULTS["cloud_bridge_vcpus"], DEFAULTS["jitsi_usage_profile"])
    for name, plan in SOLD.items():
        assert plan["machines"]["videobridges"] * one >= plan["users"], name
