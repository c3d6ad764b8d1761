"""Filter host_key_sources: how the SSH host key of each server was learnt."""

DOCUMENTATION = r"""
name: host_key_sources
short_description: Tell how the SSH host key of each server was learnt
description: Reads the comments that the role openstack_server writes into known_hosts.
positional: _input, hosts
options:
  _input:
    description: The text of the known_hosts file.
    type: str
    required: true
  hosts:
    description: Names of the servers.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
lines: "{{ lookup('ansible.builtin.file', 'state/known_hosts') | host_key_sources(['acme-meet']) }}"
"""

RETURN = r"""
_value:
  description: One line per server.
  type: list
  elements: str
"""

MEANINGS = {"console": "read from its console", "trusted": "TRUSTED at the first contact, whoever answered"}


def host_key_sources(known_hosts: str, hosts: list[str]) -> list[str]:
    """Return a line per server."""
    # name,address type key server-id source
    lines = [line.split(" ", 4) for line in known_hosts.splitlines()]
    sources = {line[0].split(",")[0]: line[4] for line in lines if len(line) == 5}
    return [f"{host} {MEANINGS.get(sources.get(host), sources.get(host, 'not recorded'))}" for host in hosts]


class FilterModule:
    """Makes host_key_sources known to Ansible."""

    def filters(self):
        return {"host_key_sources": host_key_sources}
