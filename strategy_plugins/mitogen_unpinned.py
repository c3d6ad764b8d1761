"""Strategy mitogen_unpinned: mitogen's linear strategy, sparing every task what needs doing once.

A worker is forked per task and host, and forgets what it learnt. So this process learns it before: the filters and
tests, and how a host is reached. Mitogen binds every worker to one core and compiles the same imports for each module;
not here. docs/performance.md has the figures. Chosen by scripts/accelerate, never required: without mitogen the stock
strategy runs.
"""

import functools
import gc
from collections.abc import Callable
from typing import Any

import ansible_mitogen.affinity
import ansible_mitogen.loaders
import ansible_mitogen.module_finder
import ansible_mitogen.strategy
from ansible.executor.play_iterator import PlayIterator
from ansible.executor.task_queue_manager import TaskQueueManager
from ansible.inventory.host import Host
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import filter_loader, strategy_loader, test_loader
from ansible.template import Templar
from ansible.utils.display import Display

DOCUMENTATION = r"""
name: mitogen_unpinned
short_description: Run tasks in lockstep through mitogen, on every core, each as short as can be
description:
  - The linear strategy through mitogen, without mitogen's CPU pinning.
  - How a host is reached (group_vars/jitsi/connection.yml) is worked out once per host and play.
author: The maintainers
"""

# What each task would work out anew; all come from templates that speak of settings and addresses only.
REACH = ("ansible_user", "ansible_ssh_private_key_file", "ansible_ssh_common_args")

ansible_mitogen.affinity.policy = ansible_mitogen.affinity.Policy()
# Stands before the builtin where mitogen looks which imports a module needs: fifty files, the same for nearly all.
ansible_mitogen.module_finder.compile = functools.cache(compile)


def without_strategies(deprecated: Callable[..., None]) -> Callable[..., None]:
    """Return Display.deprecated without the warning about strategies from outside, which every run would print."""

    @functools.wraps(deprecated)
    def others(display: Any, msg: str, *arguments: Any, **options: Any) -> None:
        _skip_stackwalk = True  # Ansible looks for the plugin that warns, in frames that do not say this
        if not msg.startswith("Use of strategy plugins not included in ansible.builtin "):
            deprecated(display, msg, *arguments, **options)

    return others


Display.deprecated = without_strategies(Display.deprecated)

Linear: Any = strategy_loader.get("linear", class_only=True)


class StrategyModule(ansible_mitogen.strategy.StrategyMixin, Linear):
    """Linear through mitogen."""

    def __init__(self, tqm: TaskQueueManager) -> None:
        super().__init__(tqm)
        self._reached: dict[tuple[Any, ...], dict[str, Any]] = {}

    def run(self, iterator: PlayIterator, play_context: PlayContext, result: int = 0) -> Any:
        for loader in (filter_loader, test_loader):
            list(loader.all())
        gc.freeze()  # a worker's garbage collection would copy every page it shares with this process
        return super().run(iterator, play_context, result)

    def _queue_task(self, host: Host, task: Task, task_vars: dict[str, Any], play_context: PlayContext) -> None:
        if task.connection != "local":
            reach = {name: task_vars[name] for name in REACH if name in task_vars}
            key = (host.name, *reach.values())
            if key not in self._reached:
                self._reached[key] = Templar(self._loader, task_vars).template(reach)
            task_vars |= self._reached[key]
        super()._queue_task(host, task, task_vars, play_context)
