"""Names of planned hosts, and how they are shown in sentences."""

from toolkit.machines import GROUPS
from toolkit.sentences import shorten


def quote(name: str) -> str:
    """Return a name as a sentence can hold it: short and printable."""
    short = shorten(name)
    return short if short.isprintable() else ascii(short)


def noun_of(group: str) -> str:
    """Return what hosts of the group are called, the group itself where it is unknown."""
    return GROUPS[group].noun if group in GROUPS else group


def planned_hosts(group: str, customer: str, count: int) -> str:
    """Return what stands in plan.yml for count hosts of group: one name, or a range of names."""
    name = f"{customer}-{noun_of(group)}"
    return name if group in GROUPS and GROUPS[group].single else f"{name}-1" if count == 1 else f"{name}-[1:{count}]"


def plural(count: int, noun: str) -> str:
    """Return no hosts, 1 host, 2 hosts."""
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"
