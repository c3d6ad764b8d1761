"""Filter sandboxed_units: which units of a host run in a sandbox."""

from toolkit.sandbox.sandboxed_units import sandboxed_units


def test_a_host_has_the_units_of_all_its_groups():
    assert sandboxed_units(["jitsi", "turn"]) == ["acme-webroot.service", "coturn.service", "log-retention.service"]
    assert sandboxed_units(["jitsi", "turn", "videobridges"]) == [
        "acme-webroot.service",
        "coturn.service",
        "jitsi-videobridge2.service",
        "log-retention.service",
    ]


def test_a_group_of_others_has_none():
    assert sandboxed_units(["jitsi", "somebody"]) == []
