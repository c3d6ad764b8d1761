"""Callback stages: what stage runs on which hosts and how long it took; at the end where to look when it failed."""

import time

from ansible import constants as C
from ansible import context
from ansible.executor.stats import AggregateStats
from ansible.executor.task_result import CallbackTaskResult
from ansible.playbook.play import Play
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import filter_loader

from toolkit.display.model import duration, listed
from toolkit.display.where_to_look import JUDGING, where_to_log_in, where_to_look

DOCUMENTATION = r"""
name: stages
type: aggregate
short_description: Show stages with elapsed time, and where to look after a failure
description:
  - One line per play with the time since the start and the hosts it runs on, between the lines of Ansible's own output.
  - After a failure one line per failed task with the commands that show the cause on that host, as root, and the line
    that logs in.
  - Says nothing beside callback C(progress), which has all of it.
requirements:
  - enabled in ansible.cfg (callbacks_enabled)
"""


class CallbackModule(CallbackBase):
    """Prints stages and hints beside the default callback."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "stages"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        # Has all filters read before Ansible forks: otherwise each of its processes reads them anew.
        filter_loader.get("secret_for")
        self.disabled = C.DEFAULT_STDOUT_CALLBACK == "progress"
        self.started = time.monotonic()
        self.hints: list[str] = []

    def _headline(self, text: str) -> None:
        elapsed = duration(time.monotonic() - self.started)
        self._display.display(f"\n==== {elapsed}  {text}", color="bright blue")

    def v2_playbook_on_play_start(self, play: Play) -> None:
        hosts = play.get_variable_manager()._inventory.get_hosts(play.hosts)
        self._headline(f"{play.get_name()}  [{listed((host.name for host in hosts), 6)}]")

    def _hint(self, result: CallbackTaskResult, what: str) -> None:
        host = result.host.get_name()
        role = result.task._role.get_name() if result.task._role and result.task.action not in JUDGING else ""
        look = where_to_look(role, [host]) or "the message above"
        self.hints.append(f"{host}: {result.task.get_name()} {what}; look at: {look}")
        if way := where_to_log_in(role, [host], context.CLIARGS):
            self.hints.append(f"  log in there: {way}")

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            self._hint(result, "failed")

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        self._hint(result, "could not reach the host")

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        self._headline("done")
        for hint in self.hints:
            self._display.display(hint, color="red")
