"""What the firewall matrix says about where recordings go and who is told of their errors."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from toolkit.shapes import Row

OPEN = {80, 443}


def recording_rows(target: Mapping[str, Any], alert_url: str = "") -> list[Row]:
    """Return the rows for jitsi_recording_target and the address that is told of errors."""
    reasons: dict[int | None, str] = (
        {urlsplit(alert_url).port: "who is told of recordings' errors"} if alert_url else {}
    )
    if target["kind"] == "sftp":
        reasons[target.get("port") or 22] = "recordings go to their place"
    elif target["kind"] != "local":
        reasons[urlsplit(target.get("url") or target.get("endpoint") or "").port] = "recordings go to their place"
    return [
        {"proto": "tcp", "port": port, "peer": "world", "why": why}
        for port, why in reasons.items()
        if port and port not in OPEN
    ]
