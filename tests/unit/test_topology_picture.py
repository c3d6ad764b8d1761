import re
from pathlib import Path

import yaml

from toolkit.firewall.trunk_rows import LISTENS, trunk_rows
from toolkit.plan.plan_text import PEERS
from toolkit.plan.topology_picture import OUTSIDE, topology_picture

ROOT = Path(__file__).parents[2]

PLAN = {
    "servers": [
        {"name": "a-meet", "groups": ["meet"], "flavor": 'odd"flavor]'},
        {"name": "a-jvb-1", "groups": ["videobridges", "turn"], "flavor": "m1"},
    ],
    "ports": [
        {"group": "jitsi", "peer": "world", "port": "icmp", "why": ""},
        {"group": "jitsi", "peer": "meet", "port": "22/tcp", "why": ""},
        {"group": "meet", "peer": "world", "port": "443/tcp", "why": ""},
        {"group": "meet", "peer": "videobridges", "port": "5222/tcp", "why": ""},
        {"group": "videobridges", "peer": "world", "port": "10000/udp", "why": ""},
        {"group": "turn", "peer": "world", "port": "3478/udp", "why": ""},
    ],
}
ARROW = re.compile(r'  (\w+) -- "([^"]*)" --> (\w+)')


def test_every_pair_that_may_talk_is_one_arrow_with_its_ports():
    arrows = {(m[1], m[3]): m[2] for m in map(ARROW.fullmatch, topology_picture(PLAN, "t").splitlines()) if m}
    assert arrows == {
        ("a_meet", "a_jvb_1"): "22/tcp",
        ("world", "a_meet"): "443/tcp",
        ("a_jvb_1", "a_meet"): "5222/tcp",
        ("world", "a_jvb_1"): "10000/udp, 3478/udp",
    }


def test_every_line_is_mermaid_whatever_the_names():
    grammar = [
        r"flowchart LR",
        r'  \w+\(\("[^"]+"\)\)',
        r'  subgraph network\["[^"]*"\]',
        r'    \w+\["[^"\[\]]*"\]',
        r"  end",
        ARROW.pattern,
    ]
    for line in topology_picture(PLAN, 'acme "x" [y]').splitlines():
        assert any(re.fullmatch(rule, line) for rule in grammar), line


def test_whoever_comes_from_outside_is_in_the_picture_and_the_text():
    """The networks of the matrix, and whom its rows let in that is no group of servers."""
    wiring = yaml.safe_load((ROOT / "group_vars/jitsi/firewall.yml").read_text())
    offer = wiring["firewall_offer"]
    rows = [rows.get("ingress", []) for rows in offer.values()]
    rows += [trunk_rows({"transport": transport, "port": 5060})["ingress"] for transport in LISTENS]
    parties = {row["peer"] for some in rows for row in some} - set(offer) | set(wiring["firewall_networks"])
    assert {"world", "admin"} < parties
    assert parties == set(OUTSIDE) == set(PEERS)


def test_the_trunk_is_drawn():
    plan = {
        "servers": [{"name": "a-sip-1", "groups": ["gateways"], "flavor": "m1"}],
        "ports": [{"group": "gateways", "peer": "trunk", "port": "5060/udp", "why": ""}],
    }
    assert '  trunk -- "5060/udp" --> a_sip_1' in topology_picture(plan, "t").splitlines()
