"""What the firewall matrix says about the telephone's trunk."""

from collections.abc import Mapping
from typing import Any

from toolkit.shapes import Row

# Where a gateway listens for the trunk, whatever port the trunk itself has.
LISTENS = {"udp": ("udp", 5060), "tcp": ("tcp", 5060), "tls": ("tcp", 5061)}


def trunk_rows(trunk: Mapping[str, Any]) -> dict[str, list[Row]]:
    """Return the rows of group gateways, ingress and egress, for a trunk with transport and port."""
    proto, port = LISTENS[trunk["transport"]]
    ingress: list[Row] = [{"proto": proto, "port": port, "peer": "trunk", "why": "calls from the telephone"}]
    if trunk["transport"] == "tls":
        ingress.append({"proto": "tcp", "port": 80, "peer": "world", "why": "certificate challenge"})
    why = "login and answers at the trunk"
    egress: list[Row] = [{"proto": proto, "port": trunk["port"] or port, "peer": "world", "why": why}]
    if proto == "tcp" and not trunk["port"]:
        egress.append({"proto": proto, "port": "1024-65535", "peer": "trunk", "why": f"{why}, at the port DNS names"})
    return {"ingress": ingress, "egress": egress}
