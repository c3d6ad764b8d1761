"""Logins at a SAML identity provider: its metadata from a file or an address, and signed answers only.

pysaml2 makes requests and checks answers: signature by a certificate of the metadata, issuer, audience, times, the
request that is answered. An answer counts for the browser that asked for it alone.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import Finding
from .backend import SamlProvider
from .preflight import findings
from .settings import Settings


def create(kind: str, settings: Mapping[str, Any]) -> SamlProvider:
    """Return the back end. Raises TypeError, ValueError or OSError for settings that cannot work."""
    return SamlProvider(Settings(**settings))


def check(kind: str, settings: Mapping[str, Any], test_login: Mapping[str, str] | None) -> Iterator[Finding]:
    """Yield what the preflight finds. Raises TypeError, ValueError or OSError for settings that cannot work."""
    return findings(Settings(**settings))
