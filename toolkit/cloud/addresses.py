"""Whether the external network has addresses for the plan, and is another one than the customer's own."""

from collections.abc import Iterator
from ipaddress import ip_network

from toolkit.cloud.named import find
from toolkit.cloud.quotas import missing_addresses
from toolkit.cloud.shapes import Facts, Wanted

SETTINGS = {4: "cloud_network_cidr", 6: "cloud_network_cidr_ipv6"}


def address_errors(facts: Facts, wanted: Wanted) -> Iterator[str]:
    """Yield what is wrong with addresses, as far as the cloud shows its external network to customers."""
    found = find(wanted["external_network"], facts["external_networks"])
    if len(found) != 1:
        return
    (external,) = found
    more = missing_addresses(facts, wanted)
    if external["free"] is not None and external["free"] < more:
        yield (
            f"The external network {external['name']} has {external['free']} free addresses, and the plan needs {more} "
            "more: have addresses added, write another cloud_external_network, or release floating IPs."
        )
    for own in map(ip_network, wanted["networks"]):
        for cidr in external["cidrs"]:
            other = ip_network(cidr)
            if own.version == other.version and own.overlaps(other):
                yield (
                    f"{SETTINGS[own.version]} is {own}, and the external network {external['name']} has {other}: write "
                    "a range that does not overlap with it."
                )
