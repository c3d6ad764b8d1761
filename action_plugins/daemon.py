"""Action daemon: a unit runs, is enabled, and has read what its files say now."""

import re
import shlex
from datetime import UTC, datetime

from ansible.plugins.action import ActionBase

DOCUMENTATION = r"""
name: daemon
short_description: Run a unit of systemd with the files as they are now
description:
  - Starts and enables a unit. One that runs is restarted where a file it reads at its start has been written since that
    start, and reloaded where one it reads again at a reload has been written since its state last changed.
  - A handler knows what has changed in one run only, and what it would have done is lost when that run is interrupted
    behind the file. This looks at the files and the unit, so the next run does it.
  - ansible.builtin.systemd_service does what is to be done, and is not asked where nothing is.
options:
  name:
    description: The unit, with its ending (C(nginx.service)).
    type: str
    required: true
  files:
    description:
      - Files it reads at its start, and folders of such files. What the unit itself consists of in /etc/systemd/system
        belongs to them by itself. What is not there is not waited for.
    type: list
    elements: path
    default: []
  reload_files:
    description: Files, and folders of files, that it reads again at a reload.
    type: list
    elements: path
    default: []
  restart_by:
    description: A command that takes the place of a restart, for who cannot be restarted at any time.
    type: list
    elements: str
    default: []
notes:
  - A unit whose conditions do not hold here (ConditionVirtualization= and the like) is let alone, once systemd has said
    so.
  - A dry run on a new server, where there is no such unit yet, says changed.
"""

EXAMPLES = r"""
- name: Run nginx
  daemon:
    name: nginx.service
    reload_files: [/etc/nginx]
"""

PROPERTIES = [
    "ActiveEnterTimestamp", "ActiveState", "ConditionResult", "ConditionTimestamp", "ExecMainStartTimestamp",
    "LoadState", "StateChangeTimestamp", "UnitFileState", "WantedBy",
]  # fmt: skip


def question(units: list[str], paths: dict[str, list[str]]) -> str:
    """What to ask on the host: what systemd knows of the units, and when files were written, by how they are read."""
    # Where ssh makes a terminal systemctl would have it read page by page.
    show = f"systemctl --no-pager show --timestamp=us+utc --property={','.join(PROPERTIES)} {shlex.join(units)}"
    finds = [
        f"find {shlex.join(there)} -type f -printf '{kind} %T@\\n' 2> /dev/null"
        for kind, there in paths.items()
        if there
    ]
    return "; ".join([show, *finds, "true"])


def seconds(timestamp: str) -> float:
    """Of systemd's "Sat 2026-11-28 17:00:00.123456 UTC"; 0 for what has not happened."""
    if not timestamp:
        return 0
    return datetime.strptime(timestamp, "%a %Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC).timestamp()


def unit_of(answer: str) -> dict:
    """What systemd said of the unit; what it said of its service comes after that."""
    return dict(reversed(re.findall(r"^(\w+)=(.*)$", answer, re.MULTILINE)))


def needed(answer: str) -> dict:
    """What is to be done by the answer, as arguments of systemd_service; nothing when all is well."""
    unit = unit_of(answer)
    written = {"files": 0.0, "reload_files": 0.0}
    for kind, time in re.findall(r"^(files|reload_files) ([\d.]+)$", answer, re.MULTILINE):
        written[kind] = max(written[kind], float(time))
    started = seconds(unit.get("ExecMainStartTimestamp", "") or unit.get("ActiveEnterTimestamp", ""))

    todo = {}
    if unit.get("ActiveState") in ("inactive", "failed"):
        refused = unit.get("ConditionResult") == "no" and seconds(unit.get("ConditionTimestamp", ""))
        if not refused or refused < written["files"]:
            todo["state"] = "started"
    elif started < written["files"]:
        todo["state"] = "restarted"
    elif max(started, seconds(unit.get("StateChangeTimestamp", ""))) < written["reload_files"]:
        todo["state"] = "reloaded"
    enabled = unit.get("UnitFileState")
    disabled = enabled == "disabled" or (enabled == "generated" and not unit.get("WantedBy"))
    # systemd 252 does not notice by itself that a unit has got its first drop-in. And what takes the place of an init
    # script, which was enabled, is not.
    return {**todo, "daemon_reload": True, "enabled": True} if todo or disabled else {}


class ActionModule(ActionBase):
    """Asks systemd and the files, then has done what is needed."""

    _VALID_ARGS = frozenset(("name", "files", "reload_files", "restart_by"))

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        name = self._task.args["name"]
        units = list(dict.fromkeys([name, f"{name.rpartition('.')[0]}.service"]))  # a timer's, a socket's
        own = [f"/etc/systemd/system/{unit}{end}" for unit in units for end in ("", ".d")]
        paths = {
            "files": own + self._task.args.get("files", []),
            "reload_files": self._task.args.get("reload_files", []),
        }
        answer = self._low_level_execute_command(question(units, paths))["stdout"]
        answer = answer.replace("\r", "")  # ssh may have made a terminal
        if self._task.check_mode and unit_of(answer).get("LoadState") != "loaded":
            return result | {"changed": True}
        todo = needed(answer)
        if not todo:
            return result | {"changed": False}
        by = self._task.args.get("restart_by", []) if todo.get("state") == "restarted" else []
        if by:
            del todo["state"]
        result |= self._execute_module(
            "ansible.builtin.systemd_service", module_args={"name": name, **todo}, task_vars=task_vars
        )
        if by and not result.get("failed") and not self._task.check_mode:
            result |= self._execute_module("ansible.builtin.command", module_args={"argv": by}, task_vars=task_vars)
        return result | {"changed": True}
