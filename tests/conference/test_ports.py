"""The firewall matrix, as the world and as the servers see it."""

import ipaddress
import json
import re

import outside
import pytest
from customer import reachable

# What would hurt if the world reached it: the daemons' inner ports and what operating systems like to listen on.
KNOCKED = [
    *(21, 22, 25, 53, 80, 111, 139, 143, 443, 445, 631, 2222, 3000, 3306, 3333, 3478, 4443, 4444, 4445),
    *(5000, 5060, 5061, 5222, 5223, 5269, 5270, 5280, 5281, 5347, 5349, 5355, 5432, 5582, 5766, 6379),
    *(8000, 8080, 8443, 8788, 8888, 9090, 9100, 10000, 11211),
]
DHCP_CLIENT = {68, 546}

OPEN = pytest.mark.guard(
    "nothing; but the internet reaches a service on {server} that must be closed",
    "group_vars/jitsi/firewall.yml; on {server}: nft list ruleset; ss -lntup; the security groups (make plan)",
)


@pytest.fixture(scope="module")
def doors(customer) -> dict[tuple[str, int], str]:
    """What happens to those who knock at the customer's public addresses."""
    addresses = {address for host in customer.hosts for address in filter(reachable, host.public)}
    return outside.knock(sorted(addresses), KNOCKED)


@pytest.mark.notice(
    "parts of the conference are unreachable, or the internet reaches a service on {server} that must be closed",
    "group_vars/jitsi/firewall.yml; on {server}: nft list ruleset; the security groups (make plan)",
)
def test_ports_from_outside(customer, server, doors):
    """From outside, exactly the ports of the firewall matrix are open"""
    world = server.allowed(customer.firewall, "tcp", {"world"})
    admin = server.allowed(customer.firewall, "tcp", {"admin"})  # may be let through, depending on where we stand
    errors = []
    for address in filter(reachable, server.public):
        # "closed" is as bad as "open": the firewalls let it pass, and one day somebody listens.
        passed = {port for port in KNOCKED if doors[address, port] != "filtered"}
        too_many = sorted(port for port in passed if not any_of(port, world | admin))
        missing = sorted(port for port in KNOCKED if any_of(port, world) and port not in passed)
        errors += [f"{address} lets {numbers(too_many)} through"] * bool(too_many)
        errors += [f"{address} does not let {numbers(missing)} through"] * bool(missing)
    assert not errors, "; ".join(errors)


def numbers(ports: list[int]) -> str:
    return ", ".join(f"{port}/tcp" for port in ports)


def any_of(port: int, ranges: set[range]) -> bool:
    return any(port in allowed for allowed in ranges)


def is_loopback(address: str) -> bool:
    if address == "*":
        return False
    known = ipaddress.ip_address(address)
    return (getattr(known, "ipv4_mapped", None) or known).is_loopback  # Java writes 127.0.0.1 as ::ffff:127.0.0.1


def listeners(text: str) -> list[tuple[str, int, str]]:
    """(protocol, port, program) of each line of `ss -Hlntup` that others than this machine can reach."""
    found = []
    for line in text.splitlines():
        protocol, _, _, _, local, _, *rest = line.split()
        address, _, port = local.rpartition(":")
        address, _, interface = address.strip("[]").partition("%")
        if interface != "lo" and not is_loopback(address):
            program = re.search(r'"([^"]+)"', " ".join(rest))
            found.append((protocol, int(port), program[1] if program else "?"))
    return found


@OPEN
def test_listeners(customer, login, server):
    """On every server, only ports of the firewall matrix or ports that it blocks listen beyond loopback"""
    done = login(server).run("ss -Hlntup")
    assert done.rc == 0, done.stderr
    strangers = {
        f"{port}/{protocol} ({program})"
        for protocol, port, program in listeners(done.stdout)
        if not any_of(port, server.allowed(customer.firewall, protocol))
        and not any_of(port, server.guarded_ports(protocol))
        and not (protocol == "udp" and port in DHCP_CLIENT)
    }
    assert not strangers, f"{server.name} listens on {', '.join(sorted(strangers))}"


@OPEN
def test_host_firewall(login, server):
    """On every server the firewall is loaded and drops everything else"""
    done = login(server).run("nft --json list chains")
    assert done.rc == 0, done.stderr
    chains = [entry["chain"] for entry in json.loads(done.stdout)["nftables"] if "chain" in entry]
    policies = {chain["hook"]: chain["policy"] for chain in chains if chain.get("hook") and chain["family"] == "inet"}
    for hook in ("input", "forward", "output"):
        assert policies.get(hook) == "drop", f"{server.name}: the policy of {hook} is {policies.get(hook, 'missing')}"
