"""Filter csp_hash: how a Content-Security-Policy names a piece of style or script that stands in the page itself."""

import base64
import hashlib

DOCUMENTATION = r"""
name: csp_hash
short_description: Name inline style or script in a Content-Security-Policy
positional: _input
options:
  _input:
    description: Exactly what stands between the tags.
    type: str
    required: true
"""

EXAMPLES = r"""
policy: "style-src {{ 'p { color: red }' | csp_hash }}"
"""

RETURN = r"""
_value:
  description: The source expression, quotes included.
  type: str
"""


def csp_hash(text: str) -> str:
    """Return the source expression for text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class FilterModule:
    """Makes csp_hash known to Ansible."""

    def filters(self):
        return {"csp_hash": csp_hash}
