"""Where the cause of a failure shows, and how to get there. Whose log is where: docs/how-to/troubleshooting.md."""

import shlex
from collections.abc import Mapping
from typing import Any

# What fails by them has judged and said why: no log has more.
JUDGING = ("assert", "ansible.builtin.assert", "fail", "ansible.builtin.fail")
# Role -> the commands, as root on the host, that show why it failed.
WHERE_TO_LOOK = {
    "base": "journalctl -b -u nftables -u ssh; apt-get -s install jitsi-videobridge2",
    "certificate": "journalctl -u certbot; tail /var/log/letsencrypt/letsencrypt.log",
    "sandbox": "systemctl --no-pager cat nginx prosody coturn; systemd-analyze --no-pager security",
    "log_retention": "systemctl status log-retention logrotate; logrotate --debug /etc/logrotate.conf",
    "updates": "updates status; systemctl list-timers updates; journalctl -u updates",
    "internal_trust": "openssl verify /usr/local/share/ca-certificates/*.crt",
    "login": "jitsi-login --check /etc/jitsi-login/settings.json < /dev/null; journalctl -u jitsi-login",
    "prosody": "prosodyctl check config; journalctl -u prosody",
    "openldap": "systemctl status slapd; journalctl -u slapd",
    "jicofo": "systemctl status jicofo; tail /var/log/jitsi/jicofo.log",
    "conference_mapper": "systemctl status jitsi-conference-mapper; journalctl -u jitsi-conference-mapper",
    "consent_gate": "ls /var/www/consent; nginx -t; journalctl -u nginx",
    "web": "nginx -t; journalctl -u nginx",
    "videobridge": "systemctl status jitsi-videobridge2; tail /var/log/jitsi/jvb.log",
    "turn": "systemctl status coturn; /usr/local/sbin/check-turnserver /etc/turnserver.conf",
    "streaming": "nginx -t -c /etc/nginx/streaming.conf; journalctl -u nginx",
    "jibri": "systemctl status jibri jibri-xorg jibri-icewm jibri-sound jibri-duty; journalctl -u jibri",
    "recording_delivery": "systemctl status recording-delivery.timer; journalctl -u recording-delivery",
    "jigasi": "systemctl status jigasi; tail /var/log/jitsi/jigasi.log",
    "sip_server": "kamailio -c; systemctl status kamailio; check-trunk",
    "dial_in_ivr": "systemctl status dial-in-ivr; journalctl -u dial-in-ivr",
    "conference_check": "state/verify.log in the customer's folder",
    "openstack_network": "openstack network list; openstack quota show",
    "openstack_server": "openstack server show HOST; openstack console log show HOST",
}
# Roles whose commands are for the operator's machine.
HERE = ("conference_check", "openstack_network", "openstack_server")


def where_to_look(role: str, hosts: list[str]) -> str:
    """The commands for a role, with the name of the host where there is one; nothing for a role that needs none."""
    return WHERE_TO_LOOK.get(role, "").replace("HOST", hosts[0] if len(hosts) == 1 else "HOST")


def where_to_log_in(role: str, hosts: list[str], arguments: Mapping[str, Any]) -> str:
    """The line that logs in to the hosts on which those commands run, from Ansible's own arguments; or nothing."""
    if role not in WHERE_TO_LOOK or role in HERE:
        return ""
    source = (arguments.get("inventory") or ["demo"])[0]
    customer = source.removesuffix("/").removesuffix("/plan.yml").removeprefix("inventories/")
    return f"make ssh {shlex.quote(f'CUSTOMER={customer}')} HOST={' or '.join(hosts)}"
