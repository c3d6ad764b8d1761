"""Action daemon: a unit runs, is enabled, and has read what its files say now, unless that would end a meeting."""

import hashlib
import re
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ansible.plugins.action import ActionBase

DOCUMENTATION = r"""
name: daemon
short_description: Run a unit of systemd with the files and packages as they are now
description:
  - Starts and enables a unit. One that runs is restarted where what it reads at its start has changed since that
    start, and reloaded where a file it reads again at a reload has been written since its state last changed.
  - A handler knows what has changed in one run only, and what it would have done is lost when that run is interrupted
    behind the file. This looks at the files and the unit, so the next run does it.
  - What a unit has read at its start is remembered on the host as a checksum (/var/lib/jitsi-daemons). A file that was
    written with the same content, by a package that was installed again or by hand, restarts nothing.
  - C(/usr/local/sbin/meetings) says how many meetings a restart would end. Where there are any the restart is
    deferred, with the installation of packages that comes before it, unless variable C(restarts) is C(now). Callback
    restarts lists at the end of the run what was deferred.
  - ansible.builtin.systemd_service does what is to be done, and is not asked where nothing is.
options:
  name:
    description: The unit, with its ending (C(nginx.service)).
    type: str
    required: true
  files:
    description:
      - Files it reads at its start, and folders of such files. What the unit itself consists of in /etc/systemd/system
        belongs to them by itself. What is not there is not waited for. For a package that is
        C(/var/lib/dpkg/info/PACKAGE.md5sums), which is the same for the same version.
    type: list
    elements: path
    default: []
  reload_files:
    description: Files, and folders of files, that it reads again at a reload.
    type: list
    elements: path
    default: []
  packages:
    description: Packages as C(name=version) that are installed directly before the restart, so that one host follows
      another with C(throttle).
    type: list
    elements: str
    default: []
  restart_by:
    description: A command that takes the place of a restart and waits until nothing would end by it.
    type: list
    elements: str
    default: []
  ready:
    description: A command that ends when a unit that was started or restarted does its work.
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
RECORDS = "/var/lib/jitsi-daemons"
MEETINGS = "/usr/local/sbin/meetings"


def record_of(name: str, files: list[str]) -> str:
    """Where is remembered what the unit has read of these files: a unit may run with several lists."""
    return f"{RECORDS}/{name}.{hashlib.sha256(' '.join(files).encode()).hexdigest()[:8]}"


def question(units: list[str], paths: dict[str, list[str]], packages: list[str], record: str) -> str:
    """What to ask on the host: what systemd knows of the units, what is in files and when they were written."""
    # Where ssh makes a terminal systemctl would have it read page by page.
    show = f"systemctl --no-pager show --timestamp=us+utc --property={','.join(PROPERTIES)} {shlex.join(units)}"
    # Written, renamed or of another owner since: the time of change is of this host, a package's file may be older.
    finds = [
        f"find {shlex.join(there)} -type f -printf '{kind} %C@\\n' 2> /dev/null"
        for kind, there in paths.items()
        if there
    ]
    sums = f"find {shlex.join(paths['files'])} -type f -exec sha256sum {{}} + 2> /dev/null | LC_ALL=C sort | sha256sum"
    versions = (
        [f"dpkg-query -Wf 'package ${{Package}}=${{Version}}\\n' {shlex.join(word.split('=')[0] for word in packages)}"]
        if packages
        else []
    )
    return "; ".join([show, *finds, f'echo "sum $({sums})"', *versions, f"cat {shlex.quote(record)}", "true"])


def seconds(timestamp: str) -> float:
    """Of systemd's "Sat 2026-11-28 17:00:00.123456 UTC"; 0 for what has not happened."""
    if not timestamp:
        return 0
    return datetime.strptime(timestamp, "%a %Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC).timestamp()


def unit_of(answer: str) -> dict[str, str]:
    """What systemd said of the unit; what it said of its service comes after that."""
    return dict(reversed(re.findall(r"^(\w+)=(.*)$", answer, re.MULTILINE)))


def state_of(answer: str) -> str:
    """What the unit has read if nothing has changed since its start: that start, and the checksum of its files."""
    unit = unit_of(answer)
    start = unit.get("ExecMainStartTimestamp") or unit.get("ActiveEnterTimestamp", "")
    found = re.search(r"^sum (\w+)", answer, re.MULTILINE)
    return f"started {seconds(start):.6f} with {found[1]}" if found else ""


def recorded(answer: str) -> str:
    """What was remembered of the unit, or nothing."""
    found = re.search(r"^started \S+ with \w+$", answer, re.MULTILINE)
    return found[0] if found else ""


def needed(answer: str, packages: list[str] | None = None) -> dict[str, Any]:
    """What is to be done by the answer, as arguments of systemd_service; nothing when all is well."""
    unit = unit_of(answer)
    written = {"files": 0.0, "reload_files": 0.0}
    for kind, time in re.findall(r"^(files|reload_files) ([\d.]+)$", answer, re.MULTILINE):
        written[kind] = max(written[kind], float(time))
    started = seconds(unit.get("ExecMainStartTimestamp", "") or unit.get("ActiveEnterTimestamp", ""))
    now, then = state_of(answer), recorded(answer)
    # Of this start is known what was read; of another only when.
    known = then.split(" with ")[0] == now.split(" with ")[0]
    changed = then != now if known and now else started < written["files"]

    todo: dict[str, Any] = {}
    if unit.get("ActiveState") in ("inactive", "failed"):
        refused = unit.get("ConditionResult") == "no" and seconds(unit.get("ConditionTimestamp", ""))
        if not refused or refused < written["files"]:
            todo["state"] = "started"
    elif changed or missing(packages or [], answer):
        todo["state"] = "restarted"
    elif max(started, seconds(unit.get("StateChangeTimestamp", ""))) < written["reload_files"]:
        todo["state"] = "reloaded"
    enabled = unit.get("UnitFileState")
    disabled = enabled == "disabled" or (enabled == "generated" and not unit.get("WantedBy"))
    # systemd 252 does not notice by itself that a unit has got its first drop-in. And what takes the place of an init
    # script, which was enabled, is not.
    return {**todo, "daemon_reload": True, "enabled": True} if todo or disabled else {}


def missing(packages: list[str], answer: str) -> list[str]:
    """The packages that the host does not have in this version."""
    return [package for package in packages if f"package {package}\n" not in f"{answer}\n"]


class ActionModule(ActionBase):
    """Asks systemd, the files and the meetings, then has done what is needed."""

    _VALID_ARGS = frozenset(("name", "files", "reload_files", "packages", "restart_by", "ready"))

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        restarts = (task_vars or {}).get("restarts") or "empty"
        if restarts not in ("empty", "now"):
            return result | {
                "failed": True,
                "msg": f"restarts is {restarts!r}. Fix: -e restarts=now (WHEN=now) has restarts end meetings; "
                "without it such restarts are deferred.",
            }
        args, self._vars = self._task.args, task_vars
        name, packages = args["name"], args.get("packages", [])
        answer = self._ask()
        if self._task.check_mode and unit_of(answer).get("LoadState") != "loaded":
            return result | {"changed": True}
        todo = needed(answer, packages)
        restarted = todo.get("state") == "restarted"
        if restarted or self._task.check_mode:
            graceful = args.get("restart_by") or restarts == "now"
            result["restart"] = {"unit": name, "needed": restarted, "ends": None if graceful else self._ends(name)}
            result["restart"]["reads"] = self._paths["files"]
            if restarted and result["restart"]["ends"]:
                return result | {"changed": False, "msg": f"{name} is not restarted: it {result['restart']['ends']}."}
        if not todo:
            self._remember(answer)
            return result | {"changed": False}
        return result | self._do(todo, missing(packages, answer))

    def _ask(self) -> str:
        name, args = self._task.args["name"], self._task.args
        units = list(dict.fromkeys([name, f"{name.rpartition('.')[0]}.service"]))  # a timer's, a socket's
        own = [f"/etc/systemd/system/{unit}{end}" for unit in units for end in ("", ".d")]
        self._paths = {"files": own + args.get("files", []), "reload_files": args.get("reload_files", [])}
        self._record = record_of(name, self._paths["files"])
        asked = question(units, self._paths, args.get("packages", []), self._record)
        told: str = self._low_level_execute_command(asked)["stdout"]
        return told.replace("\r", "")  # ssh may have made a terminal

    def _remember(self, answer: str) -> None:
        """What a unit has read that runs as it should."""
        state = state_of(answer)
        if (
            self._task.check_mode
            or not state
            or recorded(answer) == state
            or unit_of(answer)["ActiveState"] != "active"
        ):
            return
        self._low_level_execute_command(f"mkdir -p {RECORDS} && echo {state} > {shlex.quote(self._record)}")

    def _ends(self, name: str) -> str | None:
        """Why the unit is not restarted, or nothing."""
        asked = self._low_level_execute_command(f"test ! -x {MEETINGS} || {MEETINGS} count {shlex.quote(name)}")
        number = asked["stdout"].strip()
        if asked["rc"]:
            return f"does not say how many meetings it holds ({asked['stderr'].strip()})"
        return f"holds {number} of meetings, calls or relayed connections" if number not in ("", "0") else None

    def _do(self, todo: Mapping[str, Any], packages: list[str]) -> dict[str, Any]:
        args = self._task.args
        by = args.get("restart_by", []) if todo.get("state") == "restarted" else []
        steps: list[tuple[str, dict[str, Any]]] = []
        if packages:
            how = {"allow_downgrade": True, "policy_rc_d": 101, "lock_timeout": 300, "install_recommends": False}
            steps.append(("ansible.builtin.apt", {"name": packages, **how}))
        unit = {key: value for key, value in todo.items() if key != "state" or not by}
        steps.append(("ansible.builtin.systemd_service", {"name": args["name"], **unit}))
        if todo.get("state") in ("started", "restarted") and not self._task.check_mode:
            steps += [("ansible.builtin.command", {"argv": argv}) for argv in (by, args.get("ready", [])) if argv]
        result: dict[str, Any] = {}
        for module, arguments in steps:
            result |= self._execute_module(module, module_args=arguments, task_vars=self._vars)
            if result.get("failed"):
                return result
        self._remember(self._ask())
        return result | {"changed": True}
