"""Nova in one process, for the transport fake:// reaches no further: serve_nova.py PORT HOST...

API, conductor, scheduler and one compute service per HOST.
"""

import os
import sys

os.environ["OS_NOVA_DISABLE_EVENTLET_PATCHING"] = "1"
port, hosts = sys.argv[1], sys.argv[2:]
sys.argv = ["nova"]

from nova.wsgi import osapi_compute

import nova.virt

nova.virt.__path__.append(os.path.join(os.path.dirname(__file__), "plugins", "nova_drivers"))

import os_brick
import os_vif
import waitress
from nova import conf, context, objects, service
from nova.compute import manager
from nova.compute import rpcapi as compute_rpcapi
from nova.conductor import rpcapi as conductor_rpcapi
from nova.objects import host_mapping
from sqlalchemy import engine, event


@event.listens_for(engine.Engine, "before_cursor_execute", retval=True)
def _lock_before_reading(connection, cursor, statement, parameters, context, executemany):
    """Let transactions wait: SQLite refuses one that has read and wants to write while another one writes."""
    return ("BEGIN IMMEDIATE" if statement == "BEGIN" else statement), parameters


# All compute hosts live in this process, so the identity file of a host does not apply; the driver keeps identities.
manager.ComputeManager._ensure_existing_node_identity = lambda self, service_ref: None

objects.register_all()
os_brick.setup(conf.CONF)
os_vif.initialize()

services = [("nova-conductor", conf.CONF.host, {"topic": conductor_rpcapi.RPC_TOPIC})]
services += [("nova-scheduler", conf.CONF.host, {"topic": "scheduler"})]
services += [
    ("nova-compute", host, {"topic": compute_rpcapi.RPC_TOPIC, "topic_alt": compute_rpcapi.RPC_TOPIC_ALT})
    for host in hosts
]
for binary, host, topics in services:
    service.Service.create(host=host, binary=binary, **topics).start()
host_mapping.discover_hosts(context.get_admin_context())
waitress.serve(osapi_compute.application, listen=f"127.0.0.1:{port}", threads=8, ident="lab")
