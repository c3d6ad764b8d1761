"""Filter secrets_for: one secret per name, each derived as filter secret_for does."""

from ansible.errors import AnsibleFilterError
from ansible.plugins.loader import filter_loader

DOCUMENTATION = r"""
name: secrets_for
short_description: Derive a secret for each of several names
description:
  - Applies filter C(secret_for) to every name, or to the purpose given for it.
positional: _input, seed
options:
  _input:
    description: The names, or a mapping of name to purpose.
    type: raw
    required: true
  seed:
    description: The seed (C(jitsi_seed)).
    type: str
    required: true
"""

EXAMPLES = r"""
secrets: "{{ ['prosody/focus', 'turn'] | secrets_for(jitsi_seed) }}"
accounts: "{{ {'anna': 'moderator/anna/2'} | secrets_for(jitsi_seed) }}"
"""

RETURN = r"""
_value:
  description: The secrets by name, in the order of the names.
  type: dict
"""


def secrets_for(names: list[str] | dict[str, str], seed: str) -> dict[str, str]:
    """Return {name: secret}; refuses a single text, which would be taken letter by letter."""
    if isinstance(names, str):
        raise AnsibleFilterError("secrets_for: needs a list of names")
    purposes = names if isinstance(names, dict) else {name: name for name in names}
    secret_for = filter_loader.get("secret_for").j2_function
    return {name: secret_for(seed, purpose) for name, purpose in purposes.items()}


class FilterModule:
    """Makes secrets_for known to Ansible."""

    def filters(self):
        return {"secrets_for": secrets_for}
