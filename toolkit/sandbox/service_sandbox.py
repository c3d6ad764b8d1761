"""The sandbox of a unit as systemd reads it."""

from toolkit.sandbox.units import ADDED_UP, UNITS


def service_sandbox(unit: str) -> str:
    """Return the section [Service] of the unit's drop-in.

    Raises ValueError for a unit that the table lacks.
    """
    if unit not in UNITS:
        raise ValueError(f"{unit} has no sandbox: toolkit/sandbox/units.py has those of {', '.join(sorted(UNITS))}")
    sandbox = UNITS[unit]
    lines = ["[Service]"]
    for name, value in sandbox.options().items():
        if name in sandbox.differences:
            lines.append(f"# {sandbox.differences[name].reason}")
        lines += [f"{name}="] if name in ADDED_UP and value else []
        lines.append(f"{name}={value}")
    return "\n".join(lines) + "\n"
