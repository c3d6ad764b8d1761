"""Inventory customer_folder: judges a customer's folder before Ansible reads a byte of it."""

import sys
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.plugins.loader import inventory_loader

sys.path.append(str(Path(__file__).parents[1]))
from toolkit.customer_folder import CLOUD, PLAN, faults, is_customer_folder

DOCUMENTATION = r"""
name: customer_folder
short_description: Refuse a customer's folder that is not data alone, then read its plan.yml
description:
  - Stands before every other inventory plugin in C(ansible.cfg), so that every command of Ansible goes through it.
  - A folder is a customer's when it has a C(plan.yml). On a fault the run ends at once, with one sentence each and code
    2; no other file of the folder has been read by then, no template evaluated.
  - The plan itself is read by P(ansible.builtin.yaml#inventory).
options: {}
"""

EXAMPLES = r"""
# ansible.cfg
# [inventory]
# enable_plugins = customer_folder, openstack.cloud.openstack, yaml
"""


def refuse(found) -> None:
    """End the run with a sentence for each fault."""
    lines = ["Refused, nothing was touched:", *(f"* {fault}" for fault in found)]
    print("\n".join(lines), file=sys.stderr)
    sys.exit(2)


def shown_folder(folder: Path) -> Path:
    """The folder as an operator in the checkout would write it."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


class InventoryModule(BaseInventoryPlugin):
    """Judges, and hands on."""

    NAME = "customer_folder"

    def verify_file(self, path):
        """The plan is ours; any other source of the folder is judged before a plugin reads it."""
        file = Path(path)
        if file.name not in (PLAN, CLOUD) and not file.is_dir() and file.suffix != ".yml":
            return False
        folder = shown_folder(file if file.is_dir() else file.parent)
        if is_customer_folder(folder) and (found := faults(folder)):
            refuse(found)
        return file.name == PLAN and file.is_file()

    def parse(self, inventory, loader, path, cache=True):
        def decrypt(content: bytes) -> bytes:
            try:
                return loader._vault.decrypt(content)
            except AnsibleError as error:
                raise ValueError from error

        if found := faults(shown_folder(Path(path).parent), decrypt):
            refuse(found)
        inventory_loader.get("ansible.builtin.yaml").parse(inventory, loader, path, cache)
