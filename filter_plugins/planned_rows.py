"""Filter planned_rows: the firewall matrix without the groups a plan does not have."""

DOCUMENTATION = r"""
name: planned_rows
short_description: Leave groups a plan does not have out of the firewall matrix
description:
  - Groups of machines that are optional may be missing in a customer's plan. Neither they nor rows that name them as a
    peer are of any use then.
positional: _input, groups
options:
  _input:
    description: The firewall matrix, see C(group_vars/jitsi/firewall.yml).
    type: dict
    required: true
  groups:
    description: Ansible's C(groups), group name to host names.
    type: dict
    required: true
"""

EXAMPLES = r"""
firewall_matrix: "{{ firewall_offer | planned_rows(groups) }}"
"""

RETURN = r"""
_value:
  description: The matrix, in its order, as far as its groups have hosts.
  type: dict
"""


def planned_rows(matrix: dict, groups: dict) -> dict:
    """Return the matrix as far as its groups have hosts."""
    missing = {group for group in matrix if not groups.get(group)}
    planned = {group: directions for group, directions in matrix.items() if group not in missing}
    return {
        group: {side: [row for row in rows if row["peer"] not in missing] for side, rows in directions.items()}
        for group, directions in planned.items()
    }


class FilterModule:
    """Makes planned_rows known to Ansible."""

    def filters(self):
        return {"planned_rows": planned_rows}
