"""Where rooms may be streamed to, in the words of those who guard it."""

import re
from collections.abc import Iterable
from typing import TypedDict
from urllib.parse import urlsplit

from toolkit.shapes import Row

PORTS = {"rtmp": 1935, "rtmps": 443}
# Where Jibri sends what has only a key (its XmppApi.kt), and what YouTube's keys look like.
YOUTUBE = "rtmp://a.rtmp.youtube.com/live2"
YOUTUBE_KEY = "[A-Za-z0-9]{4}(?:-[A-Za-z0-9]{4}){3,4}"
OPEN = {80, 443}


class Guards(TypedDict):
    """Patterns of addresses for Jibri, one pattern (or "") for what is typed on the page, rows for the firewall."""

    addresses: list[str]
    form: str
    rows: list[Row]


def _escaped(text: str) -> str:
    return re.sub(r"([.?])", r"\\\1", text)


def stream_targets(targets: Iterable[str], domain: str) -> Guards:
    """Return what each guard is told."""
    addresses: list[str] = []
    forms: list[str] = []
    ports: list[int] = []
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
    rows: list[Row] = [
        {"proto": "tcp", "port": port, "peer": "world", "why": "rooms are streamed"}
        for port in dict.fromkeys(ports)
        if port not in OPEN
    ]
    return {"addresses": addresses, "form": f"^(?:{'|'.join(forms)})$" if forms else "", "rows": rows}
