"""What a customer's folder would put into the cloud."""

from toolkit.machines import kinds_of
from toolkit.shapes import Groups, Matrix, Plan, Port, Row, Server, Settings

EVERY_SERVER = "jitsi"


def _port(rule: Row) -> str:
    return f"{rule['port']}/{rule['proto']}" if "port" in rule else rule["proto"]


def deployment_plan(groups: Groups, settings: Settings, firewall_matrix: Matrix) -> Plan:
    """Return servers, ports and DNS records as data; the settings are valid ones."""
    ingress = {group: rules.get("ingress", []) for group, rules in firewall_matrix.items()}
    servers: list[Server] = []
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
    ports: list[Port] = [
        {"group": group, "peer": rule["peer"], "port": _port(rule), "why": rule["why"]}
        for group, rules in ingress.items()
        for rule in rules
    ]
    return {"servers": servers, "ports": ports, "dns": dns}
