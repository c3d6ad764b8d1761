import pytest
from trunk_rows import trunk_rows


@pytest.mark.parametrize(
    ("transport", "proto", "port"), [("udp", "udp", 5060), ("tcp", "tcp", 5060), ("tls", "tcp", 5061)]
)
def test_calls_come_in_where_the_gateway_listens_and_leave_where_the_trunk_does(transport, proto, port):
    rows = trunk_rows({"transport": transport, "port": 5070})
    assert [(row["proto"], row["port"]) for row in rows["ingress"] if row["peer"] == "trunk"] == [(proto, port)]
    assert [(row["proto"], row["port"], row["peer"]) for row in rows["egress"]] == [(proto, 5070, "world")]


def test_only_a_gateway_with_a_certificate_lets_the_world_in():
    world = {t: [r["port"] for r in trunk_rows({"transport": t, "port": 1})["ingress"] if r["peer"] == "world"]
             for t in ("udp", "tcp", "tls")}  # fmt: skip
    assert world == {"udp": [], "tcp": [], "tls": [80]}
