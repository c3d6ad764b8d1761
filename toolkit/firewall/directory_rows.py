"""What the firewall matrix says about the servers of a customer's directory."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from toolkit.shapes import Row

PORTS = {"ldap": 389, "ldaps": 636}


def directory_rows(servers: Iterable[str]) -> list[Row]:
    """Return one row per port of the servers' addresses (ldap://HOST, ldaps://HOST:PORT)."""
    parts = [urlsplit(server) for server in servers]
    ports = dict.fromkeys(part.port or PORTS[part.scheme] for part in parts)
    return [{"proto": "tcp", "port": port, "peer": "world", "why": "the customer's directory"} for port in ports]
