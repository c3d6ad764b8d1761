import pytest

from toolkit.plan.names import planned_hosts
from toolkit.plan.topology_errors import topology_errors
from toolkit.settings.schema import defaults

DEFAULTS = defaults()
GROUPS = ["meet", "videobridges", "turn", "directories"]
ONE = {"all": ["a-x"], "ungrouped": [], "jitsi": ["a-x"], "meet": ["a-x"], "videobridges": ["a-x"], "turn": ["a-x"]}
PLANS = {"p": {"users": 5, "moderators": 1, "machines": {"meet": 1, "videobridges": 1, "turn": 1}}}
SETTINGS = {"jitsi_customer": "a", "jitsi_plan": "p", "jitsi_plans": PLANS}


def test_one_host_may_carry_every_group():
    assert topology_errors(ONE, SETTINGS, GROUPS) == []


def test_every_group_needs_a_host_even_when_the_plan_is_unknown():
    assert topology_errors({"jitsi": ["a-x"], "meet": ["a-x"]}, {"jitsi_customer": "a"}, GROUPS) == [
        "group videobridges has no hosts and plan <none> needs 1: write a-jvb-1 in plan.yml.",
        "group turn has no hosts and plan <none> needs 1: write a-turn-1 in plan.yml.",
    ]


@pytest.mark.parametrize("groups", [{}, {"jitsi": []}, {"meet": ["a-x"]}])
def test_an_empty_plan_is_a_error_of_its_own(groups):
    (error,) = topology_errors(groups, SETTINGS, GROUPS)
    assert error.startswith("plan.yml has no host in group jitsi: ")


@pytest.mark.parametrize("junk", [None, 5, "x", [], {"p": 5}, {"p": {"machines": 3}}])
def test_settings_of_the_wrong_type_are_passed_over(junk):
    settings = {"jitsi_customer": "a", "jitsi_plan": "p", "jitsi_plans": junk}
    assert topology_errors(ONE, settings, GROUPS) == []


OPENLDAP = SETTINGS | {"jitsi_directory": {"kind": "openldap"}}


@pytest.mark.parametrize("flavors", [{}, {"meet": "m", "directory": "d"}])
def test_a_plan_may_have_a_directory(flavors):
    groups = ONE | {"jitsi": ["a-x", "a-ldap"], "directories": ["a-ldap"]}
    assert topology_errors(groups, OPENLDAP | {"cloud_flavors": flavors}, GROUPS) == []


def test_a_directory_may_share_a_machine_and_then_needs_no_flavor():
    assert topology_errors(ONE | {"directories": ["a-x"]}, OPENLDAP | {"cloud_flavors": {"meet": "m"}}, GROUPS) == []


def test_a_directory_needs_its_host_its_kind_and_its_flavor():
    groups = ONE | {"jitsi": ["a-x", "a-ldap"], "directories": ["a-ldap"]}
    assert topology_errors(ONE, OPENLDAP, GROUPS) == [
        "jitsi_directory.kind is openldap and group directories has no hosts: write a-ldap, or the meet host, in "
        "plan.yml."
    ]
    for settings in (SETTINGS, SETTINGS | {"jitsi_directory": {"kind": "internal"}}):
        assert topology_errors(groups, settings, GROUPS) == [
            "group directories has 1 host and jitsi_directory.kind is internal: remove the group from plan.yml or "
            "write openldap."
        ]
    assert topology_errors(groups, OPENLDAP | {"cloud_flavors": {"meet": "m"}}, GROUPS) == [
        "cloud_flavors.directory is missing: write the name of a flavor with at least 1 vCPU and 1 GB."
    ]


def test_there_is_one_directory():
    groups = ONE | {"jitsi": ["a-x", "a-y"], "directories": ["a-x", "a-y"]}
    assert topology_errors(groups, OPENLDAP, GROUPS) == [
        "group directories has 2 hosts: keep one in plan.yml, because people are kept in one place."
    ]


def test_names_of_planned_hosts():
    assert planned_hosts("directories", "a", 1) == "a-ldap"
    assert planned_hosts("meet", "a", 1) == "a-meet"
    assert planned_hosts("turn", "a", 1) == "a-turn-1"
    assert planned_hosts("videobridges", "a", 3) == "a-jvb-[1:3]"


STREAM = ONE | {"jitsi": ["a-x", "a-stream"], "streamers": ["a-stream"]}
ALL = [*GROUPS, "streamers"]
PUBLISHERS = {"jitsi_stream_publishers": ["192.0.2.17/32"]}


def test_a_stream_needs_publishers_a_machine_and_a_flavor():
    assert topology_errors(STREAM, SETTINGS | PUBLISHERS | {"cloud_flavors": {"streamer": "s"}}, ALL) == []
    assert topology_errors(STREAM, SETTINGS | {"cloud_flavors": {"meet": "m"}}, ALL) == [
        "group streamers has 1 host and jitsi_stream_publishers is empty: write the networks streams come from, such "
        "as 192.0.2.17/32.",
        "cloud_flavors.streamer is missing: write the name of a flavor with at least 2 vCPU and 2 GB.",
    ]
    assert topology_errors(ONE | {"streamers": ["a-x"]}, SETTINGS | PUBLISHERS, ALL) == [
        f"host a-x is in groups streamers and {group}: give the stream a machine of its own, because both need port "
        "443."
        for group in ("meet", "turn")
    ]


def test_settings_about_a_stream_that_is_not_there_are_refused():
    settings = SETTINGS | PUBLISHERS | {"jitsi_stream_viewer_password": "secret-word", "jitsi_stream_mbits": 900}
    assert topology_errors(ONE, settings, ALL) == [
        f"{name} is chosen and group streamers has no hosts: write a-stream in plan.yml, or remove the setting."
        for name in ("jitsi_stream_publishers", "jitsi_stream_mbits", "jitsi_stream_viewer_password")
    ]


def test_terms_of_streams_that_nobody_may_start_are_refused():
    settings = SETTINGS | {"jitsi_stream_terms_url": "https://x.example/terms", "jitsi_stream_targets": ["youtube"]}
    assert topology_errors(RECORDING, settings, WITH_RECORDERS) == []
    for groups in (RECORDING, ONE):
        assert topology_errors(groups, settings | {"jitsi_stream_targets": []}, WITH_RECORDERS) == [
            "jitsi_stream_terms_url is chosen and jitsi_stream_targets is empty: write where moderators may stream to, "
            "such as youtube, or remove the setting."
        ]


def test_nobody_chose_what_the_defaults_have():
    assert topology_errors(ONE, DEFAULTS | SETTINGS, WITH_RECORDERS) == []


RECORDING = ONE | {"jitsi": ["a-x", "a-jibri-1"], "recorders": ["a-jibri-1"]}
WITH_RECORDERS = [*GROUPS, "recorders"]


def test_a_recorder_needs_a_machine_and_a_flavor():
    assert topology_errors(RECORDING, SETTINGS | {"cloud_flavors": {"recorder": "s"}}, WITH_RECORDERS) == []
    assert topology_errors(RECORDING, SETTINGS | {"cloud_flavors": {"meet": "m"}}, WITH_RECORDERS) == [
        "cloud_flavors.recorder is missing: write the name of a flavor with at least 4 vCPU and 8 GB."
    ]
    errors = topology_errors(ONE | {"recorders": ["a-x"]}, SETTINGS, WITH_RECORDERS)
    assert (
        "host a-x is in groups recorders and meet: give each recorder a machine of its own, because a recording takes "
        "all of it." in errors
    )


def test_settings_about_recordings_nobody_makes_are_refused():
    settings = SETTINGS | {"jitsi_recording_target": {"kind": "local"}, "jitsi_recording_recipients": []}
    assert topology_errors(ONE, settings, WITH_RECORDERS) == []
    assert topology_errors(ONE, settings | {"jitsi_recording_alert_url": "https://x.example"}, WITH_RECORDERS) == [
        "jitsi_recording_alert_url is chosen and group recorders has no hosts: write a-jibri-1 in plan.yml, or remove "
        "the setting."
    ]


@pytest.mark.parametrize("group", ALL)
def test_a_recorder_shares_its_machine_with_no_other_group(group):
    groups = RECORDING | {group: [*RECORDING.get(group, []), "a-jibri-1"]}
    errors = topology_errors(groups, SETTINGS, [*ALL, "recorders"])
    assert any(error.startswith(f"host a-jibri-1 is in groups recorders and {group}: ") for error in errors), errors


def test_there_may_be_several_recorders():
    groups = ONE | {"jitsi": ["a-x", "a-jibri-1", "a-jibri-2"], "recorders": ["a-jibri-1", "a-jibri-2"]}
    assert topology_errors(groups, SETTINGS | {"cloud_flavors": {"recorder": "s"}}, WITH_RECORDERS) == []
    assert planned_hosts("recorders", "a", 2) == "a-jibri-[1:2]"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jitsi_recording_target", {"kind": "s3"}),
        ("jitsi_recording_password", "a-secret"),
        ("jitsi_recording_ssh_key", "a-secret"),
        ("jitsi_recording_recipients", ["age1"]),
        ("jitsi_recording_retention_days", 15),
    ],
)
def test_every_setting_about_recordings_needs_a_recorder(name, value):
    assert topology_errors(RECORDING, SETTINGS | {name: value}, WITH_RECORDERS) == []
    assert topology_errors(ONE, SETTINGS | {name: value}, WITH_RECORDERS) == [
        f"{name} is chosen and group recorders has no hosts: write a-jibri-1 in plan.yml, or remove the setting."
    ]


def bridges(count):
    names = [f"a-jvb-{n + 1}" for n in range(count)]
    return ONE | {"jitsi": ["a-x", *names], "videobridges": names}


@pytest.mark.parametrize(
    ("count", "strategy", "zones", "fixes"),
    [
        (1, "single", [], []),
        (1, "single", ["az1"], []),
        (2, "intra_region", [], []),
        (2, "region_based", ["az1", "az2"], []),
        (1, "intra_region", [], ["write a-jvb-[1:2] in plan.yml, or single."]),
        (2, "region_based", ["az1"], ["write two at least, or intra_region."]),
        (2, "single", ["az1", "az2", "az3"], ["write a-jvb-[1:3] in plan.yml, or fewer zones."]),
        (4, "intra_region", ["az1", "az2"], []),
        (3, "intra_region", ["az1"], []),
        (3, "region_based", ["az1", "az2"], []),
        (2, "intra_region", ["az1", "az2"], ["write a-jvb-[1:4] in plan.yml, or region_based, or fewer zones."]),
        (3, "intra_region", ["az1", "az2"], ["write a-jvb-[1:4] in plan.yml, or region_based, or fewer zones."]),
    ],
)
def test_meetings_on_several_bridges_need_several(count, strategy, zones, fixes):
    settings = SETTINGS | {"jitsi_bridge_strategy": strategy, "cloud_bridge_zones": zones}
    errors = topology_errors(bridges(count), settings, GROUPS)
    assert [error.partition(": ")[2] for error in errors] == fixes


@pytest.mark.parametrize("people", [2, DEFAULTS["jitsi_bridge_max_participants"], None, "60"])
@pytest.mark.parametrize("strategy", ["single", "intra_region"])
def test_how_many_people_a_bridge_takes_of_a_meeting_is_chosen_where_a_meeting_uses_several(people, strategy):
    settings = SETTINGS | {"jitsi_bridge_strategy": strategy, "jitsi_bridge_max_participants": people}
    assert topology_errors(bridges(2), settings, GROUPS) == (
        [
            "jitsi_bridge_max_participants is 2 and jitsi_bridge_strategy is single, which keeps a meeting on one "
            "bridge: write intra_region, or remove jitsi_bridge_max_participants."
        ]
        if (people, strategy) == (2, "single")
        else []
    )


@pytest.mark.parametrize(
    ("mbit", "each", "fixes"),
    [
        (0, 0, []),
        (0, 20, []),
        (20, 20, []),
        (1000, 20, []),
        (100, 0, ["write what is set aside for each connection, such as 20, or 0 for both."]),
        (19, 20, ["write 20 for each person who needs the relay at the same time, or 0 for any number."]),
        ("100", 0, []),
        (100, None, []),
    ],
)
def test_relays_carry_one_connection_at_least(mbit, each, fixes):
    errors = topology_errors(ONE, SETTINGS | {"jitsi_relay_limits": {"mbit": mbit, "mbit_per_relay": each}}, GROUPS)
    assert [error.partition(": ")[2] for error in errors] == fixes


def test_rooms_are_streamed_by_recorders_to_a_server_that_is_there():
    targets = SETTINGS | {"jitsi_stream_targets": ["own"]}
    assert topology_errors(RECORDING, targets, [*WITH_RECORDERS, "streamers"]) == [
        "jitsi_stream_targets has own and group streamers has no hosts: write a-stream in plan.yml, or remove own."
    ]
    both = RECORDING | {"jitsi": ["a-x", "a-jibri-1", "a-stream"], "streamers": ["a-stream"]}
    assert topology_errors(both, targets, [*WITH_RECORDERS, "streamers"]) == []
    assert [error.split(":")[0] for error in topology_errors(STREAM, targets | PUBLISHERS, ALL)] == [
        "jitsi_stream_targets is chosen and group recorders has no hosts"
    ]


TELEPHONE = ONE | {"jitsi": ["a-x", "a-sip-1"], "gateways": ["a-sip-1"]}
WITH_GATEWAYS = [*GROUPS, "recorders", "gateways"]
CALLED = {"jitsi_trunk": {"host": "sip.t.example"}, "jitsi_dial_in_numbers": [{"country": "DE", "number": "+49 30 1"}]}


def test_a_gateway_needs_a_trunk_numbers_and_a_flavor():
    assert topology_errors(TELEPHONE, SETTINGS | CALLED | {"cloud_flavors": {"gateway": "s"}}, WITH_GATEWAYS) == []
    assert topology_errors(
        TELEPHONE, SETTINGS | {"jitsi_trunk": {}, "cloud_flavors": {"meet": "m"}}, WITH_GATEWAYS
    ) == [
        "group gateways has 1 host and jitsi_trunk is empty: write where calls come from, host and networks at least.",
        "group gateways has 1 host and jitsi_dial_in_numbers is empty: write the numbers people call.",
        "cloud_flavors.gateway is missing: write the name of a flavor with at least 2 vCPU and 4 GB.",
    ]


def test_a_gateway_may_share_a_machine_but_not_a_recorders():
    assert (
        topology_errors(
            ONE | {"gateways": ["a-x"]}, SETTINGS | CALLED | {"cloud_flavors": {"meet": "m"}}, WITH_GATEWAYS
        )
        == []
    )
    groups = RECORDING | {"gateways": ["a-jibri-1"]}
    errors = topology_errors(groups, SETTINGS | CALLED, WITH_GATEWAYS)
    assert [error.split(":")[0] for error in errors] == ["host a-jibri-1 is in groups recorders and gateways"]


@pytest.mark.parametrize(
    ("name", "value"), [*CALLED.items(), ("jitsi_trunk_password", "secret"), ("jitsi_dial_in_lines", 4)]
)
def test_settings_about_a_telephone_nobody_answers_are_refused(name, value):
    assert topology_errors(ONE, SETTINGS | {name: value}, WITH_GATEWAYS) == [
        f"{name} is chosen and group gateways has no hosts: write a-sip-1 in plan.yml, or remove the setting."
    ]


@pytest.mark.parametrize("junk", [5, True, "x", {"own": 1}])
def test_targets_of_the_wrong_type_are_passed_over_where_there_is_a_streaming_server(junk):
    groups = RECORDING | {"jitsi": ["a-x", "a-jibri-1", "a-stream"], "streamers": ["a-stream"]}
    settings = SETTINGS | PUBLISHERS | {"jitsi_stream_targets": junk}
    assert topology_errors(groups, settings, [*WITH_RECORDERS, "streamers"]) == []
    [error] = topology_errors(groups, settings | {"jitsi_stream_publishers": []}, [*WITH_RECORDERS, "streamers"])
    assert error.startswith("group streamers has 1 host and jitsi_stream_publishers is empty: ")


@pytest.mark.parametrize(("hosts", "cidr"), [(10, "10.71.0.0/28"), (250, "10.71.0.0/24"), (3, "nonsense"), (3, 5)])
def test_a_network_with_an_address_for_each_host_will_do(hosts, cidr):
    groups = {**ONE, "jitsi": [f"a-x-{number}" for number in range(hosts)]}
    assert not [f for f in topology_errors(groups, SETTINGS | {"cloud_network_cidr": cidr}, GROUPS) if "cidr" in f]


def test_a_network_that_is_too_small_for_the_plan_is_refused():
    groups = {**ONE, "jitsi": [f"a-x-{number}" for number in range(11)]}
    errors = topology_errors(groups, SETTINGS | {"cloud_network_cidr": "10.71.0.0/28"}, GROUPS)
    assert [error for error in errors if "cidr" in error] == [
        "cloud_network_cidr is 10.71.0.0/28, 16 addresses, and 11 hosts of plan.yml with the cloud's own need 17: "
        "write a range like 10.71.0.0/27."
    ]
