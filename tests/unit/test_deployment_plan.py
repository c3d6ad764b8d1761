from toolkit.plan.deployment_plan import deployment_plan

SETTINGS = {
    "jitsi_domain": "meet.a.example",
    "cloud_flavors": {"meet": "m", "videobridge": "v", "turn": "t"},
    "cloud_volume_gb": {"meet": 20, "videobridge": 0, "turn": 0},
}
MATRIX = {
    "jitsi": {"ingress": [{"proto": "icmp", "peer": "world", "why": "mtu"}], "egress": []},
    "meet": {"ingress": [{"proto": "tcp", "port": 443, "peer": "world", "why": "page"}]},
    "videobridges": {"ingress": [{"proto": "tcp", "port": 22, "peer": "meet", "why": "jump"}]},
    "turn": {"ingress": [{"proto": "udp", "port": "5-9", "peer": "world", "why": "relay"}]},
}


def test_servers_take_kind_disk_and_address_from_their_groups():
    groups = {"jitsi": ["a-m", "a-v", "a-t"], "meet": ["a-m"], "videobridges": ["a-v"], "turn": ["a-t"]}
    plan = deployment_plan(groups, SETTINGS, MATRIX)
    assert [tuple(server.values()) for server in plan["servers"]] == [
        ("a-m", ["meet"], "m", 20, True),
        ("a-v", ["videobridges"], "v", 0, True),
        ("a-t", ["turn"], "t", 0, True),
    ]
    assert [(p["group"], p["port"], p["peer"]) for p in plan["ports"]] == [
        ("jitsi", "icmp", "world"),
        ("meet", "443/tcp", "world"),
        ("videobridges", "22/tcp", "meet"),
        ("turn", "5-9/udp", "world"),
    ]
    assert plan["dns"] == [
        {"name": "meet.a.example", "server": "a-m"},
        {"name": "turn-1.meet.a.example", "server": "a-t"},
    ]


def test_a_shared_server_is_of_the_first_kind():
    groups = {group: ["a-m"] for group in ("jitsi", "turn", "videobridges", "meet")}
    (server,) = deployment_plan(groups, SETTINGS, MATRIX)["servers"]
    assert (server["flavor"], server["groups"]) == ("m", ["meet", "videobridges", "turn"])


def test_a_directory_boots_from_the_local_disk_unless_told_otherwise():
    groups = {"jitsi": ["a-d"], "directories": ["a-d"]}
    settings = SETTINGS | {"cloud_flavors": SETTINGS["cloud_flavors"] | {"directory": "d"}}
    (server,) = deployment_plan(groups, settings, MATRIX)["servers"]
    assert (server["flavor"], server["volume_gb"], server["floating_ip"]) == ("d", 0, False)


def test_a_recorder_has_its_flavor_and_disk_and_is_not_to_be_reached_from_outside():
    settings = {
        "jitsi_domain": "meet.a.example",
        "cloud_flavors": SETTINGS["cloud_flavors"] | {"recorder": "r"},
        "cloud_volume_gb": {"recorder": 80},
    }
    matrix = MATRIX | {"recorders": {"egress": [{"proto": "udp", "port": 10000, "peer": "world", "why": "media"}]}}
    plan = deployment_plan({"jitsi": ["a-r"], "recorders": ["a-r"]}, settings, matrix)
    assert plan["servers"] == [
        {"name": "a-r", "groups": ["recorders"], "flavor": "r", "volume_gb": 80, "floating_ip": False}
    ]
    assert plan["dns"] == []


def test_a_gateway_has_a_floating_ip_for_its_trunk_and_a_name_only_for_its_certificate():
    settings = {
        "jitsi_domain": "meet.a.example",
        "cloud_flavors": SETTINGS["cloud_flavors"] | {"gateway": "g"},
        "cloud_volume_gb": {},
    }
    matrix = MATRIX | {"gateways": {"ingress": [{"proto": "udp", "port": 5060, "peer": "trunk", "why": "calls"}]}}
    groups = {"jitsi": ["a-sip-1"], "gateways": ["a-sip-1"]}
    plan = deployment_plan(groups, settings, matrix)
    assert [(server["flavor"], server["floating_ip"]) for server in plan["servers"]] == [("g", True)]
    assert plan["dns"] == []
    plan = deployment_plan(groups, settings | {"jitsi_trunk": {"transport": "tls"}}, matrix)
    assert plan["dns"] == [{"name": "sip-1.meet.a.example", "server": "a-sip-1"}]
