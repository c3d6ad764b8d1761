"""Logins at an OpenID provider: discovery, authorization code with PKCE, for clients with and without a secret.

A person is who the ID token names; it has to be signed with a key pair of the provider, for this client, for this very
login (nonce). Claims that it lacks are asked for at the provider (userinfo).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..findings import Finding
from .backend import OpenIdProvider
from .preflight import findings
from .settings import Settings


def create(kind: str, settings: Mapping[str, Any]) -> OpenIdProvider:
    """Return the back end. Raises TypeError, ValueError or OSError for settings that cannot work."""
    return OpenIdProvider(Settings(**settings))


def check(kind: str, settings: Mapping[str, Any], test_login: Mapping[str, str] | None) -> Iterator[Finding]:
    """Yield what the preflight finds. Raises TypeError, ValueError or OSError for settings that cannot work."""
    return findings(Settings(**settings))
