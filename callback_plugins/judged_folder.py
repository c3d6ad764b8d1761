"""Callback judged_folder: what inventory customer_folder has judged is what the run uses."""

from ansible.playbook.play import Play
from ansible.plugins.callback import CallbackBase

from toolkit.judged import JUDGED, changed_since, refuse

DOCUMENTATION = r"""
name: judged_folder
type: aggregate
short_description: Refuse a customer's folder that changes between being judged and being used
description:
  - When the first play begins, the settings are loaded, which Ansible keeps for the whole run. Then the folder is
    compared with what P(customer_folder#inventory) has judged; where they differ the run ends with exit code 2.
  - A run that has read the inventory again compares again.
  - A file that changes later is read by the next run.
requirements:
  - enabled in ansible.cfg (callbacks_enabled)
"""


class CallbackModule(CallbackBase):
    """Compares once for each time the inventory was read."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "judged_folder"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_play_start(self, play: Play) -> None:
        if not JUDGED:  # it was compared in an earlier play, and no inventory was read since
            return
        variables = play.get_variable_manager()
        settings_of = variables._inventory.groups.get("jitsi")
        for host in settings_of.get_hosts()[:1] if settings_of else ():
            variables.get_vars(play=play, host=host)
        if found := changed_since():
            refuse(found)
