"""Relay host names as the services prosody announces."""

from collections.abc import Sequence
from typing import Any

CREDENTIALS = {"secret": True, "ttl": 86400, "algorithm": "turn"}


def external_services(hosts: Sequence[str]) -> list[dict[str, Any]]:
    """Return three services per host: stun, turn and turns. Raises ValueError for a single text."""
    if isinstance(hosts, str) or not all(isinstance(host, str) and host for host in hosts):
        raise ValueError("needs a list of host names")
    return [
        service
        for host in hosts
        for service in (
            {"type": "stun", "host": host, "port": 3478, "transport": "udp"},
            {"type": "turn", "host": host, "port": 3478, "transport": "udp", **CREDENTIALS},
            {"type": "turns", "host": host, "port": 443, "transport": "tcp", **CREDENTIALS},
        )
    ]
