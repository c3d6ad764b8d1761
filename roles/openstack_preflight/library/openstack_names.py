#!/usr/bin/python
"""The cloud's things that a customer's settings name, looked up before anything is made."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from ansible_collections.openstack.cloud.plugins.module_utils.openstack import OpenStackModule

DOCUMENTATION = r"""
module: openstack_names
short_description: Refuse names that the cloud does not have, or has more than once
description:
  - Looks up image, flavors, external network and availability zones by name or identifier, and what the toolkit itself
    makes by the customer's name. Lists all errors at once. Changes nothing.
options:
  customer:
    description: The customer's name.
    type: str
    required: true
  image:
    description: The image (RV(cloud_image)).
    type: str
    required: true
  flavors:
    description: All flavors (RV(cloud_flavors)).
    type: list
    elements: str
    required: true
  external_network:
    description: The network that lends floating IPs (RV(cloud_external_network)).
    type: str
    required: true
  zones:
    description: Availability zones to boot in (RV(cloud_bridge_zones)).
    type: list
    elements: str
    default: []
extends_documentation_fragment: openstack.cloud.openstack
"""

EXAMPLES = r"""
- name: Look up what the settings name
  openstack_names:
    cloud: mycloud
    customer: acme
    image: debian-13
    flavors: [m1.medium, m1.large]
    external_network: public
"""

RETURN = r"""
"""


def error(kind: str, setting: str, name: str, things: Sequence[Any]) -> str:
    """Return what is wrong with a name that is to mean exactly one of the things, or an empty text."""
    found = [thing for thing in things if thing.id == name] or [thing for thing in things if thing.name == name]
    if not found:
        known = ", ".join(sorted({thing.name for thing in things})[:20]) or "none"
        return f"{setting} names the {kind} {name}, and the cloud has {known}: write one it has."
    if len(found) > 1:
        return (
            f"The cloud has {len(found)} {kind}s named {name} ({', '.join(sorted(thing.id for thing in found))}): "
            f"write the identifier of the one you mean as {setting}."
        )
    # Networks are ACTIVE or not; images are active, or wait for their data, or are withdrawn.
    if kind == "image" and found[0].status != "active":
        return f"The image {name} ({found[0].id}) is {found[0].status}: write an active one as {setting}."
    return ""


def duplicate(kind: str, name: str, things: Sequence[Any]) -> str:
    """Return what is wrong when the cloud has several of what the toolkit makes once, or an empty text."""
    found = sorted(thing.id for thing in things if thing.name == name)
    if len(found) < 2:
        return ""
    return (
        f"The cloud has {len(found)} {kind}s named {name} ({', '.join(found)}), and the toolkit makes one: delete or "
        "rename all but the one in use."
    )


class Names(OpenStackModule):
    argument_spec: ClassVar = {
        "customer": {"required": True},
        "image": {"required": True},
        "flavors": {"type": "list", "elements": "str", "required": True},
        "external_network": {"required": True},
        "zones": {"type": "list", "elements": "str", "default": []},
    }
    module_kwargs: ClassVar = {"supports_check_mode": True}

    def run(self) -> None:
        errors = [*self._of_settings(), *self._of_own()]
        if any(errors):
            self.fail_json(msg=" ".join([*filter(None, errors), "Nothing was touched."]))
        self.exit_json(changed=False)

    def _of_settings(self) -> Iterator[str]:
        """Yield the errors of what the settings name."""
        network, image = self.params["external_network"], self.params["image"]
        yield error("image", "cloud_image", image, list(self.conn.image.images()))
        flavors = list(self.conn.compute.flavors())
        for name in sorted(set(self.params["flavors"])):
            yield error("flavor", "cloud_flavors", name, flavors)
        networks = list(self.conn.network.networks(is_router_external=True))
        yield error("external network", "cloud_external_network", network, networks)
        if self.params["zones"]:
            zones = sorted(zone.name for zone in self.conn.compute.availability_zones())
            for name in sorted(set(self.params["zones"]) - set(zones)):
                yield f"cloud_bridge_zones names {name}, and the cloud has {', '.join(zones)}: write zones it has."

    def _of_own(self) -> Iterator[str]:
        """Yield the errors of what the toolkit makes by name."""
        shared, project = f"{self.params['customer']}-jitsi", {"project_id": self.conn.current_project_id}
        network = self.conn.network
        for kind, things in (("network", network.networks), ("router", network.routers)):
            yield duplicate(kind, shared, list(things(name=shared, **project)))
        for family in ("ipv4", "ipv6"):
            name = f"{shared}-{family}"
            yield duplicate("subnet", name, list(network.subnets(name=name, **project)))
        bridges = f"{self.params['customer']}-videobridges"
        yield duplicate("server group", bridges, list(self.conn.compute.server_groups()))


if __name__ == "__main__":
    Names()()
