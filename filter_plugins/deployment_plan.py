"""Filter deployment_plan: what a customer's folder would put into the cloud."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from toolkit.machines import kinds_of

DOCUMENTATION = r"""
name: deployment_plan
short_description: Shape a customer's plan and settings into what would be deployed
description:
  - Data for C(make plan) and P(topology_picture#filter), made from what the customer wrote, without asking the cloud.
  - Flavor, volume and floating IP of a server follow from its groups (C(toolkit/machines.py)).
positional: _input, settings, firewall_matrix
options:
  _input:
    description: Ansible's C(groups), group name to host names.
    type: dict
    required: true
  settings:
    description: The settings, name to value; valid ones.
    type: dict
    required: true
  firewall_matrix:
    description: Who may open a connection to whom, C({group {ingress [{proto, port, peer, why}]}}).
    type: dict
    required: true
"""

EXAMPLES = r"""
plan: "{{ groups | deployment_plan(settings, firewall_matrix) }}"
"""

RETURN = r"""
_value:
  description:
    - C(servers), each with C(name), C(groups), C(flavor), C(volume_gb) and C(floating_ip) (a boolean).
    - C(ports), each with C(group), C(peer), C(port) and C(why).
    - C(dns), each with C(name) and C(server).
  type: dict
"""

EVERY_SERVER = "jitsi"


def _port(rule: dict) -> str:
    return f"{rule['port']}/{rule['proto']}" if "port" in rule else rule["proto"]


def deployment_plan(groups, settings, firewall_matrix) -> dict:
    """Return servers, ports and DNS records as data."""
    ingress = {group: rules.get("ingress", []) for group, rules in firewall_matrix.items()}
    servers = []
    for name in groups.get(EVERY_SERVER, []):
        kinds = kinds_of([group for group, hosts in groups.items() if name in hosts])
        servers.append(
            {
                "name": name,
                "groups": [kind.group for kind in kinds],
                "flavor": settings["cloud_flavors"][kinds[0].name],
                "volume_gb": settings["cloud_volume_gb"].get(kinds[0].name, 0),
                "floating_ip": any(kind.public for kind in kinds),
            }
        )
    domain = settings["jitsi_domain"]
    dns = [{"name": domain, "server": server} for server in groups.get("meet", [])]
    dns += [{"name": f"turn-{n}.{domain}", "server": server} for n, server in enumerate(groups.get("turn", []), 1)]
    dns += [{"name": f"stream.{domain}", "server": server} for server in groups.get("streamers", [])]
    if settings.get("jitsi_trunk", {}).get("transport") == "tls":
        dns += [
            {"name": f"sip-{n}.{domain}", "server": server} for n, server in enumerate(groups.get("gateways", []), 1)
        ]
    ports = [
        {"group": group, "peer": rule["peer"], "port": _port(rule), "why": rule["why"]}
        for group, rules in ingress.items()
        for rule in rules
    ]
    return {"servers": servers, "ports": ports, "dns": dns}


class FilterModule:
    """Makes deployment_plan known to Ansible."""

    def filters(self):
        return {"deployment_plan": deployment_plan}
