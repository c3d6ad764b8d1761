"""Filter external_services: relay host names as the services prosody announces."""

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: external_services
short_description: Name relays the way prosody's mod_external_services announces them (XEP-0215)
description:
  - Every relay is announced as C(stun) and C(turn) on 3478/udp and as C(turns) on 443/tcp, which passes where only
    the web does.
  - Credentials are made by prosody from its C(external_service_secret), per participant and for one day.
positional: _input
options:
  _input:
    description: Names of the relays, as their certificates carry them.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
external_services: "{{ ['turn-1.meet.example.org'] | external_services }}"
"""

RETURN = r"""
_value:
  description: Entries of prosody's option C(external_services).
  type: list
  elements: dict
"""

CREDENTIALS = {"secret": True, "ttl": 86400, "algorithm": "turn"}


def external_services(hosts: list[str]) -> list[dict]:
    """Return three services per host: stun, turn and turns."""
    if isinstance(hosts, str) or not all(isinstance(host, str) and host for host in hosts):
        raise AnsibleFilterError("external_services: needs a list of host names")
    return [
        service
        for host in hosts
        for service in (
            {"type": "stun", "host": host, "port": 3478, "transport": "udp"},
            {"type": "turn", "host": host, "port": 3478, "transport": "udp", **CREDENTIALS},
            {"type": "turns", "host": host, "port": 443, "transport": "tcp", **CREDENTIALS},
        )
    ]


class FilterModule:
    """Makes external_services known to Ansible."""

    def filters(self):
        return {"external_services": external_services}
