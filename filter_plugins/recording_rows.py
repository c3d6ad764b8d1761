"""Filter recording_rows: what the firewall matrix says about where recordings go and who is told of their errors."""

from urllib.parse import urlsplit

DOCUMENTATION = r"""
name: recording_rows
short_description: Print the place of recordings, and who is told of errors, as rows of the firewall matrix
description:
  - One row for the port of that place and one for whoever is told, none where every server may go there anyhow (80 and
    443) or nothing leaves. The peer is the world, because both are known by names whose addresses change without
    notice; that it is the right one is proved by its key or certificate.
positional: _input
options:
  _input:
    description: The place as in C(jitsi_recording_target).
    type: dict
    required: true
  alert_url:
    description: Address of whoever is told, as in C(jitsi_recording_alert_url); empty for nobody.
    type: str
    default: ""
"""

EXAMPLES = r"""
rows: "{{ {'kind': 'sftp', 'host': 'recordings.acme.example'} | recording_rows }}"
# -> [{'proto': 'tcp', 'port': 22, 'peer': 'world', 'why': 'recordings go to their place'}]
"""

RETURN = r"""
_value:
  description: The rows, if any.
  type: list
  elements: dict
"""

OPEN = {80, 443}


def recording_rows(target: dict, alert_url: str = "") -> list[dict]:
    """Return the rows."""
    reasons = {urlsplit(alert_url).port: "who is told of recordings' errors"} if alert_url else {}
    if target["kind"] == "sftp":
        reasons[target.get("port") or 22] = "recordings go to their place"
    elif target["kind"] != "local":
        reasons[urlsplit(target.get("url") or target.get("endpoint") or "").port] = "recordings go to their place"
    return [
        {"proto": "tcp", "port": port, "peer": "world", "why": why}
        for port, why in reasons.items()
        if port and port not in OPEN
    ]


class FilterModule:
    """Makes recording_rows known to Ansible."""

    def filters(self):
        return {"recording_rows": recording_rows}
