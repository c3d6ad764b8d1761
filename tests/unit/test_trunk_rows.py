from pathlib import Path

import pytest
import yaml

from toolkit.firewall.trunk_rows import LISTENS, trunk_rows

OFFER = yaml.safe_load((Path(__file__).parents[2] / "group_vars/jitsi/firewall.yml").read_text())["firewall_offer"]


@pytest.mark.parametrize(
    ("transport", "proto", "port"), [("udp", "udp", 5060), ("tcp", "tcp", 5060), ("tls", "tcp", 5061)]
)
def test_calls_come_in_where_the_gateway_listens_and_leave_where_the_trunk_does(transport, proto, port):
    rows = trunk_rows({"transport": transport, "port": 5070})
    assert [(row["proto"], row["port"]) for row in rows["ingress"] if row["peer"] == "trunk"] == [(proto, port)]
    assert [(row["proto"], row["port"], row["peer"]) for row in rows["egress"]] == [(proto, 5070, "world")]


@pytest.mark.parametrize(("transport", "listens"), LISTENS.items())
def test_without_a_port_the_trunk_is_reached_at_every_one_of_its_networks(transport, listens):
    """DNS names it; over UDP the matrix has that row for the sound of calls."""
    proto, port = listens
    rows = OFFER["gateways"]["egress"] + trunk_rows({"transport": transport, "port": 0})["egress"]
    said = [(row["proto"], row["port"], row["peer"]) for row in rows]
    assert (proto, port, "world") in said
    assert (proto, "1024-65535", "trunk") in said
    assert len(said) == len(set(said))


def test_only_a_gateway_with_a_certificate_lets_the_world_in():
    world = {t: [r["port"] for r in trunk_rows({"transport": t, "port": 1})["ingress"] if r["peer"] == "world"]
             for t in ("udp", "tcp", "tls")}  # fmt: skip
    assert world == {"udp": [], "tcp": [], "tls": [80]}
