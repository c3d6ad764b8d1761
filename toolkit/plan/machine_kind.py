"""What a host is, by its groups."""

from collections.abc import Collection
from typing import TypedDict

from toolkit.machines import kinds_of


class MachineKind(TypedDict):
    """A kind's name in settings, and whether the world reaches the host."""

    name: str
    public: bool


def machine_kind(groups: Collection[str]) -> MachineKind:
    """Return name and reach of a host in these groups."""
    kinds = kinds_of(groups)
    return {"name": kinds[0].name, "public": any(kind.public for kind in kinds)}
