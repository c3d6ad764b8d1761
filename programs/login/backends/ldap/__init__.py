"""Checks passwords at LDAP servers or Active Directory: kinds openldap, ldap and ad.

A login is four steps on one connection: the bind account logs in, finds the account, asks for the group, and the user's
own password is tried by logging in as that account. libldap blocks, so logins run in threads; whoever waits longer than
Settings.seconds is told "unavailable" whatever the thread does.
"""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..findings import Finding

# libldap reads it when it is loaded: neither ldap.conf nor the environment decides how servers are checked.
os.environ["LDAPNOINIT"] = "1"

if TYPE_CHECKING:
    from .backend import LdapBackend


def create(kind: str, settings: Mapping[str, Any]) -> "LdapBackend":
    """Return the back end. Raises TypeError or ValueError for settings that cannot work."""
    from .backend import LdapBackend
    from .settings import Settings

    try:
        return LdapBackend(Settings.of(settings))
    except OSError as error:
        raise ValueError(f"ca_file {settings['ca_file']}: {error.strerror or error}") from error


def check(kind: str, settings: Mapping[str, Any], test_login: Mapping[str, str] | None) -> Iterator[Finding]:
    """Yield what the preflight finds. Raises TypeError, ValueError or OSError for settings that cannot work."""
    from .preflight import findings
    from .settings import Settings

    return findings(Settings.of(settings), test_login)
