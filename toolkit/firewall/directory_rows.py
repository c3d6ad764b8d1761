"""What the firewall matrix says about the servers that have the customer's accounts."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from toolkit.shapes import Row

PORTS = {"ldap": 389, "ldaps": 636, "https": 443}
# Of an identity provider, the addresses that the meet host asks. With tokens the issuer is but a name.
ASKED = {"oidc": ("issuer",), "saml": ("metadata_url",), "token": ("jwks_url",)}


def directory_rows(directory: Mapping[str, Any]) -> list[Row]:
    """Return one row per port of the servers' addresses in jitsi_directory; port 443 is open for all anyway."""
    addresses = [directory[key] for key in ASKED.get(directory["kind"], ()) if key in directory]
    parts = [urlsplit(address) for address in [*directory.get("servers", []), *addresses]]
    ports = dict.fromkeys(part.port or PORTS[part.scheme] for part in parts)
    return [
        {"proto": "tcp", "port": port, "peer": "world", "why": "the customer's directory or identity provider"}
        for port in ports
        if port != PORTS["https"]
    ]
