"""What a customer who streams can choose: single values, judged as `make validate` does."""

import pytest
from contract import PLAN, SETTINGS, judge

GROUPS = PLAN | {
    "jitsi": [*PLAN["jitsi"], "acme-stream", "acme-jibri-1"],
    "streamers": ["acme-stream"],
    "recorders": ["acme-jibri-1"],
}
STREAMING = {
    "jitsi_stream_publishers": ["192.0.2.17/32"],
    "cloud_flavors": SETTINGS["cloud_flavors"] | {"streamer": "m1.small", "recorder": "m1.large"},
}
CURE = "write own, youtube or the beginning of an address such as rtmps://live.acme.example/app."


def said(changes):
    """What is said of a customer with a streaming server and a recorder who chose this besides."""
    return judge(SETTINGS | STREAMING | changes, GROUPS)


@pytest.mark.parametrize("rest", ["", ":1", ":443/app", ":9999", ":65535/app/b"])
def test_a_target_may_name_any_port_there_is(rest):
    assert said({"jitsi_stream_targets": ["own", f"rtmps://live.acme.example{rest}"]}) == []


@pytest.mark.parametrize("rest", [":0/app", ":65536/app", ":70000/app", ":99999", ":0443", ":", ":x"])
def test_a_target_with_a_port_there_is_not_is_one_sentence(rest):
    [error] = said({"jitsi_stream_targets": ["own", f"rtmps://live.acme.example{rest}"]})
    assert error == f'jitsi_stream_targets[1] is "rtmps://live.acme.example{rest}": {CURE}'


@pytest.mark.parametrize("value", [0, -1, 10001, "2"])
def test_the_key_has_a_number(value):
    [error] = said({"jitsi_stream_key_generation": value})
    assert error.startswith("jitsi_stream_key_generation is ")
    assert error.endswith(": write a whole number from 1 to 10000.")
