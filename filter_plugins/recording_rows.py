"""Filter recording_rows: what the firewall matrix says about the place where recordings go."""

from urllib.parse import urlsplit

DOCUMENTATION = r"""
name: recording_rows
short_description: Print the place of recordings as rows of the firewall matrix
description:
  - One row for the port of that place, none where every server may go there anyhow (80 and 443) or nothing leaves.
    The peer is the world, because places are known by names whose addresses change without notice; that it is the
    right one is proved by its key or certificate.
positional: _input
options:
  _input:
    description: The place as in C(jitsi_recording_target).
    type: dict
    required: true
"""

EXAMPLES = r"""
rows: "{{ {'kind': 'sftp', 'host': 'films.acme.example'} | recording_rows }}"
# -> [{'proto': 'tcp', 'port': 22, 'peer': 'world', 'why': 'recordings go to their place'}]
"""

RETURN = r"""
_value:
  description: The rows, one or none.
  type: list
  elements: dict
"""

OPEN = {80, 443}


def recording_rows(target: dict) -> list[dict]:
    """Return the rows."""
    if target["kind"] == "local":
        return []
    if target["kind"] == "sftp":
        port = target.get("port") or 22
    else:
        port = urlsplit(target.get("url") or target.get("endpoint") or "").port or 443
    return [{"proto": "tcp", "port": port, "peer": "world", "why": "recordings go to their place"}][: port not in OPEN]


class FilterModule:
    """Makes recording_rows known to Ansible."""

    def filters(self):
        return {"recording_rows": recording_rows}
