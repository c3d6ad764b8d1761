"""What the world's DNS must know of a server."""

from toolkit.plan.dns_records import dns_records


def test_every_name_leads_to_both_addresses():
    assert dns_records(
        ["meet.acme.example", "turn-1.meet.acme.example"], "acme-meet", "198.51.100.7", "2001:db8::7"
    ) == [
        {"host": "acme-meet", "name": name, "type": kind, "value": value}
        for name in ("meet.acme.example.", "turn-1.meet.acme.example.")
        for kind, value in (("A", "198.51.100.7"), ("AAAA", "2001:db8::7"))
    ]


def test_a_server_without_a_public_ipv6_address_has_no_aaaa_record():
    assert [record["type"] for record in dns_records(["meet.acme.example"], "acme-meet", "198.51.100.7", "")] == ["A"]


def test_a_server_that_is_not_there_yet_has_a_record_without_a_value():
    assert [record["value"] for record in dns_records(["meet.acme.example"], "acme-meet", "", "")] == [""]
