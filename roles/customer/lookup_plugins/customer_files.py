"""Lookup customer_files: what stands in which file of the customer's folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from toolkit.customer_folder import SETTINGS, VAULT
from toolkit.yaml_data import shown_path

DOCUMENTATION = r"""
name: customer_files
short_description: List the variable files of the customer's folder and the names they set
description:
  - Looks beside every inventory source of the run, at C(group_vars/jitsi); a customer has variables nowhere else.
  - Gives names only, never values.
options: {}
"""

EXAMPLES = r"""
files: "{{ lookup('customer_files') }}"
"""

RETURN = r"""
_list:
  description:
    - A list of files, each with C(path) (relative to the working directory where it lies below it), C(folder) of the
      inventory, C(place), C(encrypted), C(keys) and C(error).
    - C(error) is a sentence why the file cannot be read, empty otherwise.
    - C(place) is V(vault) for C(group_vars/jitsi/vault.yml), V(settings) for the others. C(keys) are the names on the
      top level.
  type: list
  elements: list
"""


class LookupModule(LookupBase):
    """Reads the files Ansible itself has read, for the names in them."""

    def run(
        self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[list[dict[str, Any]]]:
        found = {}
        for source in map(Path, (variables or {}).get("ansible_inventory_sources", [])):
            folder = source if source.is_dir() else source.parent
            for path in sorted((folder / SETTINGS).glob("*.yml")):
                found[path] = self._entry(path, folder)
        return [list(found.values())]

    def _entry(self, path: Path, folder: Path) -> dict[str, Any]:
        with path.open("rb") as file:
            encrypted = file.read(len(VAULT)) == VAULT
        data: dict[str, Any] = {}
        reason = ""
        try:
            data = self._loader.load_from_file(str(path))
        except AnsibleError as error:
            reason = str(error).splitlines()[0].rstrip(".")
        return {
            "path": str(shown_path(path)),
            "folder": str(shown_path(folder)),
            "place": "vault" if path.name == "vault.yml" else "settings",
            "encrypted": encrypted,
            "keys": list(data or {}),
            "error": f"{shown_path(path)} cannot be read ({reason}): mend this file." if reason else "",
        }
