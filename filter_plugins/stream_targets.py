"""Filter stream_targets: where rooms may be streamed to, in the words of those who guard it."""

import re
from urllib.parse import urlsplit

DOCUMENTATION = r"""
name: stream_targets
short_description: Say to recorders, page and firewall where rooms may be streamed
description:
  - Jibri streams only to addresses that match one of its patterns as a whole. The page checks what a moderator types
    before it is sent. The firewall lets recorders out to the ports.
positional: _input, domain
options:
  _input:
    description: The setting C(jitsi_stream_targets), V(own), V(youtube) and beginnings of addresses.
    type: list
    elements: str
    required: true
  domain:
    description: The customer's domain; the own server is C(stream.DOMAIN).
    type: str
    required: true
"""

EXAMPLES = r"""
guards: "{{ ['own'] | stream_targets('meet.acme.example') }}"
# -> {'addresses': ['rtmps://stream\\.meet\\.acme\\.example:1936/live/live\\?key=[A-Za-z0-9_-]+'],
#     'form': '^(?:rtmps://stream\\.meet\\.acme\\.example:1936/live/live\\?key=[A-Za-z0-9_-]+)$', 'rows': []}
"""

RETURN = r"""
_value:
  description:
    - C(addresses), patterns of addresses for Jibri; C(form), one pattern for what is typed, empty without a target;
      both are regular expressions that Java and JavaScript read alike.
    - C(rows), rows of the firewall matrix for targets out in the world.
  type: dict
"""

PORTS = {"rtmp": 1935, "rtmps": 443}
# Where Jibri sends what has only a key (its XmppApi.kt), and what YouTube's keys look like.
YOUTUBE = "rtmp://a.rtmp.youtube.com/live2"
YOUTUBE_KEY = "[A-Za-z0-9]{4}(?:-[A-Za-z0-9]{4}){3,4}"
OPEN = {80, 443}


def _escaped(text: str) -> str:
    return re.sub(r"([.?])", r"\\\1", text)


def stream_targets(targets: list[str], domain: str) -> dict:
    """Return what each guard is told."""
    addresses, forms, ports = [], [], []
    for target in targets:
        if target == "own":
            addresses.append(_escaped(f"rtmps://stream.{domain}:1936/live/live?key=") + "[A-Za-z0-9_-]+")
            forms.append(addresses[-1])
        elif target == "youtube":
            addresses.append(f"{_escaped(YOUTUBE)}/{YOUTUBE_KEY}")
            forms.append(YOUTUBE_KEY)
            ports.append(PORTS["rtmp"])
        else:
            # What follows begins a new part, so that a host's or a folder's name ends where it was written to end.
            addresses.append(_escaped(target.rstrip("/")) + r"/[^\s]+")
            forms.append(addresses[-1])
            parts = urlsplit(target)
            ports.append(parts.port or PORTS[parts.scheme])
    rows = [
        {"proto": "tcp", "port": port, "peer": "world", "why": "rooms are streamed"}
        for port in dict.fromkeys(ports)
        if port not in OPEN
    ]
    return {"addresses": addresses, "form": f"^(?:{'|'.join(forms)})$" if forms else "", "rows": rows}


class FilterModule:
    """Makes stream_targets known to Ansible."""

    def filters(self):
        return {"stream_targets": stream_targets}
