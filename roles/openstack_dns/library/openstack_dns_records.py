#!/usr/bin/python
"""A customer's DNS records in Designate, in a zone that may hold records of others."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from ansible.module_utils.openstack_customer import CustomerModule, is_of_a_host, owner

DOCUMENTATION = r"""
module: openstack_dns_records
short_description: Publish a customer's DNS records in Designate
description:
  - Works in a zone that holds records of others. A record belongs to the customer when its description says so (the
    owner's mark); no other record is ever changed or deleted.
  - A record of somebody else that stands under one of the names is left alone when it has the wanted value, and refused
    before anything is changed when it has another.
  - A zone that exists is never changed. A missing one is made, with a mark of its own in its description.
  - The customer's records of the stated hosts that are no longer wanted are deleted.
  - Answers when Designate says that its name servers have all records.
options:
  customer:
    description: The customer's name.
    type: str
    required: true
  zone:
    description: The zone of the records, with or without the final dot.
    type: str
    required: true
  contact:
    description: The mail address in a new zone.
    type: str
    required: true
  hosts:
    description: Names of all planned hosts.
    type: list
    elements: str
    required: true
  records:
    description: >-
      C({host, name, type, value}) per record, the name with its final dot; an empty value stands for an address that is
      not known yet, whose record is not published.
    type: list
    elements: dict
    required: true
  state:
    description: C(judged) only says what cannot be published, C(present) publishes, and fails where it cannot.
    type: str
    choices: [judged, present]
    default: present
extends_documentation_fragment: openstack.cloud.openstack
"""

EXAMPLES = r"""
- name: Publish the records
  openstack_dns_records:
    cloud: mycloud
    customer: acme
    zone: hoster.example
    contact: admin@hoster.example
    hosts: [acme-meet]
    records:
      - {host: acme-meet, name: meet.hoster.example., type: A, value: 198.51.100.7}
"""

RETURN = r"""
published:
  description: The records that are published under the customer's mark, as "name type value".
  type: list
  elements: str
  returned: when state is present
errors:
  description: Why the records cannot be published, one sentence each.
  type: list
  elements: str
  returned: when state is judged
"""

# Name and type of a record -> what it is to be.
Wanted = Mapping[tuple[str, str], Mapping[str, str]]

TTL = 300
# Types that answer the question where a name leads.
ADDRESSES = ("A", "AAAA", "CNAME")


def obstacles(existing: Iterable[Any], wanted: Wanted, customer: str) -> list[str]:
    """Return a sentence per record of somebody else that leads one of the wanted names elsewhere."""
    names = {name for name, _ in wanted}
    return [
        f"The record {record.name} {record.type} {' '.join(sorted(record.records))} in the zone {record.zone_name} "
        f"leads elsewhere and does not belong to customer {customer} (its description is "
        f"'{record.description or ''}'): delete it (openstack recordset delete {record.zone_id} {record.id}), or hand "
        "it over by the description "
        f"'{owner(customer, next(w['host'] for (name, _), w in wanted.items() if name == record.name))}'."
        for record in existing
        if record.name in names and record.type in ADDRESSES and not is_of_a_host(record.description, customer)
        if list(record.records) != [wanted.get((record.name, record.type), {}).get("value")]
    ]


class Records(CustomerModule):
    argument_spec: ClassVar = {
        "customer": {"required": True},
        "zone": {"required": True},
        "contact": {"required": True},
        "hosts": {"type": "list", "elements": "str", "required": True},
        "records": {"type": "list", "elements": "dict", "required": True},
        "state": {"choices": ["judged", "present"], "default": "present"},
    }
    module_kwargs: ClassVar = {"supports_check_mode": True}

    def run(self) -> None:
        self.changed = False
        self.zone_name = self.params["zone"].rstrip(".") + "."
        wanted = {(record["name"], record["type"]): record for record in self.params["records"]}
        zone, errors = self._find_zone()
        existing = list(self.conn.dns.recordsets(zone)) if zone else []
        errors += obstacles(existing, wanted, self.params["customer"])
        if self.params["state"] == "judged":
            self.exit_json(changed=False, errors=errors)
        if errors:
            self.fail_json(msg=" ".join(errors) + " No record was touched.")
        zone = zone or self._make_zone()
        published = self._keep(zone, existing, wanted)
        self.exit_json(changed=self.changed, published=published)

    def _find_zone(self) -> tuple[Any, list[str]]:
        """Return the zone, if it is there and can be written to, and what is wrong."""
        if not self.conn.has_service("dns"):
            return None, [
                "cloud_dns.mode is designate, and the cloud has no DNS service: write mode: printed and set the "
                "records yourself."
            ]
        zone = next(self.conn.dns.zones(name=self.zone_name), None)
        if zone and zone.type != "PRIMARY":
            return None, [
                f"The zone {self.zone_name} is a {zone.type.lower()} one, whose records come from elsewhere: write "
                "a primary zone as cloud_dns.zone, or cloud_dns.mode: printed."
            ]
        return zone, []

    def _make_zone(self) -> Any:
        self.changed = True
        if self.check_mode:
            return None
        zone = self.conn.dns.create_zone(
            name=self.zone_name,
            email=self.params["contact"],
            description=f"made for {owner(self.params['customer'])}",
        )
        self._await_active(lambda: [self.conn.dns.get_zone(zone)])
        return zone

    def _keep(self, zone: Any, existing: Iterable[Any], wanted: Wanted) -> list[str]:
        """Create, update and delete the customer's records; return what is published."""
        customer, found = self.params["customer"], {(record.name, record.type): record for record in existing}
        owners = {owner(customer, host) for host in self.params["hosts"]}
        for record in existing:
            if record.description in owners and (record.name, record.type) not in wanted:
                self._apply(self.conn.dns.delete_recordset, record)
        kept = set()
        for key, want in ((key, want) for key, want in wanted.items() if want["value"]):
            values = {"records": [want["value"]], "ttl": TTL, "description": owner(customer, want["host"])}
            record = found.get(key)
            if record and not is_of_a_host(record.description, customer):
                continue
            kept.add(key)
            if not record:
                self._apply(self.conn.dns.create_recordset, zone, name=key[0], type=key[1], **values)
            elif any(getattr(record, field) != value for field, value in values.items()):
                self._apply(self.conn.dns.update_recordset, record, **values)
        if not self.check_mode:
            self._await_active(lambda: [r for r in self.conn.dns.recordsets(zone) if (r.name, r.type) in kept])
        return [" ".join([name, kind, wanted[name, kind]["value"]]) for name, kind in sorted(kept)]

    def _apply(self, request: Callable[..., Any], *arguments: Any, **values: Any) -> None:
        self.changed = True
        if not self.check_mode:
            request(*arguments, **values)

    def _await_active(self, look: Callable[[], Iterable[Any]]) -> None:
        """Wait until Designate has handed what is looked at to its name servers."""
        while waiting := [thing for thing in look() if thing.status != "ACTIVE"]:
            if time.monotonic() > self.deadline or any(thing.status == "ERROR" for thing in waiting):
                self.fail_json(
                    msg="The cloud's DNS service did not publish "
                    + ", ".join(f"{thing.name} (state {thing.status})" for thing in waiting)
                    + f" within {self.params['timeout']} s: ask the cloud's operator, or write cloud_dns.mode: printed."
                )
            time.sleep(0.5)


if __name__ == "__main__":
    Records()()
