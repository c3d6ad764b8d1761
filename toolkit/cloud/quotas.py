"""What the project's quotas leave, compared with what is planned and not there yet."""

from collections.abc import Iterator, Mapping

from toolkit.cloud.named import find
from toolkit.cloud.shapes import Facts, Flavor, Planned, Wanted

# Rules that a new security group has until the toolkit's own are there.
DEFAULT_RULES = 2
SUBNETS = ("IPv4 subnet", "IPv6 subnet")  # as the plan's networks


def quota_errors(facts: Facts, wanted: Wanted) -> Iterator[str]:
    """Yield a sentence for each quota that does not suffice; what the cloud does not tell is not judged."""
    for kind, more in needed(facts, wanted).items():
        quota = facts["quotas"].get(kind)
        if not quota or quota["limit"] < 0 or not more or quota["used"] + more <= quota["limit"]:
            continue
        yield (
            f"The project's quota of {kind} is {quota['limit']}, {quota['used']} are used and the plan needs {more} "
            f"more: have it raised to {quota['used'] + more}, or plan less."
        )


def needed(facts: Facts, wanted: Wanted) -> Mapping[str, int]:
    """Return how much more the plan needs of what has a quota."""
    hosts, own = facts["hosts"], facts["own"]
    servers = [server for server in wanted["servers"] if server["name"] not in hosts["servers"]]
    flavors = [flavor for server in servers for flavor in _flavor(facts, server)]
    volumes = [server for server in servers if server["volume_gb"] and server["name"] not in hosts["volumes"]]
    grouped = [server["name"] for server in wanted["servers"] if server["server_group"]]
    subnets = sum(not own[kind] for kind, _ in zip(SUBNETS, wanted["networks"], strict=False))
    return {
        "instances": len(servers),
        "cores": sum(flavor["vcpus"] for flavor in flavors),
        "MB of memory": sum(flavor["ram"] for flavor in flavors),
        "key pairs": int(not own["key pair"]),
        "server groups": int(bool(grouped) and not own["server group"]),
        "members of a server group": len(grouped),
        "networks": int(not own["network"]),
        "subnets": subnets,
        "routers": int(not own["router"]),
        # A router has a port in each subnet.
        "ports": sum(server["name"] not in hosts["ports"] for server in wanted["servers"]) + subnets,
        "floating IPs": missing_addresses(facts, wanted),
        "security groups": sum(group["name"] not in facts["rules"] for group in wanted["security_groups"]),
        "security group rules": sum(
            max(len(group["rules"]) - facts["rules"].get(group["name"], -DEFAULT_RULES), 0)
            for group in wanted["security_groups"]
        ),
        "volumes": len(volumes),
        "GB of volumes": sum(server["volume_gb"] for server in volumes),
    }


def missing_addresses(facts: Facts, wanted: Wanted) -> int:
    """Return how many floating IPs are planned and not there yet."""
    there = facts["hosts"]["floating IPs"]
    return sum(server["public"] and server["name"] not in there for server in wanted["servers"])


def _flavor(facts: Facts, server: Planned) -> list[Flavor]:
    """The server's flavor, if it is one."""
    found = find(server["flavor"], facts["flavors"])
    return found if len(found) == 1 else []
