"""Whose zones and records are whose, and what is refused; on a real Designate by tests/cloud/test_names.py."""

import time
from types import SimpleNamespace as Thing

import pytest
from ansible.module_utils.openstack_customer import is_of_a_host
from openstack_dns_records import Records, obstacles
from openstack_resources import Resources

ZONE = "hoster.example."
NAME = f"meet.{ZONE}"
WANTED = {(NAME, "A"): {"host": "acme-meet", "value": "198.51.100.7"}}


def record(description="", kind="A", values=("198.51.100.9",), name=NAME):
    return Thing(
        id="r1", zone_id="z1", zone_name=ZONE, name=name, type=kind, records=list(values), description=description,
        status="ACTIVE", ttl=300,
    )  # fmt: skip


@pytest.mark.parametrize("description", [None, "", "by hand", "jitsi customer acme-west host acme-west-meet"])
def test_only_the_mark_makes_a_record_the_customers(description):
    assert not is_of_a_host(description, "acme")
    assert is_of_a_host("jitsi customer acme host acme-meet", "acme")


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


class Nothing:
    """A service that has none of whatever is asked for."""

    def __getattr__(self, name):
        return lambda **_: []


class Cloud:
    """A cloud with one DNS zone, or none, and nothing else."""

    current_project_id, compute, network = "p1", Nothing(), Nothing()

    def __init__(self, zone=None, *records):
        self.zone, self.records = zone, [*records]
        self.dns = self

    def has_service(self, kind):
        return kind == "dns"

    def zones(self, name=ZONE):
        return iter([self.zone] if self.zone and self.zone.name == name else [])

    def recordsets(self, zone):
        return [*self.records]

    def create_zone(self, **values):
        self.zone = Thing(type="PRIMARY", status="ACTIVE", **values)
        self.records = [record(kind="SOA", name=ZONE), record(kind="NS", name=ZONE)]
        return self.zone

    def get_zone(self, zone):
        return zone

    def update_zone(self, zone, **values):
        vars(zone).update(values)
        return zone

    def delete_zone(self, zone):
        self.zone, self.records = None, []

    def create_recordset(self, zone, name, type, records, ttl, description):
        self.records.append(record(description, type, records, name))

    def delete_recordset(self, record):
        self.records.remove(record)

    def wait_for_delete(self, thing, **_):
        return thing


class Done(Exception):
    """The module has an answer."""


def run(module, cloud, **parameters):
    """Run a module on the cloud; return its answer."""

    def exit_json(**answer):
        raise Done(answer)

    running = module.__new__(module)
    running.conn, running.check_mode, running.exit_json, running.warn = cloud, False, exit_json, lambda _: None
    running.params = {"customer": "acme", "hosts": None, "timeout": 5} | parameters
    running.deadline = time.monotonic() + 5
    with pytest.raises(Done) as done:
        running.run()
    return done.value.args[0]


def deploy(cloud):
    wanted = {"host": "acme-meet", "name": NAME, "type": "A", "value": "198.51.100.7"}
    zone = {"zone": "hoster.example", "contact": "admin@acme.example"}
    return run(Records, cloud, state="present", hosts=["acme-meet"], records=[wanted], **zone)


@pytest.mark.parametrize(
    "records", [[record(kind="SOA", name=ZONE)], [record(kind="MX", name=ZONE), record(name=f"www.{ZONE}")]]
)
def test_a_zone_that_was_there_is_never_changed_nor_deleted(records):
    zone = Thing(name=ZONE, type="PRIMARY", status="ACTIVE", description="since 2019", email="it@hoster.example")
    before, cloud = {**vars(zone)}, Cloud(zone, *records)
    assert [deploy(cloud)["changed"] for _ in range(2)] == [True, False]
    assert vars(zone) == before
    assert run(Resources, cloud, state="absent")["deleted"]["DNS records"] == [NAME]
    assert (cloud.zone, vars(zone), cloud.records) == (zone, before, records)


def test_a_zone_the_toolkit_made_goes_unless_others_are_in_it():
    cloud = Cloud()
    deploy(cloud)
    others = record(name=f"www.{ZONE}")
    cloud.records.append(others)
    run(Resources, cloud, state="absent")
    assert others in cloud.records
    cloud.records.remove(others)
    assert run(Resources, cloud, state="absent")["deleted"]["DNS zones"] == [ZONE]
    assert cloud.zone is None
