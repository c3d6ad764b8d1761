"""L3 service plugin without agents: the database's logic only; a floating IP is ACTIVE as long as it has a port."""

from neutron.db import extraroute_db, l3_gwmode_db
from neutron.db.models import l3 as l3_models
from neutron.quota import resource_registry
from neutron_lib import constants
from neutron_lib.plugins import constants as plugin_constants
from neutron_lib.services import base


def _status(port_id):
    return constants.FLOATINGIP_STATUS_ACTIVE if port_id else constants.FLOATINGIP_STATUS_DOWN


class LabL3Plugin(base.ServicePluginBase, extraroute_db.ExtraRoute_db_mixin, l3_gwmode_db.L3_NAT_db_mixin):
    supported_extension_aliases = ("router", "ext-gw-mode", "extraroute")

    @resource_registry.tracked_resources(router=l3_models.Router, floatingip=l3_models.FloatingIP)
    def __init__(self):
        super().__init__()

    @classmethod
    def get_plugin_type(cls):
        return plugin_constants.L3

    def get_plugin_description(self):
        return "routers and floating IPs without agents"

    def create_floatingip(self, context, floatingip, initial_status=constants.FLOATINGIP_STATUS_DOWN):
        wanted = _status(floatingip["floatingip"].get("port_id"))
        return super().create_floatingip(context, floatingip, initial_status=wanted)

    def update_floatingip(self, context, id, floatingip):
        updated = super().update_floatingip(context, id, floatingip)
        updated["status"] = _status(updated.get("port_id"))
        self.update_floatingip_status(context, id, updated["status"])
        return updated

    def disassociate_floatingips(self, context, port_id, *args, **kwargs):
        released = self.get_floatingips(context.elevated(), filters={"port_id": [port_id]})
        routers = super().disassociate_floatingips(context, port_id, *args, **kwargs)
        for floating_ip in released:
            self.update_floatingip_status(context.elevated(), floating_ip["id"], _status(None))
        return routers
