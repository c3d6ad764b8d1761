"""Whose records are whose, and what is refused; tried on a real Designate by lab/openstack-full/test_names.py."""

from types import SimpleNamespace as Thing

import pytest
from openstack_dns_records import is_own, obstacles

NAME = "meet.hoster.example."
WANTED = {(NAME, "A"): {"host": "acme-meet", "value": "198.51.100.7"}}


def record(description="", kind="A", values=("198.51.100.9",), name=NAME):
    return Thing(
        id="r1", zone_id="z1", zone_name="hoster.example.", name=name, type=kind, records=list(values),
        description=description,
    )  # fmt: skip


@pytest.mark.parametrize("description", [None, "", "by hand", "jitsi customer acme-west host acme-west-meet"])
def test_only_the_mark_makes_a_record_the_customers(description):
    assert not is_own(record(description), "acme")
    assert is_own(record("jitsi customer acme host acme-meet"), "acme")


@pytest.mark.parametrize(
    "foreign",
    [
        record(),
        record("jitsi customer beta host beta-meet"),
        record(kind="CNAME", values=["www.hoster.example."]),
        record(kind="AAAA", values=["2001:db8::1"]),
        record(values=["198.51.100.7", "198.51.100.9"]),
    ],
)
def test_a_record_of_others_that_leads_elsewhere_is_refused_with_the_fix(foreign):
    (sentence,) = obstacles([foreign], WANTED, "acme")
    assert f"{NAME} {foreign.type}" in sentence
    assert "openstack recordset delete z1 r1" in sentence
    assert "'jitsi customer acme host acme-meet'" in sentence


@pytest.mark.parametrize(
    "harmless",
    [
        record(values=["198.51.100.7"]),
        record("jitsi customer acme host acme-meet"),
        record(name="www.hoster.example."),
        record(kind="TXT", values=['"v=spf1 -all"']),
    ],
)
def test_what_leads_nowhere_else_is_no_obstacle(harmless):
    assert obstacles([harmless], WANTED, "acme") == []


def test_while_an_address_is_not_known_yet_any_record_of_others_is_refused():
    wanted = {(NAME, "A"): {"host": "acme-meet", "value": ""}}
    assert len(obstacles([record(values=["198.51.100.7"])], wanted, "acme")) == 1
