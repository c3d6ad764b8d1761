"""Create Neutron's tables straight from the models: neutron_schema.py DATABASE_URL.

Its chain of migrations cannot ALTER tables on SQLite. The templates of default security group rules, which a migration
would insert, are inserted here.
"""

import sys

import sqlalchemy
from neutron.db.migration.models import head
from neutron_lib import constants
from oslo_utils import uuidutils

metadata = head.get_metadata()
engine = sqlalchemy.create_engine(sys.argv[1])
metadata.create_all(engine)
rules, attributes = metadata.tables["securitygroupdefaultrules"], metadata.tables["standardattributes"]
with engine.begin() as connection:
    for direction, remote_group, in_every_group in (("egress", None, True), ("ingress", "PARENT", False)):
        for family in (constants.IPv4, constants.IPv6):
            attribute = connection.execute(
                attributes.insert().values(resource_type="securitygroupdefaultrules", description="", revision_number=0)
            )
            connection.execute(
                rules.insert().values(
                    id=uuidutils.generate_uuid(),
                    standard_attr_id=attribute.inserted_primary_key[0],
                    direction=direction,
                    ethertype=family,
                    remote_group_id=remote_group,
                    used_in_default_sg=True,
                    used_in_non_default_sg=in_every_group,
                )
            )
