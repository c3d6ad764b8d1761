"""Tokens (JWT) of others: whether they are signed by whom they have to be, valid now, and for us."""

import contextlib
import logging
import time
from collections.abc import Mapping
from typing import Any

import jwt

from . import ProviderError
from .http import Client, RequestError

# Signed with a key pair. A shared secret (HS256) is for tokens that are checked with a secret alone.
ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SYMMETRIC = ("HS256",)
REQUIRED = ("exp", "iss", "aud", "sub")
KEYS_SECONDS = 6 * 3600  # for which keys are kept

log = logging.getLogger(__name__)


class TokenError(Exception):
    """A token that is not believed; the message is for the log and has nothing of the token's contents."""


class SharedSecret:
    """A secret that issuer and we have."""

    algorithms = SYMMETRIC

    def __init__(self, secret: str) -> None:
        self._secret = secret

    async def keys(self, _key_id: str) -> list[Any]:
        """Return the secret."""
        return [self._secret]


class PublicKeys:
    """The public keys at an address (JWKS); read again when a token names one that is unknown."""

    algorithms = ASYMMETRIC

    def __init__(self, client: Client, url: str, renewal_seconds: float) -> None:
        """Read them there at the first token; then not more often, whatever keys tokens name."""
        self._client, self._url, self._renewal_seconds = client, url, renewal_seconds
        self._keys: list[jwt.PyJWK] = []
        self._read = float("-inf")  # when, by time.monotonic

    async def keys(self, key_id: str) -> list[Any]:
        """Return the keys of that name, of an empty one all. Raises ProviderError when they cannot be read."""
        age = time.monotonic() - self._read
        if age > KEYS_SECONDS or (age > self._renewal_seconds and not self._named(key_id)):
            try:
                await self._renew()
            except ProviderError as error:
                if not self._named(key_id):
                    raise
                log.warning("keys are not renewed: %s", error)
        return self._named(key_id)

    async def _renew(self) -> None:
        found = public_keys((await self._client.get(self._url)).json(), self._url)
        self._keys, self._read = found, time.monotonic()

    def _named(self, key_id: str) -> list[Any]:
        return [key.key for key in self._keys if not key_id or key.key_id == key_id]


def public_keys(document: Mapping[str, Any], url: str) -> list[jwt.PyJWK]:
    """Return the keys of a JWKS that sign. Raises RequestError without one."""
    keys = []
    entries = document.get("keys")
    for entry in entries if isinstance(entries, list) else []:
        # One by one: PyJWT of Debian 12 refuses a whole set for a key of a kind that it does not know.
        with contextlib.suppress(jwt.PyJWTError, TypeError, AttributeError, ValueError):
            key = jwt.PyJWK(entry)
            if key.public_key_use != "enc" and key.key_type in ("RSA", "EC", "OKP"):
                keys.append(key)
    if not keys:
        raise RequestError(f"{url} has no public key for signatures", "for the address of its keys (JWKS)")
    return keys


async def verified_claims(
    token: str, keys: SharedSecret | PublicKeys, issuer: str, audience: str, leeway: float
) -> dict[str, Any]:
    """Return the claims of a token. Raises TokenError, and ProviderError when the keys cannot be read."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise TokenError("it is no token") from error
    if str(header.get("typ") or "JWT").upper() != "JWT":
        raise TokenError("it is a token of another type")
    if header.get("alg") not in keys.algorithms:
        raise TokenError("it is not signed with an algorithm that counts here")
    candidates = await keys.keys(str(header.get("kid") or "") if isinstance(keys, PublicKeys) else "")
    if not candidates:
        raise TokenError("it is signed with a key that the issuer does not publish")
    problem = TokenError("its signature is wrong")
    for key in candidates:
        try:
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=[header["alg"]], audience=audience, issuer=issuer, leeway=leeway,
                options={"require": list(REQUIRED)},
            )  # fmt: skip
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            problem = TokenError(_words(error))
        else:
            if isinstance(claims["exp"], bool) or not isinstance(claims["exp"], int | float):
                raise TokenError("its end is no number")
            return claims
    raise problem


def _words(error: Exception) -> str:
    """Return what is wrong with a token, without a word of its contents."""
    words: dict[type[Exception], str] = {
        jwt.ExpiredSignatureError: "it has expired; or this machine's clock is fast",
        jwt.ImmatureSignatureError: "it is not valid yet; or this machine's clock is slow",
        jwt.InvalidIssuerError: "it is of another issuer",
        jwt.InvalidAudienceError: "it is for another audience",
        jwt.InvalidSignatureError: "its signature is wrong",
    }
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"claim {error.claim} is missing"
    return words.get(type(error), "its claims or its signature are malformed")
