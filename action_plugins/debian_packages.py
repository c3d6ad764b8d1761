"""Action debian_packages: ansible.builtin.apt, but only where something is missing."""

import re
import shlex
from typing import Any

from ansible.plugins.action import ActionBase

DOCUMENTATION = r"""
name: debian_packages
short_description: Install Debian packages that are not there yet
description:
  - Looks into dpkg's status and apt's list of what came as a dependency, which takes milliseconds. ansible.builtin.apt
    reads the lists of everything there is to install first, half a second of a processor for each task.
  - Where a package is missing, has another version or would go with what it came for, ansible.builtin.apt runs. It
    waits for who else uses dpkg, five minutes at most, and installs nothing that is only recommended.
  - A dry run on a new server, which has neither package lists nor our repository, says changed.
options:
  name:
    description: Packages, each as C(name) or C(name=version).
    type: list
    elements: str
    required: true
notes:
  - Every other argument is one of ansible.builtin.apt about how to install, and handed on to it.
"""

EXAMPLES = r"""
- name: Install the bridge
  debian_packages:
    name: jitsi-videobridge2=2.3-295-g8d5c0037b-1
    allow_downgrade: true
"""

# What dpkg has of the packages, and what apt noted as installed for the sake of others.
ASK = "dpkg-query -Wf '${{db:Status-Abbrev}} ${{Package}} ${{Version}}\\n' {}; cat /var/lib/apt/extended_states"


def missing(wanted: list[str], answer: str) -> list[str]:
    """What of wanted is not installed on its own account, by the answer to ASK."""
    installed = dict(re.findall(r"^.i  (\S+) (\S+)$", answer, re.MULTILINE))
    dependencies = re.findall(r"^Package: (\S+)\n(?:.+\n)*?Auto-Installed: 1$", answer, re.MULTILINE)
    there = {word for name, version in installed.items() for word in (name, f"{name}={version}")}
    return [word for word in wanted if word not in there or word.split("=")[0] in dependencies]


class ActionModule(ActionBase):
    """Asks dpkg, then apt if need be."""

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        names = self._task.args["name"]
        wanted = [names] if isinstance(names, str) else list(names)
        ask = ASK.format(shlex.join(word.split("=")[0] for word in wanted))
        answer = self._low_level_execute_command(ask)["stdout"].replace("\r", "")  # ssh may have made a terminal
        if not missing(wanted, answer):
            return result | {"changed": False}
        arguments = {"install_recommends": False, "lock_timeout": 300} | self._task.args
        result |= self._execute_module("ansible.builtin.apt", module_args=arguments, task_vars=task_vars)
        if self._task.check_mode and result.get("failed"):
            result |= {"failed": False, "changed": True}
        return result
