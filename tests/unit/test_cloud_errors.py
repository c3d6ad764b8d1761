"""Why a cloud cannot serve a plan: names, sizes, quotas and addresses, all at once."""

import copy

import pytest

from toolkit.cloud.cloud_errors import cloud_errors
from toolkit.cloud.quotas import needed

RULES = [{"port": 1}] * 5
WANTED = {
    "customer": "acme",
    "image": "debian-13",
    "external_network": "public",
    "networks": ["10.71.0.0/24", "2001:db8:71::/64"],
    "security_groups": [{"name": "acme-jitsi", "rules": RULES}, {"name": "acme-meet", "rules": RULES}],
    "servers": [
        {"name": "acme-meet", "groups": ["meet"], "flavor": "medium", "public": True, "volume_gb": 0,
         "server_group": "", "zone": ""},
        {"name": "acme-jvb-1", "groups": ["videobridges"], "flavor": "large", "public": True, "volume_gb": 20,
         "server_group": "acme-videobridges", "zone": "az1"},
        {"name": "acme-ldap", "groups": ["directories"], "flavor": "medium", "public": False, "volume_gb": 0,
         "server_group": "", "zone": ""},
    ],
}  # fmt: skip
NOTHING = {"key pair": [], "server group": [], "network": [], "router": [], "IPv4 subnet": [], "IPv6 subnet": []}
FACTS = {
    "images": [{"id": "i1", "name": "debian-13", "status": "active", "min_disk": 6, "min_ram": 1024}],
    "flavors": [
        {"id": "f1", "name": "medium", "vcpus": 2, "ram": 4096, "disk": 20},
        {"id": "f2", "name": "large", "vcpus": 4, "ram": 8192, "disk": 0},
        {"id": "f3", "name": "tiny", "vcpus": 1, "ram": 900, "disk": 5},
        {"id": "f4", "name": "none", "vcpus": 1, "ram": 499, "disk": 3},
    ],
    "external_networks": [{"id": "n1", "name": "public", "cidrs": ["198.51.100.0/24"], "free": 100}],
    "zones": ["az1", "az2"],
    "own": NOTHING,
    "hosts": {"servers": [], "ports": [], "floating IPs": [], "volumes": []},
    "rules": {},
    "quotas": {},
    "has_volumes": True,
}
NEEDED = {
    "instances": 3,
    "cores": 8,
    "MB of memory": 16384,
    "key pairs": 1,
    "server groups": 1,
    "members of a server group": 1,
    "networks": 1,
    "subnets": 2,
    "routers": 1,
    "ports": 5,
    "floating IPs": 2,
    "security groups": 2,
    "security group rules": 14,
    "volumes": 1,
    "GB of volumes": 20,
}
HALF = {
    "own": {**NOTHING, "network": [{"id": "1", "name": "acme-jitsi"}], "IPv4 subnet": [{"id": "2", "name": "x"}]},
    "hosts": {
        "servers": ["acme-meet"],
        "ports": ["acme-meet", "acme-jvb-1"],
        "floating IPs": ["acme-meet"],
        "volumes": ["acme-jvb-1"],
    },
    "rules": {"acme-jitsi": 3, "acme-meet": 9},
}


def judge(wanted=None, servers=None, **facts):
    """The errors of the cloud with other facts, and of other wishes; servers: what differs from the plan's, by name."""
    wishes = copy.deepcopy(WANTED) | (wanted or {})
    for server in wishes["servers"]:
        server |= (servers or {}).get(server["name"], {})
    return cloud_errors(FACTS | facts, wishes)


def image(**more):
    return {**FACTS["images"][0], **more}


def test_a_plan_that_fits():
    assert judge() == []
    assert judge(images=[image(), image(id="i2", name="other")]) == []
    assert judge({"image": "i2"}, images=[image(), image(id="i2")]) == []


def test_two_images_of_one_name_are_refused_with_their_identifiers():
    assert judge(images=[image(id="i2", status="deactivated"), image()]) == [
        "The cloud has 2 images named debian-13 (i1, i2): write the identifier of the one you mean as cloud_image."
    ]


def test_an_image_that_cannot_be_booted():
    assert judge(images=[image(status="queued")]) == [
        "The image debian-13 (i1) is queued: write an active one as cloud_image."
    ]


def test_what_is_missing_is_refused_with_what_there_is():
    assert judge(
        {"image": "x", "external_network": "y"}, {"acme-meet": {"flavor": "z"}, "acme-jvb-1": {"zone": "mars"}}
    ) == [
        "cloud_image names the image x, and the cloud has debian-13: write one it has.",
        "cloud_flavors names the flavor z, and the cloud has large, medium, none, tiny: write one it has.",
        "cloud_external_network names the external network y, and the cloud has public: write one it has.",
        "cloud_bridge_zones names mars, and the cloud has az1, az2: write zones it has.",
    ]
    assert judge({"external_network": "public"}, external_networks=[]) == [
        "cloud_external_network names the external network public, and the cloud has none: write one it has."
    ]


def test_several_of_what_the_toolkit_makes_once():
    two = [{"id": "b", "name": "acme-jitsi-ipv4"}, {"id": "a", "name": "acme-jitsi-ipv4"}]
    assert judge(own={**NOTHING, "IPv4 subnet": two}) == [
        "The cloud has 2 IPv4 subnets named acme-jitsi-ipv4 (a, b), and the toolkit makes one: delete or rename all "
        "but the one in use."
    ]


def test_flavors_without_memory():
    assert judge(servers={"acme-meet": {"flavor": "tiny"}}, images=[image(min_ram=0, min_disk=0)]) == [
        "cloud_flavors.meet is tiny with 900 MB of memory, and a meet host needs 1000 MB: write a larger flavor."
    ]
    assert judge(servers={"acme-meet": {"flavor": "tiny"}}, images=[image(min_ram=2048, min_disk=0)]) == [
        "cloud_flavors.meet is tiny with 900 MB of memory, and the image debian-13 needs 2048 MB: write a larger "
        "flavor."
    ]


def test_disks_that_are_too_small():
    assert judge(servers={"acme-meet": {"flavor": "tiny"}}, images=[image(min_ram=0)]) == [
        "cloud_flavors.meet is tiny with 900 MB of memory, and a meet host needs 1000 MB: write a larger flavor.",
        "cloud_flavors.meet is tiny with 5 GB of disk, and the image debian-13 needs 6 GB: write a larger flavor, or "
        "cloud_volume_gb.meet: 10.",
    ]
    assert judge(servers={"acme-jvb-1": {"volume_gb": 3}}, images=[image(min_disk=0)]) == [
        "cloud_volume_gb.videobridge is 3, and a videobridge host needs 4 GB: write 4 at least."
    ]
    assert judge(servers={"acme-jvb-1": {"volume_gb": 0}}, has_volumes=False) == [
        "cloud_flavors.videobridge is large with 0 GB of disk, and the image debian-13 needs 6 GB: write a larger "
        "flavor."
    ]


def test_volumes_without_block_storage():
    assert judge(has_volumes=False) == [
        "cloud_volume_gb.videobridge is 20, and the cloud has no block storage: write 0, and a flavor with 6 GB of "
        "disk."
    ]


def test_a_kind_of_machine_is_judged_once():
    bridges = [{**WANTED["servers"][1], "name": f"acme-jvb-{number}", "flavor": "none"} for number in (1, 2)]
    assert len(judge({"servers": bridges})) == 1


def test_what_a_first_run_needs():
    assert needed(FACTS, WANTED) == NEEDED


def test_what_is_there_is_not_needed_again():
    assert needed({**FACTS, **HALF}, WANTED) == NEEDED | {
        "instances": 2,
        "cores": 6,
        "MB of memory": 12288,
        "networks": 0,
        "subnets": 1,
        "ports": 2,
        "floating IPs": 1,
        "security groups": 0,
        "security group rules": 2,
        "volumes": 0,
        "GB of volumes": 0,
    }


@pytest.mark.parametrize(("kind", "more"), NEEDED.items())
def test_a_quota_that_does_not_suffice(kind, more):
    enough = {kind: {"limit": more + 7, "used": 7}}
    assert judge(quotas=enough) == []
    assert judge(quotas={kind: {"limit": -1, "used": 7}}) == []
    assert judge(quotas={kind: {"limit": more + 6, "used": 7}}) == [
        f"The project's quota of {kind} is {more + 6}, 7 are used and the plan needs {more} more: have it raised to "
        f"{more + 7}, or plan less."
    ]


def test_a_quota_that_is_exceeded_already_and_asked_nothing_of():
    full = {"volumes": {"limit": 1, "used": 5}}
    assert judge(servers={"acme-jvb-1": {"volume_gb": 0, "flavor": "medium"}}, quotas=full) == []


def test_all_quotas_at_once():
    assert len(judge(quotas={kind: {"limit": 0, "used": 0} for kind in NEEDED})) == len(NEEDED)


def test_addresses():
    network = FACTS["external_networks"][0]
    assert judge(external_networks=[{**network, "free": None}]) == []
    assert judge(external_networks=[{**network, "free": 2}]) == []
    assert judge(external_networks=[{**network, "free": 1, "cidrs": ["10.71.0.128/25", "2001:db8::/32"]}]) == [
        "The external network public has 1 free addresses, and the plan needs 2 more: have addresses added, write "
        "another cloud_external_network, or release floating IPs.",
        "cloud_network_cidr is 10.71.0.0/24, and the external network public has 10.71.0.128/25: write a range that "
        "does not overlap with it.",
        "cloud_network_cidr_ipv6 is 2001:db8:71::/64, and the external network public has 2001:db8::/32: write a range "
        "that does not overlap with it.",
    ]
