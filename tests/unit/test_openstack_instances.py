"""One server of a customer: where its boot volume lies, and what becomes of servers that are there."""

import base64
from types import SimpleNamespace as Thing

import pytest
import yaml
from ansible.module_utils.openstack_instance import Cloud, Instance, InstanceError
from corpus import examples, first_difference, texts

COMMON = {"customer": "acme", "timeout": 600, "network": "acme-jitsi", "image": "debian-13", "key_name": "acme-jitsi",
          "user": "ops", "public_keys": ["ssh-ed25519 AAAA operator"], "external_network": "public"}  # fmt: skip
BRIDGE = {"name": "acme-jvb-1", "groups": ["videobridges"], "flavor": "m1.large", "public": False, "volume_gb": 0,
          "security_groups": ["acme-jitsi"]}  # fmt: skip


class BadRequestException(Exception):
    """As the SDK's."""


class Storage:
    """Block storage with the zones az1 and nova."""

    def __init__(self):
        self.made, self.there = {}, []

    def availability_zones(self):
        return [Thing(name="az1"), Thing(name="nova")]

    def volumes(self, name):
        return self.there

    def create_volume(self, **request):
        self.made = request
        return Thing(id="v1")

    def wait_for_status(self, volume, **how):
        return volume


class Network:
    """A customer's network with a security group; counts what it is asked."""

    def __init__(self):
        self.asked = []

    def find_network(self, name, ignore_missing):
        self.asked.append(name)
        return Thing(id=f"id of {name}")

    def ports(self, **query):
        return []

    def ips(self, **query):
        return []

    def security_groups(self, **query):
        return [
            Thing(name="acme-jitsi", id="g1", description="jitsi customer acme"),
            Thing(name="acme-jitsi", id="g2", description="somebody else's"),
        ]

    def create_port(self, **request):
        return Thing(id="p1", **request)


class Compute:
    """Nova with these servers."""

    def __init__(self, servers):
        self.there, self.made, self.deleted = servers, [], []

    def servers(self, name):
        assert name == "^acme-"
        return self.there

    def find_flavor(self, name, ignore_missing):
        return Thing(id=f"id of {name}")

    def create_server(self, **request):
        self.made.append(request)
        return Thing(id="s1", **request)

    def delete_server(self, server):
        self.deleted.append(server.name)

    def wait_for_delete(self, server, **how):
        pass


def cloud(*servers, create_server=None):
    compute = Compute(list(servers))
    compute.create_server = create_server or compute.create_server
    image = Thing(find_image=lambda name, ignore_missing: Thing(id="i1"))
    conn = Thing(network=Network(), compute=compute, image=image, block_storage=Storage(), current_project_id="p")
    return Cloud(conn, COMMON, lambda: 600)


def server(status="ACTIVE", customer="acme", **more):
    facts = {"name": "acme-jvb-1", "id": "s0", "status": status, "metadata": {"customer": customer}, "task_state": None,
             "launched_at": "2026-11-01", "addresses": {}, "fault": None}  # fmt: skip
    return Thing(**facts | more)


def bridge(where, check_mode=False, **planned):
    return Instance(where, BRIDGE | planned, check_mode)


@pytest.mark.parametrize(("zone", "expected"), [("az1", "az1"), ("az2", None), (None, None)])
def test_a_boot_volume_lies_in_the_servers_zone_where_block_storage_has_it(zone, expected):
    there = cloud()
    bridge(there, zone=zone, volume_gb=20).prepare()
    assert there.conn.block_storage.made.get("availability_zone") == expected
    [request] = there.conn.compute.made
    assert request["block_device_mapping"][0]["uuid"] == "v1"


def volume(identifier, name="acme-jvb-1", **metadata):
    return Thing(id=identifier, name=name, metadata=metadata)


@pytest.mark.parametrize("foreign", [{}, {"customer": "other"}])
def test_a_server_boots_from_a_volume_of_the_customer_whatever_others_are_called(foreign):
    for kept, expected in (([], "v1"), ([volume("own", customer="acme")], "own")):
        there = cloud()
        there.conn.block_storage.there = [
            volume("another", name="acme-jvb-10", customer="acme"), volume("foreign", **foreign), *kept,
        ]  # fmt: skip
        bridge(there, volume_gb=20).prepare()
        [request] = there.conn.compute.made
        assert request["block_device_mapping"][0]["uuid"] == expected
        assert bool(there.conn.block_storage.made) == (expected == "v1")


def test_a_cloud_that_boots_only_from_its_own_zone_is_explained():
    def refuse(**request):
        raise BadRequestException(
            "Invalid volume: Instance and volume not in same availability_zone. Server is in az2. Volume is in nova"
        )

    with pytest.raises(
        InstanceError, match=r"only from a volume of its own availability zone \(az2\).*cloud_bridge_zones"
    ):
        bridge(cloud(create_server=refuse), zone="az2", volume_gb=20).prepare()


def test_cloud_init_reads_back_the_keys_that_were_written():
    """By the parser that it uses; a key ends in a comment, of any characters that can be printed."""
    keys = [
        "ssh-ed25519 AAAA " + "".join(filter(str.isprintable, text)) for text in examples(texts("\"'\\#:{}[],&*!|>%@`"))
    ]
    there = cloud()
    there.common = COMMON | {"public_keys": keys}
    bridge(there).prepare()
    [request] = there.conn.compute.made
    text = base64.b64decode(request["user_data"]).decode()
    assert text.startswith("#cloud-config\n")
    assert first_difference(keys, yaml.safe_load(text)["users"][0]["ssh_authorized_keys"]) is None


def test_other_refusals_of_the_cloud_stay_what_they_are():
    def refuse(**request):
        raise BadRequestException("Flavor's disk is too small")

    with pytest.raises(BadRequestException):
        bridge(cloud(create_server=refuse), zone="az2").prepare()


def test_what_servers_share_is_asked_once():
    there = cloud()
    for name in ("acme-jvb-1", "acme-jvb-2"):
        bridge(there, name=name, public=False).prepare()
    there.find("network", "network", "public")
    there.find("network", "network", "public")
    assert there.conn.network.asked == ["acme-jitsi", "public"]
    assert [request["name"] for request in there.conn.compute.made] == ["acme-jvb-1", "acme-jvb-2"]


@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        ([server(customer="bravo")], "does not belong to customer acme"),
        ([server(), server()], "The cloud has 2 servers named acme-jvb-1"),
        ([server("SHUTOFF")], "is in state SHUTOFF, not ACTIVE"),
        ([server("ERROR")], "is in state ERROR, not ACTIVE"),
    ],
)
def test_a_server_that_a_person_must_look_at_is_left_alone(there, sentence):
    where = cloud(*there)
    with pytest.raises(InstanceError, match=sentence):
        bridge(where).prepare()
    assert (where.conn.compute.made, where.conn.compute.deleted) == ([], [])


def test_a_server_that_never_ran_is_replaced():
    where = cloud(server("ERROR", launched_at=None))
    one = bridge(where)
    one.prepare()
    assert (where.conn.compute.deleted, len(where.conn.compute.made), one.created) == (["acme-jvb-1"], 1, True)


def test_in_check_mode_nothing_is_asked_for():
    where = cloud(server("ERROR", launched_at=None))
    one = bridge(where, check_mode=True, public=True, volume_gb=5)
    one.prepare()
    assert (where.conn.compute.deleted, where.conn.compute.made, where.conn.block_storage.made) == ([], [], {})
    assert one.changed


def test_a_server_has_settled_when_it_is_active_and_shows_its_address():
    one = bridge(cloud(server()))
    one.prepare()
    one.floating_ip = Thing(floating_ip_address="192.0.2.7")
    assert not one.settled(server())
    assert not one.settled(server("BUILD", addresses={"net": [{"addr": "192.0.2.7"}]}))
    assert one.settled(server(addresses={"net": [{"addr": "10.71.0.5"}, {"addr": "192.0.2.7"}]}))
    with pytest.raises(InstanceError, match="could not boot acme-jvb-1: No valid host was found"):
        one.settled(server("ERROR", fault={"message": "No valid host was found."}))


def test_in_check_mode_the_network_may_be_missing():
    conn = cloud().conn
    conn.network.find_network = lambda name, ignore_missing: None if ignore_missing else pytest.fail("refused")
    one = bridge(Cloud(conn, COMMON, lambda: 600, check_mode=True), check_mode=True)
    one.prepare()
    assert (one.changed, one.created, conn.compute.made) == (True, True, [])
