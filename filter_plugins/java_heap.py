"""Filter java_heap: how much memory a daemon in Java may take for its heap."""

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: java_heap
short_description: MiB of heap for a Java daemon, by the host's memory and who shares it
description:
  - A daemon that is the only one in Java on its host takes a share of its own, those that share a host a fifth of it
    each, so that three fifths are never exceeded. Java needs memory beside its heap, and so do prosody, nginx and
    Kamailio.
  - In steps of 64 MiB, never less than the daemon can work with and never more than it has a use for. On a host that is
    too small, or unknown, the least is what it gets.
positional: _input, daemon, groups
options:
  _input:
    description: The host's memory in MiB, 0 where it is not known.
    type: int
    required: true
  daemon:
    description: Whose heap.
    type: str
    settings: [jicofo, videobridge, jigasi]
    required: true
  groups:
    description: The host's inventory groups.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
alone: "{{ 8000 | java_heap('videobridge', ['jitsi', 'videobridges']) }}"          # 4800
shared: "{{ 8000 | java_heap('videobridge', ['jitsi', 'meet', 'videobridges']) }}"   # 1600
"""

RETURN = r"""
_value:
  description: MiB.
  type: int
"""

# daemon -> its group; alone, the share of the host (numerator, denominator); least and most MiB
DAEMONS = {
    "jicofo": ("meet", (1, 5), 256, 3072),
    "videobridge": ("videobridges", (3, 5), 384, 8192),
    "jigasi": ("gateways", (1, 2), 256, 3072),
}
SHARED = (1, 5)
STEP = 64


def java_heap(memory_mb: int, daemon: str, groups: list[str]) -> int:
    """Return the MiB of heap for the daemon on a host with that memory and in those groups."""
    if daemon not in DAEMONS:
        raise AnsibleFilterError(f"java_heap: daemon is {daemon!r}: write one of {', '.join(DAEMONS)}")
    group, alone, least, most = DAEMONS[daemon]
    if group not in groups:
        raise AnsibleFilterError(f"java_heap: {daemon} runs on hosts of group {group}, not of {', '.join(groups)}")
    shared = sum(other in groups for other, *_ in DAEMONS.values()) > 1
    part, whole = SHARED if shared else alone
    return min(max(memory_mb * part // whole // STEP * STEP, least), most)


class FilterModule:
    """Makes java_heap known to Ansible."""

    def filters(self):
        return {"java_heap": java_heap}
