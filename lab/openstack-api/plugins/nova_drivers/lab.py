"""Nova's fake driver with node identities that stay the same over restarts."""

import uuid

from nova.virt import fake


def _identity(node):
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, node))


class LabDriver(fake.FakeDriver):
    def get_nodenames_by_uuid(self, refresh=False):
        return {_identity(node): node for node in self.get_available_nodes()}

    def get_available_resource(self, nodename):
        return super().get_available_resource(nodename) | {"uuid": _identity(nodename)}
