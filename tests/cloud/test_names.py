"""DNS zones that customers share, on the running cloud's Designate: ``pytest tests/cloud/test_names.py``.

Needs ``lab/openstack-full/up`` to have run. The roles' own modules are run, as the playbooks run them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import dns.message
import dns.query
import openstack
import pytest
from shared_zone import NAME_SERVER, make, show

CHECKOUT = Path(__file__).parents[2]
CLOUDS = Path(os.environ.get("LAB_STATE", CHECKOUT / ".lab")) / "openstack-full/clouds.yaml"

# Runs a module with what it shares with others where Ansible would put it.
RUN = """
import ansible.module_utils, runpy, sys
shared, module = sys.argv[1:]
del sys.argv[1:]  # a module reads standard input when it has no arguments
ansible.module_utils.__path__.append(shared)
runpy.run_path(module, run_name="__main__")
"""
ADDRESSES = {"demo": "198.51.100.7", "beta": "198.51.100.8"}


@pytest.fixture(scope="module")
def cloud() -> openstack.connection.Connection:
    config = openstack.config.OpenStackConfig(config_files=[str(CLOUDS)])
    return openstack.connection.Connection(config=config.get_one("lab"))


def module(role: str, name: str, **arguments) -> dict:
    """Run a role's module, and return its answer."""
    words = [sys.executable, "-c", RUN, CHECKOUT / "module_utils", CHECKOUT / "roles" / role / "library" / f"{name}.py"]
    done = subprocess.run(
        words,
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {"cloud": "lab", **arguments}}),
        env=os.environ | {"OS_CLIENT_CONFIG_FILE": str(CLOUDS), "PYTHONPATH": str(CHECKOUT / "collections")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def publish(customer: str, zone: str, address: str = "", **arguments) -> dict:
    host = f"{customer}-meet"
    record = {
        "host": host,
        "name": f"{customer}-meet.{zone}.",
        "type": "A",
        "value": address or ADDRESSES[customer],
    }
    settings = {"customer": customer, "zone": zone, "contact": f"admin@{customer}.test", "hosts": [host]}
    return module("openstack_dns", "openstack_dns_records", **settings, **({"records": [record]} | arguments))


def destroy(customer: str) -> dict:
    return module("openstack_resources", "openstack_resources", customer=customer, state="absent")


def resolve(name: str) -> list[str]:
    answer = dns.query.udp(dns.message.make_query(name, "A"), NAME_SERVER, timeout=5)
    return [value.to_text() for found in answer.answer for value in found]


@pytest.fixture(scope="module")
def house(cloud):
    """A zone that was there before, with records of others in it."""
    make(cloud, "house.test.")
    yield "house.test"
    cloud.dns.delete_zone(cloud.dns.find_zone("house.test."))


def test_two_customers_share_a_zone_that_was_there_and_leave_it_as_it_was(house, cloud):
    before = show(cloud, "house.test.")
    assert before["transfer"]
    for customer in ADDRESSES:
        assert publish(customer, house)["changed"]
    zone = show(cloud, "house.test.")["zone"]
    assert zone == before["zone"]
    for customer, address in ADDRESSES.items():
        assert publish(customer, house)["changed"] is False
        assert resolve(f"{customer}-meet.house.test.") == [address]

    deleted = destroy("demo")
    assert deleted["deleted"]["DNS records"] == ["demo-meet.house.test."]
    assert deleted["deleted"]["DNS zones"] == []
    assert resolve("demo-meet.house.test.") == []
    assert resolve("beta-meet.house.test.") == [ADDRESSES["beta"]]
    beta = destroy("beta")
    # The house has another record with beta's mark, made before.
    assert sorted(beta["deleted"]["DNS records"]) == ["beta-meet.house.test.", "beta.house.test."]
    after = show(cloud, "house.test.")
    gone = [line for line in before["transfer"] if line.startswith("beta.")]
    assert after["transfer"] == [line for line in before["transfer"] if line not in gone]
    assert after["zone"] == before["zone"]


def test_a_record_of_others_under_the_customers_name_is_refused_and_stays(house, cloud):
    before = show(cloud, "house.test.")
    record = {"host": "demo-meet", "name": "www.house.test.", "type": "A", "value": "198.51.100.7"}
    for state in ("judged", "present"):
        answer = publish("demo", house, records=[record], state=state)
        assert answer.get("failed", False) == (state == "present")
        (error,) = answer.get("errors") or [answer["msg"]]
        assert "www.house.test. A 192.0.2.80 192.0.2.81" in error
        assert "does not belong to customer demo" in error
    assert show(cloud, "house.test.") == before


def test_records_follow_addresses_and_go_with_the_role_of_their_host(house, cloud):
    before = show(cloud, "house.test.")
    publish("demo", house)
    assert publish("demo", house, address="198.51.100.77")["changed"]
    assert resolve("demo-meet.house.test.") == ["198.51.100.77"]
    assert publish("demo", house, records=[])["changed"]
    assert show(cloud, "house.test.") == before


def test_a_zone_the_toolkit_made_goes_with_its_maker_unless_others_are_in_it(cloud):
    assert publish("demo", "made.test")["changed"]
    zone = cloud.dns.find_zone("made.test.")
    mine = cloud.dns.create_recordset(zone, name="www.made.test.", type="A", records=["192.0.2.80"])
    first = destroy("demo")
    assert first["deleted"]["DNS zones"] == []
    assert "The DNS zone made.test. stays" in json.dumps(first["warnings"])
    cloud.dns.delete_recordset(mine)
    cloud.dns.wait_for_delete(mine, interval=1, wait=60)
    second = destroy("demo")
    assert second["deleted"]["DNS zones"] == ["made.test."]
    assert show(cloud, "made.test.") == {}
    assert destroy("demo")["changed"] is False
