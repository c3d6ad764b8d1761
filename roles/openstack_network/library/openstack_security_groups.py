#!/usr/bin/python
"""Keep a customer's security groups exactly as stated, all of them in one call."""

from typing import Any, ClassVar

from ansible.module_utils.openstack_customer import owner
from ansible_collections.openstack.cloud.plugins.module_utils.openstack import OpenStackModule

DOCUMENTATION = r"""
module: openstack_security_groups
short_description: Keep a customer's security groups exactly as stated
description:
  - Creates all groups first and their rules second, so that groups may name each other as peers.
  - Rules that are not stated are removed, the default egress rules among them. Missing rules are added before others
    are removed, so that traffic which stays allowed is never interrupted.
  - Unlike C(openstack.cloud.security_group) it leaves a rule whose range ends at port 65535 alone when it is there.
options:
  customer:
    description: The owner; written into the description of each group.
    type: str
    required: true
  groups:
    description: C({name, rules}) per group, as the filter C(security_groups) prints them.
    type: list
    elements: dict
    required: true
extends_documentation_fragment: openstack.cloud.openstack
"""

EXAMPLES = r"""
- name: Create the security groups
  openstack_security_groups:
    cloud: mycloud
    customer: acme
    groups: "{{ firewall_matrix | security_groups('acme', ['192.0.2.0/24']) }}"
"""

RETURN = r"""
security_groups:
  description: The identifier of each group by its name.
  type: dict
  returned: always
"""

FIELDS = ("direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix")


def wanted(rule: dict[str, Any], ids: dict[str, str]) -> tuple[Any, ...]:
    """Return what identifies a stated rule; its remote group is a name."""
    group = rule["remote_group"]
    return (*(rule[field] for field in FIELDS), ids.get(group, group))


def present(rule: Any) -> tuple[Any, ...]:
    """Return what identifies one of Neutron's rules; its remote group is an identifier."""
    ethertype = rule["ethertype"] if "ethertype" in rule else rule["ether_type"]
    values = {**rule, "ethertype": ethertype}
    return (*(values.get(field) for field in FIELDS), values.get("remote_group_id"))


class SecurityGroups(OpenStackModule):
    argument_spec: ClassVar = {
        "customer": {"required": True},
        "groups": {"type": "list", "elements": "dict", "required": True},
    }
    module_kwargs: ClassVar = {"supports_check_mode": True}

    def run(self) -> None:
        description = owner(self.params["customer"])
        found = list(self.conn.network.security_groups(project_id=self.conn.current_project_id))
        groups = {group.name: group for group in found if group.description == description}
        changed = False
        for name in (group["name"] for group in self.params["groups"] if group["name"] not in groups):
            changed = True
            if self.check_mode:
                continue
            groups[name] = self.conn.network.create_security_group(name=name, description=description)
        ids = {name: group.id for name, group in groups.items()}
        for stated in self.params["groups"]:
            if stated["name"] in groups:
                changed |= self._keep_rules(groups[stated["name"]], stated["rules"], ids)
        self.exit_json(changed=changed, security_groups=ids)

    def _keep_rules(self, group: Any, stated: list[dict[str, Any]], ids: dict[str, str]) -> bool:
        want = {wanted(rule, ids) for rule in stated}
        have = {present(rule): rule["id"] for rule in group.security_group_rules}
        missing, surplus = want - have.keys(), have.keys() - want
        if not self.check_mode:
            if missing:
                rules = [
                    {
                        **dict(zip(FIELDS, rule, strict=False)),
                        "remote_group_id": rule[-1],
                        "security_group_id": group.id,
                    }
                    for rule in sorted(missing, key=str)
                ]
                for rule in rules:
                    rule["ether_type"] = rule.pop("ethertype")
                self.conn.network.create_security_group_rules(rules)
            for gone in surplus:
                self.conn.network.delete_security_group_rule(have[gone])
        return bool(missing or surplus)


if __name__ == "__main__":
    SecurityGroups()()
