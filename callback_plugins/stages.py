"""Callback stages: what stage runs on which hosts and how long it took; at the end where to look when it failed."""

import shlex
import time

from ansible import context
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: stages
type: aggregate
short_description: Show stages with elapsed time, and where to look after a failure
description:
  - One line per play with the time since the start and the hosts it runs on.
  - After a failure one line per failed task with the commands that show the cause on that host, as root, and below them
    the line that logs in. A refusal has said the cause itself.
requirements:
  - enabled in ansible.cfg (callbacks_enabled)
"""

# What fails by them has judged and said why: no log has more.
REFUSALS = ("ansible.builtin.assert", "ansible.builtin.fail")
# Role -> the commands, as root on the host, that show why it failed. Whose log is where: docs/operations.md.
WHERE_TO_LOOK = {
    "base": "journalctl -b -u nftables -u ssh; apt-get -s install jitsi-videobridge2",
    "certificate": "journalctl -u certbot; tail /var/log/letsencrypt/letsencrypt.log",
    "log_retention": "systemctl status log-retention logrotate; logrotate --debug /etc/logrotate.conf",
    "internal_trust": "openssl verify /usr/local/share/ca-certificates/*.crt",
    "prosody": "prosodyctl check config; journalctl -u prosody",
    "directory": "jitsi-directory --check /etc/jitsi-directory/settings.json; journalctl -u jitsi-directory",
    "openldap": "systemctl status slapd; journalctl -u slapd",
    "jicofo": "systemctl status jicofo; tail /var/log/jitsi/jicofo.log",
    "conference_mapper": "systemctl status jitsi-conference-mapper; journalctl -u jitsi-conference-mapper",
    "web": "nginx -t; journalctl -u nginx",
    "videobridge": "systemctl status jitsi-videobridge2; tail /var/log/jitsi/jvb.log",
    "turn": "systemctl status coturn; /usr/local/sbin/check-turnserver /etc/turnserver.conf",
    "streaming": "nginx -t -c /etc/nginx/streaming.conf; journalctl -u nginx",
    "jibri": "systemctl status jibri jibri-xorg jibri-icewm jibri-sound jibri-duty; journalctl -u jibri",
    "recording_delivery": "systemctl status recording-delivery.timer; journalctl -u recording-delivery",
    "jigasi": "systemctl status jigasi; tail /var/log/jitsi/jigasi.log",
    "sip_server": "kamailio -c; systemctl status kamailio; check-trunk",
    "voice_menu": "systemctl status voice-menu; journalctl -u voice-menu",
    "conference_check": "state/verify.log in the customer's folder",
    "openstack_network": "openstack network list; openstack quota show",
    "openstack_server": "openstack server show HOST; openstack console log show HOST",
}
# Roles whose hints are for the operator's machine.
HERE = ("conference_check", "openstack_network", "openstack_server")


def login(arguments: dict, hosts: list[str]) -> str:
    """The line that logs in to a server, with the names of those that are meant."""
    source = (arguments.get("inventory") or ["demo"])[0]
    customer = source.removesuffix("/").removesuffix("/plan.yml").removeprefix("inventories/")
    return f"make ssh {shlex.quote(f'CUSTOMER={customer}')} HOST={' or '.join(hosts)}"


class CallbackModule(CallbackBase):
    """Prints stages and hints beside the default callback."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "stages"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.started = time.monotonic()
        self.hints, self.hosts = [], []

    def _elapsed(self):
        minutes, seconds = divmod(int(time.monotonic() - self.started), 60)
        return f"{minutes:d}:{seconds:02d}"

    def v2_playbook_on_play_start(self, play):
        hosts = play.get_variable_manager()._inventory.get_hosts(play.hosts)
        names = ", ".join(host.name for host in hosts[:6]) + (f" and {len(hosts) - 6} more" if len(hosts) > 6 else "")
        self._display.display(f"\n==== {self._elapsed()}  {play.get_name()}  [{names}]", color="bright blue")

    def _hint(self, result, what):
        host = result.host.get_name()
        role = result.task._role.get_name() if result.task._role else ""
        where = {} if result.task.action in REFUSALS else WHERE_TO_LOOK
        look = where.get(role, "the message above").replace("HOST", host)
        if role in where and role not in HERE and host not in self.hosts:
            self.hosts.append(host)
        self.hints.append(f"{host}: {result.task.get_name()} {what}; look at: {look}")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if not ignore_errors:
            self._hint(result, "failed")

    def v2_runner_on_unreachable(self, result):
        self._hint(result, "could not reach the host")

    def v2_playbook_on_stats(self, stats):
        self._display.display(f"\n==== {self._elapsed()}  done", color="bright blue")
        for hint in self.hints:
            self._display.display(hint, color="red")
        if self.hosts:
            self._display.display(f"Log in there: {login(context.CLIARGS, self.hosts)}", color="red")
