"""Back ends: what knows people. One module for each way, and one interface for all of them.

A module has `create(kind, settings)`, which takes the kind of accounts (a key of MODULES) and the object `backend` of
the settings file, and raises ValueError or TypeError for settings that cannot work. It opens no connection: a provider
that is unavailable at the start is asked again at the next login.
"""

import dataclasses
import importlib
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

# The module of each kind. It is imported when it is used: not every host has the packages of all of them.
MODULES = {
    "internal": "internal",
    "openldap": "ldap",
    "ldap": "ldap",
    "ad": "ldap",
    "oidc": "oidc",
    "saml": "saml",
    "token": "token",
}

# What a person is told; texts.py has the words. Who is not the right person learns "wrong" alone: expired, change,
# locked and disabled are said only where the provider says so to that password.
REASONS = (
    "wrong",  # wrong password or unknown login
    "expired",  # the password
    "change",  # the password must be changed first
    "locked",  # too many wrong passwords, says the provider
    "disabled",  # the account, or expired, or not at this time
    "guesses",  # too many wrong passwords, says this service
    "unavailable",  # nobody could be asked in time
    "stale",  # the answer is of another browser, another login, or too old
    "provider",  # the provider refuses, or says what must not be believed
    "links",  # there is no page to log in: people come by links with a token
)


@dataclasses.dataclass(frozen=True)
class User:
    """A person whom a back end knows."""

    login: str  # as the rules name it, lower case
    moderator: bool = False  # member of the group of moderators
    room: str = ""  # the only room in which the session is good; empty: every room
    logout: str = ""  # what the back end needs to log out at the provider; never shown, never logged
    stamp: str = ""  # another one after a change of password: sessions from before it end


@dataclasses.dataclass(frozen=True)
class Refused:
    """A login that failed."""

    reason: str  # one of REASONS, for the person; details are logged without names


@dataclasses.dataclass(frozen=True)
class Target:
    """Where a person wants to be after the login."""

    room: str = ""  # a valid name, or empty for the welcome page
    fragment: str = ""  # of the page's address, without "#"
    tenant: str = ""  # of an address DOMAIN/tenant/room


class PasswordBackend(Protocol):
    """Checks passwords: internal, openldap, ldap, ad."""

    def person(self, login: str) -> str:
        """Return one text for all spellings of a login: what guesses are counted by."""

    async def check(self, login: str, password: str, address: str) -> User | Refused:
        """Check a password. The login is as it was typed; address is the visitor's.

        Refused("wrong") for a wrong password as for an unknown login; Refused("unavailable") when nobody could be asked
        within 8 seconds. Guesses are counted by the caller (guesses.py), not here.
        """

    async def current(self, login: str) -> User | Refused:
        """Look for a person who is logged in, without a password: is the account still there, and of the group?

        Refused("unavailable") keeps the session as it is, every other reason ends it.
        """

    async def close(self) -> None:
        """Close what is open."""


@runtime_checkable
class RedirectBackend(Protocol):
    """Sends people to a provider and reads what they come back with: oidc, saml, token.

    `browser` is a random text that the caller keeps in a cookie of a few minutes (Secure, HttpOnly, __Host-): what
    start() was called with is what finish() demands, so that nobody is logged in with somebody else's answer.
    """

    async def start(self, target: Target, browser: str) -> str:
        """Return the address at the provider. State, nonce and PKCE verifier stay here, for that browser.

        Raises ProviderError when the provider cannot be asked within 8 seconds.
        """

    async def finish(self, request: Mapping[str, str], browser: str) -> tuple[User, Target] | Refused:
        """Read the parameters that the person came back with (query, or the form of a POST)."""

    async def logout(self, user: User) -> str:
        """Return the address that ends the session at the provider, or an empty text."""

    async def close(self) -> None:
        """Close what is open."""


class ProviderError(Exception):
    """A provider that cannot be used now; the message is for the log and names no person."""

    reason = "unavailable"  # one of REASONS


def create(kind: str, settings: Mapping[str, Any]) -> PasswordBackend | RedirectBackend:
    """Return the back end of a kind. Raises ValueError or TypeError for settings that cannot work."""
    module = importlib.import_module(f".{MODULES[kind]}", __name__)
    backend: PasswordBackend | RedirectBackend = module.create(kind, settings)
    return backend
