"""Lookup customer_settings: every setting as plain data, and which of them could not be evaluated."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from jinja2 import Undefined

from toolkit.settings.schema import secrets

DOCUMENTATION = r"""
name: customer_settings
short_description: Read every setting, evaluated, without stopping at the first broken one
description:
  - Takes every variable whose name begins with C(jitsi_) or C(cloud_), as the current host sees it.
  - A template that fails is reported beside the values instead of ending the run, so that all errors can be listed.
options: {}
"""

EXAMPLES = r"""
settings: "{{ lookup('customer_settings') }}"
"""

RETURN = r"""
_list:
  description: >-
    One mapping with C(values) (name to plain value), C(unreadable) (path to reason) and C(secrets) (names of the
    settings that are secrets, whether they are set or not).
  type: list
  elements: dict
"""

PREFIXES = ("jitsi_", "cloud_")
DEEPEST = 20

# Key or number in its container, path from the top, value.
type Place = tuple[Any, str, Any]


class LookupModule(LookupBase):
    """Evaluates each setting on its own."""

    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.unreadable: dict[str, str] = {}
        known = variables or {}
        settings = {name: known[name] for name in sorted(known) if name.startswith(PREFIXES)}
        values = self._mapping(settings, "")
        return [{"values": values, "unreadable": self.unreadable, "secrets": sorted(secrets())}]

    def _mapping(self, value: Mapping[str, Any], prefix: str, depth: int = 0) -> dict[str, Any]:
        return dict(self._each([(key, f"{prefix}{key}", each) for key, each in value.items()], depth))

    def _each(self, places: Iterable[Place], depth: int) -> Iterator[tuple[Any, Any]]:
        """Give key and evaluated value of each place; what cannot be evaluated is noted and left out."""
        for key, path, value in places:
            try:
                yield key, self._plain(value, path, depth)
            except AnsibleError as error:
                self.unreadable[path] = str(error).splitlines()[0].rstrip(".")

    def _plain(self, value: Any, path: str, depth: int) -> Any:
        if depth > DEEPEST:
            raise AnsibleError("nested too deeply")
        if isinstance(value, dict):
            return self._mapping(value, f"{path}.", depth + 1)
        if isinstance(value, (list, tuple)):
            places = [(number, f"{path}[{number}]", each) for number, each in enumerate(value)]
            return [each for _, each in self._each(places, depth + 1)]
        value = self._templar.template(value)
        if isinstance(value, Undefined):
            raise AnsibleError(getattr(value, "_undefined_message", "undefined"))
        return value
