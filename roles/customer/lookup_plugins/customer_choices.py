"""Lookup customer_choices: every choice as plain data, and which of them could not be evaluated."""

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from jinja2 import Undefined

DOCUMENTATION = r"""
name: customer_choices
short_description: Read every choice, evaluated, without stopping at the first broken one
description:
  - Takes every variable whose name begins with C(jitsi_) or C(cloud_), as the current host sees it.
  - A template that fails is reported beside the values instead of ending the run, so that all faults can be listed.
options: {}
"""

EXAMPLES = r"""
choices: "{{ lookup('customer_choices') }}"
"""

RETURN = r"""
_list:
  description: One mapping with C(values) (name to plain value) and C(unreadable) (path to reason).
  type: list
  elements: dict
"""

PREFIXES = ("jitsi_", "cloud_")
DEEPEST = 20


class LookupModule(LookupBase):
    """Evaluates each choice on its own."""

    def run(self, terms, variables=None, **kwargs):
        self.unreadable = {}
        values = {}
        for name in sorted(name for name in variables if name.startswith(PREFIXES)):
            try:
                values[name] = self._plain(self._templar.template(variables[name]), name)
            except AnsibleError as error:
                self.unreadable[name] = _reason(error)
        return [{"values": values, "unreadable": self.unreadable}]

    def _plain(self, value, path, depth=0):
        """Evaluate a lazy container in full; what cannot be is left out and noted."""
        if depth > DEEPEST:
            raise AnsibleError("nested too deeply")
        if isinstance(value, Undefined):
            raise AnsibleError(getattr(value, "_undefined_message", "undefined"))
        if isinstance(value, dict):
            return dict(self._each(((key, f"{path}.{key}") for key in value), value, depth))
        if isinstance(value, (list, tuple)):
            return [item for _, item in self._each(((n, f"{path}[{n}]") for n in range(len(value))), value, depth)]
        return value

    def _each(self, places, container, depth):
        for key, path in places:
            try:
                yield key, self._plain(container[key], path, depth + 1)
            except AnsibleError as error:
                self.unreadable[path] = _reason(error)


def _reason(error: AnsibleError) -> str:
    return str(error).splitlines()[0].rstrip(".")
