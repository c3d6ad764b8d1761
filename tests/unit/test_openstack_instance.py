"""Where a boot volume lies."""

from types import SimpleNamespace as Thing

import pytest
from openstack_instance import Instance


class Refused(Exception):
    """A module that failed."""


class BadRequestException(Exception):
    """As the SDK's."""


class Storage:
    """Block storage with the zones az1 and nova."""

    def __init__(self):
        self.made = {}

    def availability_zones(self):
        return [Thing(name="az1"), Thing(name="nova")]

    def volumes(self, name):
        return []

    def create_volume(self, **request):
        self.made = request
        return Thing(id="v1")

    def wait_for_status(self, volume, **how):
        return volume


def instance(zone, create_server=None):
    module = Instance.__new__(Instance)
    module.params = {"name": "acme-jvb-1", "customer": "acme", "volume_gb": 20, "zone": zone}
    module.deadline = 0
    module.sdk = Thing(exceptions=Thing(BadRequestException=BadRequestException))
    module.conn = Thing(block_storage=Storage(), compute=Thing(create_server=create_server))

    def fail_json(msg):
        raise Refused(msg)

    module.fail_json = fail_json
    return module


@pytest.mark.parametrize(("zone", "expected"), [("az1", "az1"), ("az2", None), (None, None)])
def test_a_boot_volume_lies_in_the_servers_zone_where_block_storage_has_it(zone, expected):
    module = instance(zone)
    module._keep_volume(Thing(id="i1"))
    assert module.conn.block_storage.made.get("availability_zone") == expected


def test_a_cloud_that_boots_only_from_its_own_zone_is_explained():
    def refuse(**request):
        raise BadRequestException(
            "Invalid volume: Instance and volume not in same availability_zone. Server is in az2. Volume is in nova"
        )

    with pytest.raises(Refused, match=r"only from a volume of its own availability zone \(az2\).*cloud_bridge_zones"):
        instance("az2", refuse)._create({})


def test_other_refusals_of_the_cloud_stay_what_they_are():
    def refuse(**request):
        raise BadRequestException("Flavor's disk is too small")

    with pytest.raises(BadRequestException):
        instance("az2", refuse)._create({})
