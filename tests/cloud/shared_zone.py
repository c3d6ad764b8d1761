"""A DNS zone as a house has it before its first customer comes: shared_zone.py make|show ZONE

make puts a page, mail and another customer's conference into a new zone. show prints all that Designate and its name
server know of the zone, but the serial number, which counts changes.
"""

import json
import os
import sys
import time
from pathlib import Path

import dns.query
import dns.zone
import openstack

NAME_SERVER = "172.31.255.2"
# More than Designate lists on one page.
PLENTY = 25


def others(zone: str) -> list[tuple[str, str, list[str], str | None]]:
    """Return what is in the zone: name, type, values, description."""
    return [
        (zone, "MX", [f"10 mail.{zone}"], None),
        (f"mail.{zone}", "A", ["192.0.2.25"], "mail, since 2019"),
        (f"www.{zone}", "A", ["192.0.2.80", "192.0.2.81"], None),
        (f"beta.{zone}", "A", ["192.0.2.90"], "jitsi customer beta host beta-turn-1"),
        (f"demo-west.{zone}", "A", ["192.0.2.91"], "jitsi customer demo-west host demo-west-meet"),
        *((f"host-{number}.{zone}", "A", [f"192.0.2.{100 + number}"], None) for number in range(PLENTY)),
    ]


def make(cloud: openstack.connection.Connection, name: str) -> None:
    """Make the zone with its records, and wait until the name server has them."""
    zone = cloud.dns.create_zone(name=name, email="hostmaster@house.test", description="the house's zone", ttl=7200)
    for record, kind, values, description in others(name):
        cloud.dns.create_recordset(zone, name=record, type=kind, records=values, description=description, ttl=600)
    deadline = time.monotonic() + 120
    while any(record.status != "ACTIVE" for record in cloud.dns.recordsets(zone)):
        assert time.monotonic() < deadline, f"Designate does not publish {name}: its logs are on the control node"
        time.sleep(0.5)


def show(cloud: openstack.connection.Connection, name: str) -> dict:
    """Return what Designate and the name server have of the zone."""
    zone = next(cloud.dns.zones(name=name), None)
    if not zone:
        return {}
    records = [record for record in cloud.dns.recordsets(zone) if record.type != "SOA"]
    transfer = dns.zone.from_xfr(dns.query.xfr(NAME_SERVER, name, relativize=False), relativize=False)
    return {
        "zone": [zone.id, zone.email, zone.description, zone.ttl],
        "records": sorted([r.id, r.name, r.type, sorted(r.records), r.ttl, r.description] for r in records),
        "transfer": sorted(line for line in transfer.to_text(relativize=False).splitlines() if " SOA " not in line),
    }


if __name__ == "__main__":
    verb, zone_name = sys.argv[1:]
    state = Path(os.environ.get("LAB_STATE", Path(__file__).parents[2] / ".lab"))
    settings = openstack.config.OpenStackConfig(config_files=[str(state / "openstack-full/clouds.yaml")])
    connection = openstack.connection.Connection(config=settings.get_one("lab"))
    answer = {"make": make, "show": show}[verb](connection, f"{zone_name}.")
    print(json.dumps(answer, indent=1, sort_keys=True))
