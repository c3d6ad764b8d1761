"""Provisioning, retiring and destroying on the real OpenStack API."""

import os
import re
import signal
import time
from pathlib import Path

import openstack
import pytest
import yaml

from toolkit.firewall.planned_rows import planned_rows
from toolkit.machines import GROUPS

ROOT = Path(__file__).parents[2]
OFFER = yaml.safe_load((ROOT / "group_vars/jitsi/firewall.yml").read_text())["firewall_offer"]
# What holds for the example's plan, which has no group that may be missing.
MATRIX = planned_rows(OFFER, {group: [group] for group in OFFER if not (group in GROUPS and GROUPS[group].optional)})

# Without the accelerator: Ansible's own strategy, in which a run takes its time between two things it makes.
STOCK = {"ANSIBLE_STRATEGY": "linear"}


def belongs(customer, resource):
    """Tell whether a resource carries the customer's name as its own or in its description."""
    names = (resource.name or "", getattr(resource, "description", None) or "")
    pattern = rf"^{customer}-(jitsi|meet|videobridges|turn|jvb)\b|^jitsi customer {customer}( |$)"
    return any(re.search(pattern, name) for name in names)


def rule_of(rule, names):
    return (
        rule["direction"],
        rule["ethertype"],
        rule["protocol"],
        rule["port_range_min"],
        rule["port_range_max"],
        rule["remote_ip_prefix"],
        names.get(rule["remote_group_id"]),
    )


def picture(cloud, customer):
    """Return everything that the customer has in the cloud, without identifiers, addresses and the customer's name."""
    network, compute = cloud.network, cloud.compute
    mine = {"project_id": cloud.current_project_id}
    groups = list(network.security_groups(**mine))
    names = {group.id: group.name for group in groups}
    servers = list(compute.servers())
    hosts = {server.id: server.name for server in servers}
    ports = [port for port in network.ports(**mine)]
    host_of_port = {port.id: port.name for port in ports}
    networks = [n for n in network.networks(**mine) if belongs(customer, n)]
    routers = [r for r in network.routers(**mine) if belongs(customer, r)]
    found = {
        "servers": [
            (s.name, s.status, s.flavor["original_name"], sorted(s.metadata.items()), s.key_name)
            for s in servers
            if belongs(customer, s)
        ],
        "ports": [
            (p.name, p.description, hosts.get(p.device_id), sorted(names[g] for g in p.security_group_ids))
            for p in ports
            if belongs(customer, p)
        ],
        "floating IPs": [
            (ip.description, host_of_port.get(ip.port_id), ip.status)
            for ip in network.ips(**mine)
            if belongs(customer, ip)
        ],
        "security groups": [
            (g.name, g.description, sorted((rule_of(r, names) for r in g.security_group_rules), key=str))
            for g in groups
            if belongs(customer, g)
        ],
        "networks": [(n.name, sorted((s.name, s.cidr) for s in network.subnets(network_id=n.id))) for n in networks],
        "routers": [
            (
                r.name,
                bool(r.external_gateway_info),
                sum(p.device_id == r.id and p.device_owner == "network:router_interface" for p in ports),
            )
            for r in routers
        ],
        "key pairs": [key.name for key in compute.keypairs() if belongs(customer, key)],
        "server groups": [
            (g.name, g.policy, sorted(hosts.get(member, "") for member in g.member_ids))
            for g in compute.server_groups()
            if belongs(customer, g)
        ],
    }
    anonymous = re.sub(
        rf"\b{customer}\b", "CUSTOMER", repr({kind: sorted(things, key=str) for kind, things in found.items()})
    )
    return {kind: sorted(things, key=str) for kind, things in eval(anonymous).items()}  # noqa: S307  (our own repr)


def changed(output):
    """Return how many changes the recap of a run counts."""
    return sum(int(count) for count in re.findall(r"\bchanged=(\d+)", output))


@pytest.fixture(scope="module")
def neighbour(new_customer):
    """A customer of the same project whose name begins with the other one's, provisioned without interruption."""
    customer = new_customer("acme-west")
    code, output = customer.play("provision")
    assert code == 0, output
    return customer


@pytest.fixture(scope="module")
def acme(new_customer):
    """A customer with a zone for its bridges; the tests that follow use it up, in their order."""
    customer = new_customer("acme")
    customer.choose("cloud_bridge_zones: [nova]")
    code, output = customer.play("provision")
    assert code == 0, output
    return customer


def test_a_region_outside_the_allow_list_is_refused_before_anything_is_made(new_customer, cloud):
    abroad = new_customer("abroad")
    abroad.choose("cloud_regions_allowed: [RegionTwo]")
    code, output = abroad.play("provision")
    assert code != 0
    assert "the region 'RegionOne', which cloud_regions_allowed (RegionTwo) does not name" in output
    assert not any(picture(cloud, "abroad").values())


def test_names_that_mean_nothing_or_two_things_are_refused_before_anything_is_made(new_customer, cloud):
    twice = new_customer("twice")
    twice.choose("cloud_image: debian-twice")
    twice.choose("cloud_external_network: nowhere")
    twice.choose("cloud_bridge_zones: [mars]")
    images = [
        cloud.create_image("debian-twice", data=b"\0", disk_format="raw", container_format="bare", wait=True)
        for _ in range(2)
    ]
    code, output = twice.play("provision")
    assert code != 0
    identifiers = ", ".join(sorted(image.id for image in images))
    assert (
        f"The cloud has 2 images named debian-twice ({identifiers}): write the identifier of the one you mean as "
        "cloud_image. cloud_external_network names the external network nowhere, and the cloud has public: write one "
        "it has. cloud_bridge_zones names mars, and the cloud has nova: write zones it has. Nothing was touched."
    ) in output
    assert not any(picture(cloud, "twice").values())
    for image in images:
        cloud.image.delete_image(image)


def test_whatever_the_cloud_cannot_serve_is_said_at_once_before_anything_is_made(new_customer, cloud, clouds_yaml):
    poor = new_customer("poor")
    poor.choose("cloud_flavors: {meet: lab.small, videobridge: lab.medium, turn: lab.small}")
    poor.choose("cloud_volume_gb: {meet: 0, videobridge: 10, turn: 0}")
    poor.choose("cloud_network_cidr: 172.24.4.0/24")
    config = openstack.config.OpenStackConfig(config_files=[str(clouds_yaml)])
    operator = openstack.connection.Connection(config=config.get_one("lab-admin"))
    project, before = cloud.current_project_id, dict(cloud.compute.get_limits().absolute)
    used = before["instances_used"]
    operator.set_compute_quotas(project, instances=used + 3)
    operator.set_network_quotas(project, router=0)
    try:
        for playbook in ("preflight", "provision"):  # the former is a part of make plan
            code, output = poor.play(playbook)
            assert code != 0
            for error in (
                "cloud_flavors.meet is lab.small with 512 MB of memory, and a meet host needs 1000 MB: write a larger "
                "flavor.",
                "cloud_volume_gb.videobridge is 10, and the cloud has no block storage: write 0, and a flavor",
                f"The project's quota of instances is {used + 3}, {used} are used and the plan needs 4 more: have it "
                f"raised to {used + 4}, or plan less.",
                "The project's quota of routers is 0, ",
                "cloud_network_cidr is 172.24.4.0/24, and the external network public has 172.24.4.0/24: write a range",
            ):
                assert error in output
    finally:
        operator.set_compute_quotas(project, instances=before["instances"])
        operator.set_network_quotas(project, router=20)
    assert not any(picture(cloud, "poor").values())


def test_a_dry_run_says_what_would_be_made_where_nothing_is_yet(new_customer, cloud):
    fresh = new_customer("fresh")
    code, output = fresh.play("provision", "--check", "-e", "openstack_server_wait_for_ssh=true")
    assert code == 0, output
    assert changed(output) > 0
    assert not any(picture(cloud, "fresh").values())


def test_everything_planned_is_there(neighbour, cloud):
    seen = picture(cloud, "acme-west")
    assert [(name, status) for name, status, *_ in seen["servers"]] == [
        (f"CUSTOMER-{host}", "ACTIVE") for host in ("jvb-1", "jvb-2", "meet", "turn-1")
    ]
    assert [(host, status) for _, host, status in seen["floating IPs"]] == [
        (f"CUSTOMER-{host}", "ACTIVE") for host in ("jvb-1", "jvb-2", "meet", "turn-1")
    ]
    assert seen["networks"] == [
        ("CUSTOMER-jitsi", [("CUSTOMER-jitsi-ipv4", "10.71.0.0/24"), ("CUSTOMER-jitsi-ipv6", "2001:db8:71::/64")])
    ]
    assert seen["routers"] == [("CUSTOMER-jitsi", True, 2)]
    assert seen["server groups"] == [
        ("CUSTOMER-videobridges", "soft-anti-affinity", ["CUSTOMER-jvb-1", "CUSTOMER-jvb-2"])
    ]
    assert seen["key pairs"] == ["CUSTOMER-jitsi"]


def test_security_groups_are_the_matrix_in_both_families_and_nothing_else(neighbour, cloud):
    expected = {}
    for group, directions in MATRIX.items():
        rules = expected[f"CUSTOMER-{group}"] = set()
        for direction, entries in directions.items():
            for entry in entries:
                first, _, last = str(entry.get("port", "")).partition("-")
                ports = (int(first), int(last or first)) if first else (None, None)
                for family, everyone, icmp in (("IPv4", "0.0.0.0/0", "icmp"), ("IPv6", "::/0", "ipv6-icmp")):
                    anyone = entry["peer"] in ("world", "admin")  # the offer lets administrators come from everywhere
                    peer = (everyone, None) if anyone else (None, f"CUSTOMER-{entry['peer']}")
                    proto = icmp if entry["proto"] == "icmp" else entry["proto"]
                    rules.add((direction, family, proto, *ports, *peer))
    found = {name: rules for name, _, rules in picture(cloud, "acme-west")["security groups"]}
    assert {name: set(rules) for name, rules in found.items()} == expected
    assert all(len(rules) == len(set(rules)) for rules in found.values())


def test_a_second_run_changes_nothing(neighbour, cloud):
    before = picture(cloud, "acme-west")
    code, output = neighbour.play("provision")
    assert code == 0, output
    assert changed(output) == 0, output
    assert picture(cloud, "acme-west") == before


def kill(process):
    """Kill a run at once with all it started: Ansible's workers and modules lead groups of their own."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):  # it has ended meanwhile
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    family = [process.pid]
    for pid in family:
        family += children.get(pid, [])
    for pid in family:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.communicate()


def some(things, customer, at_least=1):
    """Tell whether that many of these belong to the customer."""
    return sum(belongs(customer, thing) for thing in things) >= at_least


# What the cloud has at the moment of the kill, in the order in which a run makes things. One request each, to be quick.
MOMENTS = {
    "after the network": lambda cloud: some(cloud.network.networks(), "brittle"),
    "after the router": lambda cloud: some(cloud.network.routers(), "brittle"),
    "amid the security groups": lambda cloud: some(cloud.network.security_groups(), "brittle"),
    "after the key pair": lambda cloud: some(cloud.compute.keypairs(), "brittle"),
    "amid the servers, made at the same time": lambda cloud: some(cloud.compute.servers(details=False), "brittle", 2),
}


def test_killed_at_five_points_and_run_again_ends_in_the_same_state(new_customer, neighbour, cloud):
    brittle = new_customer("brittle")
    for moment, reached in MOMENTS.items():
        assert not reached(cloud), f"an earlier run got beyond the moment '{moment}'"
        run = brittle.start("provision", **STOCK)
        deadline = time.monotonic() + 300
        while not reached(cloud):
            assert run.poll() is None, f"the run ended before the moment '{moment}': {run.stdout.read()}"
            assert time.monotonic() < deadline, moment
            time.sleep(0.1)  # leaves the cloud to the run
        kill(run)
    code, output = brittle.play("provision", **STOCK)
    assert code == 0, output
    assert picture(cloud, "brittle") == picture(cloud, "acme-west")


@pytest.mark.usefixtures("acme")
def test_bridges_are_booted_in_zones_the_cloud_has(cloud):
    zones = {s.name: s.availability_zone for s in cloud.compute.servers() if s.name.startswith("acme-jvb")}
    assert zones == {"acme-jvb-1": "nova", "acme-jvb-2": "nova"}


def test_a_server_that_stopped_is_left_alone_and_refused(acme, cloud):
    server = cloud.compute.find_server("acme-turn-1")
    cloud.compute.stop_server(server)
    cloud.compute.wait_for_server(server, status="SHUTOFF", interval=0.2)
    code, output = acme.play("provision")
    assert code != 0
    assert "The server acme-turn-1 is in state SHUTOFF, not ACTIVE" in output
    cloud.compute.start_server(server)
    cloud.compute.wait_for_server(server, status="ACTIVE", interval=0.2)


def test_retire_shows_then_deletes_exactly_what_is_no_longer_planned(acme, cloud):
    plan = acme.folder / "plan.yml"
    plan.write_text(plan.read_text().replace("[1:2]", "[1:1]"))
    before = picture(cloud, "acme")
    code, output = acme.play("retire")
    assert code == 0, output
    assert "Not in the plan: acme-jvb-2" in output
    assert "-e retire=acme" in output
    code, _ = acme.play("retire", "-e", "retire=acme-west")
    assert code != 0
    assert picture(cloud, "acme") == before
    known_hosts = acme.folder / "state/known_hosts"
    known_hosts.parent.mkdir(exist_ok=True)
    known_hosts.write_text("acme-jvb-1,192.0.2.1 ssh-ed25519 AAAA 1\nacme-jvb-2,192.0.2.2 ssh-ed25519 AAAA 2\n")
    code, output = acme.play("retire", "-e", "retire=acme")
    assert code == 0, output
    after = picture(cloud, "acme")
    for kind in ("servers", "ports"):
        assert [thing for thing in before[kind] if thing[0] != "CUSTOMER-jvb-2"] == after[kind]
    assert [ip for ip in before["floating IPs"] if ip[1] != "CUSTOMER-jvb-2"] == after["floating IPs"]
    shared = ("networks", "routers", "security groups", "key pairs")
    assert {kind: before[kind] for kind in shared} == {kind: after[kind] for kind in shared}
    assert known_hosts.read_text() == "acme-jvb-1,192.0.2.1 ssh-ed25519 AAAA 1\n"


def test_destroy_wants_the_name_leaves_nothing_and_spares_the_neighbour(acme, neighbour, cloud):
    everything, others = picture(cloud, "acme"), picture(cloud, "acme-west")
    code, output = acme.play("destroy")
    assert code != 0
    assert "is not the customer's name acme" in output
    assert picture(cloud, "acme") == everything

    run = acme.start("destroy", "-e", "destroy=acme", **STOCK)
    while len(picture(cloud, "acme")["servers"]) == len(everything["servers"]):
        assert run.poll() is None, run.stdout.read()
    kill(run)
    code, output = acme.play("destroy", "-e", "destroy=acme", **STOCK)
    assert code == 0, output
    assert "servers of acme left in the cloud: none" in output
    assert not any(picture(cloud, "acme").values())
    assert picture(cloud, "acme-west") == others
    code, output = acme.play("destroy", "-e", "destroy=acme")
    assert (code, changed(output)) == (0, 0), output


def test_a_cloud_that_does_not_answer_ends_the_run_loudly(new_customer, clouds_yaml, tmp_path):
    away = tmp_path / "clouds.yaml"
    away.write_text(re.sub(r"http://127.0.0.1:\d+/v3", "http://127.0.0.1:9/v3", clouds_yaml.read_text()))
    code, output = new_customer("away").play("provision", OS_CLIENT_CONFIG_FILE=str(away))
    assert code != 0
    assert "127.0.0.1:9" in output
