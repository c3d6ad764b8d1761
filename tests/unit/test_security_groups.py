import pytest

from toolkit.firewall.security_groups import security_groups

ADMIN = ["192.0.2.0/24", "2001:db8::/32"]


def rules(entry, direction="ingress", admin=ADMIN):
    matrix = {"meet": {direction: [entry]}, "videobridges": {}}
    return next(g["rules"] for g in security_groups(matrix, "acme", admin) if g["name"] == "acme-meet")


def test_every_group_of_the_matrix_is_a_security_group_of_the_customer():
    matrix = {"jitsi": {}, "meet": {"ingress": []}}
    assert security_groups(matrix, "acme", []) == [
        {"name": "acme-jitsi", "rules": []},
        {"name": "acme-meet", "rules": []},
    ]


def test_the_world_is_written_out_for_both_families():
    assert rules({"proto": "tcp", "port": 443, "peer": "world"}) == [
        {
            "direction": "ingress",
            "ethertype": ethertype,
            "protocol": "tcp",
            "port_range_min": 443,
            "port_range_max": 443,
            "remote_ip_prefix": prefix,
            "remote_group": None,
        }
        for ethertype, prefix in (("IPv4", "0.0.0.0/0"), ("IPv6", "::/0"))
    ]


def test_administrators_come_from_their_networks_only():
    found = rules({"proto": "tcp", "port": 22, "peer": "admin"})
    assert [(r["ethertype"], r["remote_ip_prefix"]) for r in found] == [
        ("IPv4", "192.0.2.0/24"),
        ("IPv6", "2001:db8::/32"),
    ]
    assert rules({"proto": "tcp", "port": 22, "peer": "admin"}, admin=[]) == []


def test_a_group_is_named_not_resolved():
    found = rules({"proto": "tcp", "port": 5222, "peer": "videobridges"}, "egress")
    assert [(r["direction"], r["ethertype"], r["remote_group"], r["remote_ip_prefix"]) for r in found] == [
        ("egress", "IPv4", "acme-videobridges", None),
        ("egress", "IPv6", "acme-videobridges", None),
    ]


def test_a_range_of_ports_has_two_ends():
    found = rules({"proto": "udp", "port": "1024-65535", "peer": "world"})
    assert {(r["port_range_min"], r["port_range_max"]) for r in found} == {(1024, 65535)}


def test_icmp_has_its_own_protocol_per_family_and_no_port():
    found = rules({"proto": "icmp", "peer": "world"})
    assert [(r["protocol"], r["port_range_min"]) for r in found] == [("icmp", None), ("ipv6-icmp", None)]


def test_the_same_rule_twice_is_printed_once():
    matrix = {"meet": {"ingress": [{"proto": "tcp", "port": 22, "peer": p, "why": p} for p in ("world", "admin")]}}
    (group,) = security_groups(matrix, "acme", ["0.0.0.0/0"])
    assert len(group["rules"]) == 2


def test_refuses_a_peer_that_is_no_group():
    with pytest.raises(ValueError, match="videobridge'"):
        rules({"proto": "tcp", "port": 1, "peer": "videobridge"})


def test_a_named_peer_is_its_networks():
    matrix = {"streamers": {"ingress": [{"proto": "tcp", "port": 1936, "peer": "publishers", "why": "streams"}]}}
    (group,) = security_groups(matrix, "acme", [], {"publishers": ["192.0.2.0/24", "2001:db8::/64"]})
    assert [(rule["ethertype"], rule["remote_ip_prefix"], rule["remote_group"]) for rule in group["rules"]] == [
        ("IPv4", "192.0.2.0/24", None),
        ("IPv6", "2001:db8::/64", None),
    ]
