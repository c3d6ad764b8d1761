"""Filter secret_for: one secret per purpose from the customer's seed."""

import base64
import hashlib
import hmac

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: secret_for
short_description: Derive the secret of one purpose from the customer's seed
description:
  - HMAC-SHA-256 of the purpose under the seed, as 43 URL-safe base64 characters (256 bits).
  - The same seed and purpose give the same secret on every host, so nothing is exchanged and nothing stored twice.
    A new seed rotates all of them.
positional: _input, purpose
options:
  _input:
    description: The seed (C(jitsi_seed)), at least 32 characters.
    type: str
    required: true
  purpose:
    description: What the secret is for, for example C(prosody/focus).
    type: str
    required: true
"""

EXAMPLES = r"""
turn_secret: "{{ jitsi_seed | secret_for('turn') }}"
"""

RETURN = r"""
_value:
  description: 43 characters from A-Z, a-z, 0-9, - and _.
  type: str
"""

SHORTEST_SEED = 32


def secret_for(seed: str, purpose: str) -> str:
    """Return the secret of purpose; raises AnsibleFilterError without ever quoting the seed."""
    if not isinstance(seed, str) or len(seed) < SHORTEST_SEED:
        raise AnsibleFilterError(f"secret_for: jitsi_seed must be a text of at least {SHORTEST_SEED} characters")
    if not purpose:
        raise AnsibleFilterError("secret_for: name the purpose, for example secret_for('turn')")
    digest = hmac.new(seed.encode(), purpose.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class FilterModule:
    """Makes secret_for known to Ansible."""

    def filters(self):
        return {"secret_for": secret_for}
