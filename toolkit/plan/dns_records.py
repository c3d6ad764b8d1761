"""What the world's DNS must know of one server."""

from collections.abc import Iterable


def dns_records(names: Iterable[str], host: str, ipv4: str, ipv6: str) -> list[dict[str, str]]:
    """Return the records of the server, each with host, name (with its final dot), type and value."""
    values = [("A", ipv4), *([("AAAA", ipv6)] if ipv6 else [])]
    return [
        {"host": host, "name": f"{name}.", "type": kind, "value": value} for name in names for kind, value in values
    ]
