"""Inventory customer_folder: judges a customer's folder before Ansible reads a byte of it."""

from pathlib import Path

from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.plugins.loader import inventory_loader

from toolkit.customer_folder import PLAN, errors, fingerprint, is_customer_folder
from toolkit.judged import JUDGED, refuse
from toolkit.yaml_data import shown_path

DOCUMENTATION = r"""
name: customer_folder
short_description: Refuse a customer's folder that is not data alone, then read its plan.yml
description:
  - Stands before every other inventory plugin in C(ansible.cfg), so that every command of Ansible goes through it.
  - A folder is a customer's when it has a C(plan.yml) or a C(openstack.yml). On an error the run ends with exit code
    2 and one sentence for each error, before Ansible reads a file of the folder or evaluates a template.
  - The plan itself is read by P(ansible.builtin.yaml#inventory). Callback P(judged_folder#callback) compares what
    was judged with what is there when the first play begins.
options: {}
"""

EXAMPLES = r"""
# ansible.cfg
# [inventory]
# enable_plugins = customer_folder, auto, yaml
"""


class InventoryModule(BaseInventoryPlugin):
    """Judges, and hands on."""

    NAME = "customer_folder"

    def verify_file(self, path: str) -> bool:
        """The plan is ours, and judged when it is read; at any other file the folder is judged without its vault."""
        file = Path(path)
        if file.name == PLAN and file.is_file():
            return True
        folder = shown_path(file.parent)
        if file.suffix == ".yml" and is_customer_folder(folder) and (found := errors(folder)):
            refuse(found)
        return False

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        def decrypt(content: bytes) -> bytes:
            try:
                plain: bytes = loader._vault.decrypt(content)
            except AnsibleError as error:
                raise ValueError from error
            return plain

        folder = shown_path(Path(path).parent)
        JUDGED[folder] = fingerprint(folder)
        if found := errors(folder, decrypt):
            refuse(found)
        inventory_loader.get("ansible.builtin.yaml").parse(inventory, loader, path, cache)
