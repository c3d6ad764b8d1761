"""Filter setting_errors: what is wrong with a customer's settings, one sentence per error."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from toolkit.settings import setting_errors as judge

DOCUMENTATION = r"""
name: setting_errors
short_description: List every error of a customer's settings
description:
  - Compares settings with their schema (C(toolkit/settings/schema)), at any depth.
  - All errors are listed together. Each sentence has the setting, its value and the fix; an unknown key names the
    nearest valid one, a former name the present one. Secrets are never quoted.
  - A number in quotes is not a number here, because the roles would receive it as it was written.
positional: _input, unreadable
options:
  _input:
    description: The settings, name to value.
    type: dict
    required: true
  unreadable:
    description: Path of a setting that could not be evaluated to the reason.
    type: dict
"""

EXAMPLES = r"""
errors: "{{ {'jitsi_log_retention_dais': 14} | setting_errors }}"
# -> ["jitsi_log_retention_dais is not a setting: write jitsi_log_retention_days.", ...]
"""

RETURN = r"""
_value:
  description: One sentence per error, in the order of the schema; empty when there is none.
  type: list
  elements: str
"""


def setting_errors(settings, unreadable=None) -> list[str]:
    """Return the errors of settings, one sentence each."""
    return judge.setting_errors(settings, unreadable)


class FilterModule:
    """Makes setting_errors known to Ansible."""

    def filters(self):
        return {"setting_errors": setting_errors}
