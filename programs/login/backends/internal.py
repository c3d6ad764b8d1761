"""Accounts of this environment: argon2id hashes of passwords, which the toolkit writes.

Settings: accounts, {login: argon2id hash}. An account that is added, changed or removed comes with a restart of the
service, which ends no session but those of the account.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import argon2
from argon2.low_level import Type, verify_secret

from . import PasswordBackend, Refused, User

LONGEST_PASSWORD = 1024


class InternalAccounts:
    """Checks passwords against their hashes."""

    def __init__(self, accounts: Mapping[str, str]) -> None:
        """Take {login: hash}."""
        self._hashes = dict(accounts)
        # What is checked for a login that nobody has: it takes as long as another.
        self._nobody = next(iter(self._hashes.values()), "")
        self._pool = ThreadPoolExecutor(2)

    def person(self, login: str) -> str:
        """Return one text for all spellings of a login."""
        return login.strip().casefold()

    async def check(self, login: str, password: str, address: str) -> User | Refused:
        """Check a password."""
        person = self.person(login)
        stored = self._hashes.get(person, self._nobody)
        if not stored or len(password) > LONGEST_PASSWORD:
            return Refused("wrong")
        loop = asyncio.get_running_loop()
        right = await loop.run_in_executor(self._pool, _is_right, stored, password)
        return self._user(person) if right and person in self._hashes else Refused("wrong")

    async def current(self, login: str) -> User | Refused:
        """Return the person as long as there is the account."""
        return self._user(login) if login in self._hashes else Refused("wrong")

    async def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False)

    def _user(self, login: str) -> User:
        return User(login, stamp=hashlib.sha256(self._hashes[login].encode()).hexdigest()[:16])


def _is_right(stored: str, password: str) -> bool:
    try:
        return verify_secret(stored.encode(), password.encode("utf-8", "surrogatepass"), Type.ID)
    except argon2.exceptions.VerificationError:
        return False


def create(kind: str, settings: Mapping[str, Any]) -> PasswordBackend:
    """Return the back end; {"accounts": {login: hash}}. Raises ValueError for what is no argon2id hash."""
    accounts = settings["accounts"]
    for stored in accounts.values():
        if argon2.extract_parameters(stored).type is not Type.ID:
            raise ValueError("an account's hash is not of argon2id")
    return InternalAccounts(accounts)
