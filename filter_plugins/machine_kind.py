"""Filter machine_kind: what a host is, by its groups."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from toolkit.machines import kinds_of

DOCUMENTATION = r"""
name: machine_kind
short_description: Tell what kind of machine a host is
description: Looks the host's groups up in the table of kinds (C(toolkit/machines.py)).
positional: _input
options:
  _input:
    description: The host's groups; others than groups of machines do not count.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
kind: "{{ ['jitsi', 'turn', 'meet'] | machine_kind }}"
# -> {name: meet, public: true}
"""

RETURN = r"""
_value:
  description:
    - C(name), of which flavor and volume are chosen; with several groups that of the most demanding one.
    - C(public), whether the world reaches the host in one of its groups.
  type: dict
"""


def machine_kind(groups) -> dict:
    """Return name and reach of a host in these groups."""
    kinds = kinds_of(groups)
    return {"name": kinds[0].name, "public": any(kind.public for kind in kinds)}


class FilterModule:
    """Makes machine_kind known to Ansible."""

    def filters(self):
        return {"machine_kind": machine_kind}
