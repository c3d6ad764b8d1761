"""Hashes of passwords, for who only has to recognise them."""

import functools
from collections.abc import Mapping

from argon2.low_level import Type, hash_secret

from toolkit.secrets.secret_for import secret_for

# What OWASP asks for at least; the passwords are derived from the seed, and nobody can guess those.
TIME_COST, MEMORY_KIB, PARALLELISM, LENGTH = 2, 19456, 1, 32


def password_hashes(passwords: Mapping[str, str], seed: str) -> dict[str, str]:
    """Return {name: argon2id hash}. The salt of a name comes from the seed: the same password has the same hash."""
    return {name: _hash(password, secret_for(seed, f"login/salt/{name}")) for name, password in passwords.items()}


@functools.lru_cache(maxsize=1024)
def _hash(password: str, salt: str) -> str:
    hashed = hash_secret(password.encode(), salt.encode(), TIME_COST, MEMORY_KIB, PARALLELISM, LENGTH, Type.ID)
    return hashed.decode()
