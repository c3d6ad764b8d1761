"""Callback restarts: which daemons were not restarted for the sake of meetings, with the command that does it later."""

import shlex
from collections.abc import Mapping
from typing import Any

from ansible import context
from ansible.executor.stats import AggregateStats
from ansible.executor.task_result import CallbackTaskResult
from ansible.plugins.callback import CallbackBase

from toolkit.runs.this_run import RUN

DOCUMENTATION = r"""
name: restarts
type: aggregate
short_description: List restarts that are deferred, and end the run with an exit code of its own
description:
  - One line for each daemon that action C(daemon) did not restart, because that would end meetings, and the command
    that restarts it all the same.
  - A run that did everything else ends with exit code 3. One that failed ends as it always does.
  - A dry run lists which daemons would be restarted, and which of them would be deferred; it ends with 0.
requirements:
  - enabled in ansible.cfg (callbacks_enabled)
"""

DEFERRED = 3


def command(arguments: Mapping[str, Any], host: str, role: str) -> str:
    """The line that restarts the daemon of a role on a host, whatever it holds."""
    inventories = [word for source in arguments.get("inventory") or [] for word in ("-i", source)]
    words = ["ansible-playbook", *inventories, *arguments.get("args", ()), "--limit", host]
    words += ["--tags", role] if role else []
    return f". scripts/environment; {shlex.join([*words, '-e', 'restarts=now'])}"


def touched(result: Mapping[str, Any]) -> set[str]:
    """Files that a task of a dry run would write."""
    given = result.get("invocation", {}).get("module_args", {})
    each = [result.get(key) or given.get(key) for key in ("dest", "path")]
    return {path for path in each if isinstance(path, str)}


class CallbackModule(CallbackBase):
    """Collects what action daemon says of restarts."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "restarts"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.written: dict[str, set[str]] = {}  # by host, the files that a dry run would write
        self.deferred: dict[tuple[str, str], tuple[str, str]] = {}  # host and unit -> what it ends, and the role
        self.planned: dict[tuple[str, str], str] = {}  # host and unit -> why it would be deferred, or not

    def _would(self, host: str, restart: Mapping[str, Any], changed: bool) -> bool:
        """Whether a dry run would restart: its files are as they were, so what tasks would write is looked at."""
        ours = [path for path in self.written.get(host, ()) for read in restart["reads"] if path.startswith(read)]
        return bool(restart["needed"] or ours or changed)

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        host, told = result.host.get_name(), result.result
        restart = told.get("restart")
        if not restart:
            if context.CLIARGS.get("check") and told.get("changed"):
                for one in told.get("results") or [told]:
                    self.written.setdefault(host, set()).update(touched(one))
            return
        role = result.task._role.get_name() if result.task._role else ""
        where = (host, restart["unit"])
        if context.CLIARGS.get("check"):
            if self._would(host, restart, told.get("changed", False)):
                self.planned[where] = f"deferred: it {restart['ends']}" if restart["ends"] else "it holds no meeting"
        elif restart["ends"]:
            self.deferred[where] = (restart["ends"], role)

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        for (host, unit), why in self.planned.items():
            self._display.display(f"{host}: {unit} would be restarted; {why}", color="yellow")
        for (host, unit), (ends, role) in self.deferred.items():
            later = command(context.CLIARGS, host, role)
            self._display.display(f"{host}: {unit} is not restarted: it {ends}.", color="yellow")
            self._display.display(f"  Run this again when meetings are over, or end them now: {later}", color="yellow")
        if self.deferred and not stats.failures and not stats.dark:
            RUN.result = "restarts deferred"
            raise SystemExit(DEFERRED)
