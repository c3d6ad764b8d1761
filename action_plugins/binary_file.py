"""Action binary_file: content made on the controller as a file on the host."""

import base64
import tempfile
from typing import Any

from ansible.plugins.action import ActionBase

DOCUMENTATION = r"""
name: binary_file
short_description: Write content that a filter has made, such as a picture or a program
description:
  - ansible.builtin.copy takes texts only.
options:
  base64:
    description: The content, C(base64) of filter P(picture#filter) or the result of filter P(program_archive#filter).
    type: str
    required: true
  dest:
    description: Where it goes.
    type: path
    required: true
  mode:
    description: Its mode.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Bring the background
  binary_file:
    base64: "{{ ('background.png' | picture).base64 }}"
    dest: /var/www/branding/files/background.png
    mode: "0644"
"""


class ActionModule(ActionBase):
    """Hands the content to ansible.builtin.copy."""

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        with tempfile.NamedTemporaryFile() as file:
            file.write(base64.b64decode(arguments.pop("base64")))
            file.flush()
            task = self._task.copy()
            task.args = arguments | {"src": file.name}
            copy = self._shared_loader_obj.action_loader.get(
                "ansible.legacy.copy",
                task=task,
                connection=self._connection,
                play_context=self._play_context,
                loader=self._loader,
                templar=self._templar,
                shared_loader_obj=self._shared_loader_obj,
            )
            result: dict[str, Any] = copy.run(task_vars=task_vars)
            return result
