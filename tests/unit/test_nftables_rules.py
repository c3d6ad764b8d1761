import pytest

from toolkit.firewall.nftables_rules import nftables_rules

ADDRESSES = {"meet": ["10.71.0.10"], "videobridges": ["10.71.0.11", "10.71.0.12"], "turn": []}
WORLD = ["0.0.0.0/0", "::/0"]


def rules(ingress=(), egress=(), groups=("meet",), admin=WORLD):
    matrix = {
        "meet": {"ingress": [{"why": "w", **row} for row in ingress], "egress": [{"why": "w", **r} for r in egress]}
    }
    return nftables_rules(matrix, list(groups), ADDRESSES, admin)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"proto": "tcp", "port": 443, "peer": "world"}, ['tcp dport 443 goto visitors comment "w"']),
        ({"proto": "udp", "port": "49152-65535", "peer": "world"}, ['udp dport 49152-65535 accept comment "w"']),
        ({"proto": "icmp", "peer": "world"}, ['meta l4proto { icmp, ipv6-icmp } accept comment "w"']),
        (
            {"proto": "tcp", "port": 5222, "peer": "videobridges"},
            ['ip saddr { 10.71.0.11, 10.71.0.12 } tcp dport 5222 accept comment "w"'],
        ),
        ({"proto": "icmp", "peer": "meet"}, ['ip saddr { 10.71.0.10 } meta l4proto icmp accept comment "w"']),
        (
            {"proto": "tcp", "port": 22, "peer": "admin"},
            [f'meta nfproto {family} tcp dport 22 accept comment "w"' for family in ("ipv4", "ipv6")],
        ),
    ],
)
def test_prints_a_row(row, expected):
    assert rules(ingress=[row]) == {"input": expected, "output": []}


def test_egress_matches_the_destination():
    row = {"proto": "tcp", "port": 5222, "peer": "meet"}
    assert rules(egress=[row])["output"] == ['ip daddr { 10.71.0.10 } tcp dport 5222 accept comment "w"']


def test_admin_networks_are_split_by_family_and_merged():
    row = {"proto": "tcp", "port": 22, "peer": "admin"}
    assert rules(ingress=[row], admin=["192.0.2.0/25", "192.0.2.0/24", "2001:db8::/64", "192.0.2.7"])["input"] == [
        'ip saddr { 192.0.2.0/24 } tcp dport 22 accept comment "w"',
        'ip6 saddr { 2001:db8::/64 } tcp dport 22 accept comment "w"',
    ]


def test_a_peer_without_addresses_opens_nothing():
    assert rules(ingress=[{"proto": "tcp", "port": 5222, "peer": "turn"}]) == {"input": [], "output": []}


def test_merges_the_groups_of_a_shared_machine_and_leaves_out_the_others():
    def ssh(why):
        return {"proto": "tcp", "port": 22, "peer": "world", "why": why}

    matrix = {
        "meet": {"ingress": [ssh("first")]},
        "turn": {"ingress": [ssh("second"), {"proto": "udp", "port": 3478, "peer": "world", "why": "TURN"}]},
        "videobridges": {"ingress": [{"proto": "udp", "port": 10000, "peer": "world", "why": "media"}]},
    }
    assert nftables_rules(matrix, ["turn", "meet"], {}, [])["input"] == [
        'tcp dport 22 goto visitors comment "first"',
        'udp dport 3478 accept comment "TURN"',
    ]


def test_a_reason_cannot_end_its_comment():
    row = {"proto": "udp", "port": 1, "peer": "world", "why": 'a" drop; add rule "\n'}
    assert rules(ingress=[row])["input"][0].count('"') == 2


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"proto": "tcp", "port": 22, "peer": "bridges"}, "bridges"),
        ({"proto": "sctp", "port": 22, "peer": "world"}, "sctp"),
        ({"proto": "tcp", "peer": "world"}, "tcp"),
        ({"proto": "tcp", "port": "22; drop", "peer": "world"}, "drop"),
    ],
)
def test_refuses_a_row_it_cannot_print(row, named):
    with pytest.raises(ValueError, match=named):
        rules(ingress=[row])


def test_refuses_an_address_that_is_none():
    with pytest.raises(ValueError, match="admin"):
        rules(ingress=[{"proto": "tcp", "port": 22, "peer": "admin"}], admin=["192.0.2.1/24"])
