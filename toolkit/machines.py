"""The kinds of machines: whatever enumerates them reads this table, or is compared with it by a test."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """What a group of the inventory means.

    name: in settings (cloud_flavors.NAME, cloud_volume_gb.NAME). noun: in host names, CUSTOMER-NOUN or, where there may
    be several, CUSTOMER-NOUN-NUMBER. public: the world reaches such hosts, so they have a floating IP. optional: a plan
    may lack the group. single: why there is one host at most. least: the smallest machine that will do. memory_mb: with
    less its daemons do not even start.
    """

    group: str
    name: str
    noun: str
    public: bool = True
    optional: bool = False
    single: str = ""
    least: str = ""
    memory_mb: int = 500


# The most demanding first: a host in several groups gets the flavor and the volume of the first.
KINDS = (
    Kind("meet", "meet", "meet", single="signalling runs on one machine", least="2 vCPU and 4 GB", memory_mb=1000),
    Kind("videobridges", "videobridge", "jvb"),
    Kind("turn", "turn", "turn", least="1 vCPU and 1 GB"),
    Kind(
        "directories",
        "directory",
        "ldap",
        public=False,
        optional=True,
        single="people are kept in one place",
        least="1 vCPU and 1 GB",
    ),
    Kind(
        "streamers",
        "streamer",
        "stream",
        optional=True,
        single="a stream is shown in one place",
        least="2 vCPU and 2 GB",
    ),
    Kind("recorders", "recorder", "jibri", public=False, optional=True, least="4 vCPU and 8 GB"),
    Kind("gateways", "gateway", "sip", optional=True, least="2 vCPU and 4 GB"),
)
GROUPS = {kind.group: kind for kind in KINDS}


def kinds_of(groups: Collection[str]) -> list[Kind]:
    """The kinds of a host in these groups, the most demanding first."""
    return [kind for kind in KINDS if kind.group in groups]
