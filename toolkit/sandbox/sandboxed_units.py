"""Which units of a host run in a sandbox."""

from collections.abc import Collection

from toolkit.sandbox.units import UNITS


def sandboxed_units(groups: Collection[str]) -> list[str]:
    """The units of a host in these groups, in the order of their names."""
    return sorted(unit for unit, sandbox in UNITS.items() if set(sandbox.groups) & set(groups))
