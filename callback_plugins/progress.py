"""Callback progress: what runs, where, for how long, and what it waits for; Ansible's own output goes to a file."""

import atexit
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from ansible import constants as C
from ansible import context
from ansible.executor.stats import AggregateStats
from ansible.executor.task_result import CallbackTaskResult
from ansible.inventory.host import Host
from ansible.inventory.manager import InventoryManager
from ansible.playbook import Playbook
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible.plugins.callback.default import CallbackModule as Default
from ansible.utils.display import Display

from toolkit.display.log import RunLog
from toolkit.display.model import Error, Run, duration, plain
from toolkit.display.results import adds, error_text, notes
from toolkit.display.where_to_look import JUDGING
from toolkit.runs.this_run import RUN

if TYPE_CHECKING:
    from toolkit.display.screen import Screen

DOCUMENTATION = r"""
name: progress
type: stdout
short_description: Show stages, what they wait for, a bar and a summary; keep the whole output in a file
description:
  - On a terminal one line for each stage with its hosts and a running clock, the task that runs with the hosts that
    have not answered yet, and a bar for the whole run. Elsewhere a line where a stage begins and one where it ends.
  - At the end what the playbook says to its operator, and each failure once, with its hosts, where to look, and the
    log's lines around it.
  - What Ansible prints without this plugin goes to C(run.log) in C(jitsi_state_dir), which the last line names; the
    file of the run before is C(run.log.1).
extends_documentation_fragment:
  - default_callback
  - result_format_callback
requirements:
  - asked for by the environment (C(ANSIBLE_STDOUT_CALLBACK=progress)), as make does
"""


def steps(plays: Iterable[Play]) -> dict[str, int]:
    """How many tasks each play has, as far as is known before it runs."""
    return {play._uuid: sum(map(counts, play.compile())) for play in plays}


def counts(block: Block) -> int:
    """Tasks of a block that the chosen tags leave and that say when they begin."""
    tasks = block.filter_tagged_tasks({}).get_tasks()
    return sum(1 for task in tasks if not task.implicit and task.action not in C._ACTION_META)


def rescued(task: Task) -> bool:
    """Whether a rescue of the playbook's takes care of the task's failure."""
    inner, outer = task, task._parent
    while outer:
        if isinstance(outer, Block) and outer.rescue and inner._uuid in {each._uuid for each in outer.block}:
            return True
        inner, outer = outer, outer._parent
    return False


def role_of(task: Task) -> str:
    """The role a task belongs to."""
    return str(task._role.get_name()) if task._role else ""


def title(task: Task) -> str:
    """What the operator reads of a task."""
    name = task.name or task.action
    return f"{name} ({role_of(task)})" if role_of(task) else name


class CallbackModule(Default):
    """Feeds the model with events, and has the callback it takes the place of write the log."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "progress"

    # Of a playbook that has started.
    _run: Run
    _screen: "Screen"
    _log: RunLog
    _task_began: tuple[int, int]  # size and lines of the log

    def __init__(self) -> None:
        super().__init__()
        self._items: dict[str, list[str]] = {}  # host -> why items of its loop failed
        self._asking = self._ended = self._failed = False
        self._process = 0  # that draws, since the playbook's start

    # --- what Ansible prints

    def _take_over(self) -> None:
        self._process = os.getpid()
        self._display.display, self._display.prompt = self._print, self._prompt
        self._display.prompt_until = self._prompt_until
        lock = self._display._lock
        # A process that is forked while the terminal is drawn would find the lock taken for ever.
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
        atexit.register(self._close)
        before = signal.getsignal(signal.SIGTERM)

        def end(*given: Any) -> None:
            self._close()
            if callable(before):
                before(*given)
            else:
                sys.exit(143)

        signal.signal(signal.SIGTERM, end)

    def _print(
        self,
        msg: str,
        color: str | None = None,
        stderr: bool = False,
        screen_only: bool = False,
        log_only: bool = False,
        newline: bool = True,
        caplevel: int | None = None,
    ) -> None:
        """In the place of Display.display: everything to the log, and to the screen what is no task's."""
        if self._display._final_q:  # a worker's: comes again in the process that draws
            Display.display(self._display, msg, color, stderr, screen_only, log_only, newline, caplevel)
            return
        msg = plain(msg)
        if not screen_only:
            self._log.write(msg + "\n" * newline)
        own = self._current_task_result is None and msg.startswith(("[ERROR]", "[WARNING]"))
        shown = not log_only and (self._ended or self._asking or own) and os.getpid() == self._process
        with self._screen.paused() if shown else nullcontext():
            Display.display(self._display, msg, color, stderr, screen_only, not shown, newline, caplevel)
            if shown:
                (sys.stderr if stderr else sys.stdout).flush()

    @contextmanager
    def _question(self) -> Iterator[None]:
        self._asking = True
        try:
            with self._screen.paused():
                yield
        finally:
            self._asking = False

    def _prompt(self, msg: str, private: bool = False) -> Any:
        with self._question():
            return Display.prompt(msg, private)

    def _prompt_until(self, *args: Any, **kwargs: Any) -> Any:
        if self._display._final_q:
            return Display.prompt_until(self._display, *args, **kwargs)
        with self._question():
            return Display.prompt_until(self._display, *args, **kwargs)

    # --- what happens

    def v2_playbook_on_start(self, playbook: Playbook) -> None:
        plays = playbook.get_plays()
        self._run = Run(steps(plays))
        from toolkit.display.screen import Screen  # not for runs without this plugin: Ansible loads all of them

        live = sys.stdout.isatty() and os.environ.get("TERM") not in (None, "", "dumb")
        self._screen = Screen(self._run, sys.stdout, self._display._lock, live, not C.ANSIBLE_NOCOLOR)
        self._ended = False
        if not self._process:
            self._log = RunLog()
            self._take_over()
        super().v2_playbook_on_start(playbook)

    def v2_playbook_on_play_start(self, play: Play) -> None:
        self._log.open(RUN.folder)  # callback runs has let the run begin: nobody else's log is there
        super().v2_playbook_on_play_start(play)
        inventory = play.get_variable_manager()._inventory
        batch = [host.name for host in inventory.get_hosts(play.hosts)]
        if not batch:  # a plan may lack the group
            return
        hosts = [host.name for host in inventory.get_hosts(play.hosts, ignore_restrictions=True)]
        before = self._run.stage
        if not before or before.key != play._uuid:
            self._end_stage()
        stage = self._run.begin_stage(play._uuid, play.get_name(), group_of(inventory, play.hosts, hosts), batch, hosts)
        if stage is not before:
            self._log.write(f"\n==== {duration(self._run.elapsed)}  {stage.name}  [{stage.where}]\n")
            self._screen.begins(stage)

    def _end_stage(self, how: str = "done") -> None:
        if stage := self._run.stage:
            self._run.end_stage()
            self._screen.ended(stage, how)

    def _task_start(self, task: Task, prefix: str | None = None) -> None:
        self._task_began = self._log.size, self._log.lines
        self._run.begin_task(title(task))
        super()._task_start(task, prefix)

    def v2_runner_on_start(self, host: Host, task: Task) -> None:
        super().v2_runner_on_start(host, task)
        self._run.wait_for(host.get_name())

    def v2_runner_retry(self, result: CallbackTaskResult) -> None:
        self._run.wait_for(
            result.host.get_name(), f"try {result.result['attempts'] + 1} of {result.result['retries'] + 1}"
        )
        super().v2_runner_retry(result)

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        self._run.answer(result.host.get_name(), result.result.get("changed", False))
        for said in notes(result.task.action, result.task.args, result.result):
            self._run.note(said)
        super().v2_runner_on_ok(result)

    def v2_runner_on_skipped(self, result: CallbackTaskResult) -> None:
        self._run.answer(result.host.get_name())
        super().v2_runner_on_skipped(result)

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        role = "" if result.task.action in JUDGING else role_of(result.task)
        error = None if ignore_errors or rescued(result.task) else self._fail(result, "failed on", role)
        self._logged(error, super().v2_runner_on_failed, result, ignore_errors)

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        # Why a server does not let anybody in, its console knows.
        error = None if result.task.ignore_unreachable else self._fail(result, "could not reach", "openstack_server")
        self._logged(error, super().v2_runner_on_unreachable, result)

    def v2_runner_item_on_failed(self, result: CallbackTaskResult) -> None:
        text = f"{self._get_item_label(result.result)}: {error_text(result.result)}"
        self._items.setdefault(result.host.get_name(), []).append(text)
        super().v2_runner_item_on_failed(result)

    def _fail(self, result: CallbackTaskResult, what: str, role: str) -> Error | None:
        host = result.host.get_name()
        text = "\n".join(self._items.get(host, ())) or error_text(result.result)
        return self._run.fail(host, title(result.task), what, text, role)

    def _logged(self, error: Error | None, write: Callable[..., None], *args: Any) -> None:
        """Has the log written, and its lines around the failure kept: those that say more than its text."""
        host = args[0].host.get_name()
        self._run.answer(host)
        items = self._items.pop(host, None)  # have been logged, one by one
        size, lines = self._task_began if items else (self._log.size, self._log.lines)
        write(*args)
        if error:
            around = self._log.around(self._task_began[0], size, lines)
            error.excerpt = [(number, line) for number, line in around if adds(line, error.text)]
            if args[0].task.action in JUDGING:
                del error.excerpt[1:]

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        super().v2_playbook_on_stats(stats)
        self._end_stage()
        self._screen.report(context.CLIARGS)
        self._failed = bool(stats.failures or stats.dark)
        self._ended = True  # what other callbacks say from now on is for the operator

    def _close(self) -> None:
        """Also when the run was interrupted, or Ansible gave up."""
        if os.getpid() != self._process:
            return
        atexit.unregister(self._close)
        if not self._ended:
            self._end_stage("stopped")
            self._screen.report(context.CLIARGS)
        how = "failed" if self._failed else "done" if self._ended else "stopped"
        self._screen.finish(how, self._log, context.CLIARGS["check"])


def group_of(inventory: InventoryManager, pattern: str, hosts: list[str]) -> str:
    """The group of the inventory that has just these hosts; the one the play names, if there are several."""
    groups = {name: {host.name for host in group.get_hosts()} for name, group in inventory.groups.items()}
    same = [name for name, members in groups.items() if members == set(hosts) and name not in ("all", "ungrouped")]
    return pattern if pattern in same else next(iter(same), "")
