"""Callback runs: one run at a time changes a customer, and the journal says who ran what."""

import atexit
from pathlib import Path

from ansible import context
from ansible.errors import AnsibleError
from ansible.executor.stats import AggregateStats
from ansible.playbook import Playbook
from ansible.playbook.play import Play
from ansible.plugins.callback import CallbackBase
from ansible.template import Templar

from toolkit.judged import refuse
from toolkit.runs.entry import READING, UNRECORDED, entry, own_playbooks
from toolkit.runs.lock import LockedError
from toolkit.runs.this_run import RUN

DOCUMENTATION = r"""
name: runs
type: aggregate
short_description: Refuse a run on a customer that another run changes, and keep a journal of all runs
description:
  - The toolkit's own playbooks hold a lock in the customer's state folder while they run. A second one ends at once
    with exit code 2 and one sentence that says who runs what. Dry runs and playbooks that only read are let through.
  - C(runs/) in the state folder gets a file for each run that asks the cloud or a host, with operator, time, verb,
    revision of the toolkit, arguments without secrets, result and duration. A run that was killed has no end there.
requirements:
  - enabled in ansible.cfg (callbacks_enabled)
"""


def state_folder(play: Play) -> Path | None:
    """Where the customer's runs leave what they leave; where that cannot be read, the folder beside the inventory."""
    manager = play.get_variable_manager()
    group = manager._inventory.groups.get("jitsi")
    hosts = group.get_hosts() if group else []
    try:
        values = manager.get_vars(host=hosts[0] if hosts else None, include_hostvars=False)
        return Path(Templar(manager._loader, values).template(values["state_folder"])).expanduser()
    except (AnsibleError, KeyError):
        source = Path(next(iter(manager._inventory._sources), ""))
        return (source if source.is_dir() else source.parent) / "state" if source.exists() and hosts else None


class CallbackModule(CallbackBase):
    """Begins and ends this process's run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "runs"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook: Playbook) -> None:
        RUN.result = "stopped"
        if RUN.folder:  # of several playbooks one after another
            return
        play = playbook.get_plays()[0]
        RUN.folder = state_folder(play)
        playbooks = [name for name in own_playbooks(context.CLIARGS["args"]) if name not in UNRECORDED]
        if not RUN.folder or not playbooks:
            return
        atexit.register(RUN.end)
        started = entry(playbooks, context.CLIARGS, play.get_variable_manager().extra_vars)
        try:
            if warning := RUN.begin(RUN.folder, started):
                self._display.warning(warning)
        except LockedError as error:
            refuse([f"{error}. Fix: wait until it ends, or end that process."])
        except OSError as error:
            text = f"{error.filename or RUN.folder} cannot be written ({error.strerror})"
            if not set(playbooks) <= set(READING):
                refuse([f"{text}. Fix: chmod u+rwx it."])
            self._display.warning(f"{text}: this run is in no journal.")

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        if RUN.result == "stopped":  # callback restarts may have said more
            RUN.result = "failed" if stats.failures or stats.dark else "done"
