import pytest

from toolkit.plan.plan_text import plan_text

SERVER = {"flavor": "m1", "floating_ip": True, "groups": ["videobridges"]}
PLAN = {
    "servers": [{"name": f"a-jvb-{n}", "volume_gb": gb, **SERVER} for n, gb in ((1, 0), (2, 50))],
    "ports": [{"group": "videobridges", "peer": "world", "port": "10000/udp", "why": "media"}],
    "dns": [{"name": "meet.a.example", "server": "a-meet"}],
}
SETTINGS = {
    "jitsi_plan": "p",
    "jitsi_plans": {"p": {"users": 100}},
    "jitsi_usage_profile": "few",
    "jitsi_release": "1",
    "jitsi_releases": {"1": {"jicofo": "1.0-1"}},
    "jitsi_repository": {"url": "https://r.example"},
    "cloud_name": "c",
    "cloud_image": "debian-12",
    "cloud_network_cidr": "10.0.0.0/24",
    "cloud_network_cidr_ipv6": "",
    "cloud_external_network": "public",
    "cloud_bridge_vcpus": 4,
    "cloud_dns": {"mode": "printed"},
}


def lines(settings=None, people=80):
    return [" ".join(line.split()) for line in plan_text(PLAN, SETTINGS | (settings or {}), people).splitlines()]


@pytest.mark.parametrize(
    "line",
    [
        "Servers (2) on cloud c, image debian-12",
        "a-jvb-1 m1 local disk videobridges",
        "a-jvb-2 m1 volume of 50 GB videobridges",
        "10.0.0.0/24, routed to public",
        "videobridges 10000/udp from the world media",
        "Floating IPs (2)",
        "meet.a.example -> floating IP of a-meet",
        "Software: Jitsi 1 from https://r.example",
        "jicofo 1.0-1",
    ],
)
def test_says(line):
    assert line in lines()


@pytest.mark.parametrize(
    ("users", "people", "verdict"),
    [
        (100, 80, "plan p promises 100: enough, without a spare bridge"),
        (80, 80, "plan p promises 80: enough"),
        (161, 80, "plan p promises 161: TOO FEW, 3 bridges would do"),
        (0, 80, "plan p promises no number of people"),
    ],
)
def test_holds_the_capacity_against_the_promise(users, people, verdict):
    assert lines({"jitsi_plans": {"p": {"users": users}}}, people)[-1] == verdict


def test_shows_both_networks():
    assert "10.0.0.0/24, 2001:db8:71::/64, routed to public" in lines({"cloud_network_cidr_ipv6": "2001:db8:71::/64"})


def test_says_how_many_meetings_are_recorded_at_the_same_time():
    def said(count):
        recorders = [{"name": f"a-jibri-{n}", "volume_gb": 0, **SERVER, "groups": ["recorders"]} for n in range(count)]
        text = plan_text(PLAN | {"servers": PLAN["servers"] + recorders}, SETTINGS, 80)
        return [
            " ".join(line.split()) for line in text.splitlines() if "recording" in line and "at the same time" in line
        ]

    assert said(0) == []
    assert said(1) == ["1 x recorder: 1 recording at the same time"]
    assert said(2) == ["2 x recorder: 2 recordings at the same time"]
