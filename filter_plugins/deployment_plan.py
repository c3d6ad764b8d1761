"""Filter deployment_plan: what a customer's folder would put into the cloud."""

DOCUMENTATION = r"""
name: deployment_plan
short_description: Shape a customer's plan and choices into what would be deployed
description:
  - Data for C(make plan) and P(topology_picture#filter), made from what the customer wrote, without asking the cloud.
  - A server in several groups is of the kind of the first of them, in the order meet, videobridges, turn, directories,
    streamers, recorders, gateways.
  - A server gets a floating IP where the firewall matrix lets in anybody but other servers of the plan.
positional: _input, choices, firewall_matrix
options:
  _input:
    description: Ansible's C(groups), group name to host names.
    type: dict
    required: true
  choices:
    description: The choices, name to value; valid ones.
    type: dict
    required: true
  firewall_matrix:
    description: Who may open a connection to whom, C({group {ingress [{proto, port, peer, why}]}}).
    type: dict
    required: true
"""

EXAMPLES = r"""
plan: "{{ groups | deployment_plan(choices, firewall_matrix) }}"
"""

RETURN = r"""
_value:
  description:
    - C(servers), each with C(name), C(groups), C(flavor), C(volume_gb) and C(floating_ip) (a boolean).
    - C(ports), each with C(group), C(peer), C(port) and C(why).
    - C(dns), each with C(name) and C(server).
  type: dict
"""

# group of machines -> kind of machine in the choices, in the order in which a shared server takes its kind
KINDS = {
    "meet": "meet",
    "videobridges": "videobridge",
    "turn": "turn",
    "directories": "directory",
    "streamers": "streamer",
    "recorders": "recorder",
    "gateways": "gateway",
}
EVERY_SERVER = "jitsi"


def _port(rule: dict) -> str:
    return f"{rule['port']}/{rule['proto']}" if "port" in rule else rule["proto"]


def deployment_plan(groups, choices, firewall_matrix) -> dict:
    """Return servers, ports and DNS records as data."""
    ingress = {group: rules.get("ingress", []) for group, rules in firewall_matrix.items()}
    public = {g for g, rules in ingress.items() if g != EVERY_SERVER and any(r["peer"] not in groups for r in rules)}
    servers = []
    for name in groups.get(EVERY_SERVER, []):
        mine = [group for group in KINDS if name in groups.get(group, [])]
        kind = KINDS[mine[0]]
        servers.append(
            {
                "name": name,
                "groups": mine,
                "flavor": choices["cloud_flavors"][kind],
                "volume_gb": choices["cloud_volume_gb"].get(kind, 0),
                "floating_ip": bool(public & set(mine)),
            }
        )
    domain = choices["jitsi_domain"]
    dns = [{"name": domain, "server": server} for server in groups.get("meet", [])]
    dns += [{"name": f"turn-{n}.{domain}", "server": server} for n, server in enumerate(groups.get("turn", []), 1)]
    dns += [{"name": f"stream.{domain}", "server": server} for server in groups.get("streamers", [])]
    if choices.get("jitsi_trunk", {}).get("transport") == "tls":
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
