"""Filter in_folder: where files are that a customer names relative to the own folder."""

import os

DOCUMENTATION = r"""
name: in_folder
short_description: Make relative paths of settings paths below the customer's folder
description:
  - A path that begins with C(/) or C(~) stays as it is, and so does an empty text, which means no file.
  - Takes one path, or a mapping whose values are paths.
positional: _input, folder
options:
  _input:
    description: A path, or a mapping.
    type: raw
    required: true
  folder:
    description: The customer's folder (C(inventory_dir)).
    type: path
    required: true
"""

EXAMPLES = r"""
logo: "{{ 'brand/logo.svg' | in_folder(inventory_dir) }}"
# -> /srv/customers/acme/brand/logo.svg
"""

RETURN = r"""
_value:
  description: The same with absolute paths.
  type: raw
"""


def in_folder(value, folder: str):
    """Return value with its relative paths below folder."""
    if isinstance(value, dict):
        return {key: in_folder(each, folder) for key, each in value.items()}
    if value == "":
        return ""
    # A folder that is left again need not be there yet: the state folder comes with the first run.
    return os.path.normpath(value if value.startswith(("/", "~")) else f"{folder}/{value}")


class FilterModule:
    """Makes in_folder known to Ansible."""

    def filters(self):
        return {"in_folder": in_folder}
