import pytest

from toolkit.plan.external_services import external_services


def test_a_relay_is_announced_as_stun_turn_and_turns():
    stun, turn, turns = external_services(["turn-1.meet.test"])
    assert stun == {"type": "stun", "host": "turn-1.meet.test", "port": 3478, "transport": "udp"}
    assert (turn["type"], turn["port"], turn["transport"]) == ("turn", 3478, "udp")
    assert (turns["type"], turns["port"], turns["transport"]) == ("turns", 443, "tcp")


def test_credentials_are_made_for_turn_only():
    assert [s.get("secret", False) for s in external_services(["a"])] == [False, True, True]
    assert {s["ttl"] for s in external_services(["a"]) if "ttl" in s} == {86400}


def test_every_relay_is_announced():
    assert [s["host"] for s in external_services(["a", "b"])] == ["a"] * 3 + ["b"] * 3


def test_without_relays_nothing_is_announced():
    assert external_services([]) == []


@pytest.mark.parametrize("wrong", ["turn-1.meet.test", [1], [""]])
def test_refuses_what_is_no_list_of_names(wrong):
    with pytest.raises(ValueError, match="list of host names"):
        external_services(wrong)
