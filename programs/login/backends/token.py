"""Tokens (JWT) that a program of the customer's own, or an identity provider, issues.

Somebody comes by a room's link with ?jwt=TOKEN, from anywhere: such a token becomes a session, in its room alone if it
names one, and leaves the address. With a page to log in, people are sent there, and it sends them back by such a link.
"""

import asyncio
import dataclasses
import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from .. import targets
from . import ProviderError, Refused, Target, User
from .claims import is_moderator, login_of
from .findings import OK, Finding
from .http import Client, RequestError, finding_of
from .jwt_checks import PublicKeys, SharedSecret, TokenError, public_keys, verified_claims

LONGEST_TOKEN = 8192

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Settings:
    """The object `backend` of the settings file."""

    issuer: str
    audience: str
    login_claim: str
    moderator_claim: str
    secret: str = dataclasses.field(default="", repr=False)  # HS256; or:
    keys_url: str = ""  # public keys (JWKS)
    moderator_value: str = ""
    login_url: str = ""  # with {room}, {state}, {code_challenge}
    ca_file: str = ""
    seconds: float = 8
    renewal_seconds: float = 30  # between two requests for keys

    def __post_init__(self) -> None:
        if bool(self.secret) == bool(self.keys_url):
            raise ValueError("either secret or keys_url is needed")


class NoLoginPageError(ProviderError):
    """People come by links alone."""

    reason = "links"


class ForeignTokens:
    """A RedirectBackend."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings. Raises OSError when the CA certificates cannot be read."""
        self._settings, self._client = settings, Client(settings.ca_file, settings.seconds)
        self._keys = (
            SharedSecret(settings.secret)
            if settings.secret
            else PublicKeys(self._client, settings.keys_url, settings.renewal_seconds)
        )

    async def start(self, target: Target, browser: str) -> str:
        """Return the address of the page to log in. Raises ProviderError where there is none."""
        if not self._settings.login_url:
            raise NoLoginPageError("there is no page to log in: users come by links with a token")
        fields = {"room": target.room, "roomSafe": target.room, "tenant": target.tenant}
        fields |= {key: json.loads(value) for key, value in _pairs(target.fragment)}
        state = json.dumps({key: value for key, value in fields.items() if value != ""})
        filled = {"{room}": target.room, "{state}": quote(state, safe=""), "{code_challenge}": ""}
        address = self._settings.login_url
        for name, value in filled.items():
            address = address.replace(name, value)
        return address

    async def finish(self, request: Mapping[str, str], browser: str) -> tuple[User, Target] | Refused:
        """Read the token of a link (jwt), and its room."""
        settings, token = self._settings, request.get("jwt", "")
        try:
            if len(token) > LONGEST_TOKEN:
                raise TokenError("it is too long")
            claims = await verified_claims(token, self._keys, settings.issuer, settings.audience, leeway=0)
            return self._user(claims), targets.target_of(request)
        except TokenError as error:
            log.info("a token is refused: %s", error)
            return Refused("provider")
        except ProviderError as error:
            log.warning("the issuer's keys are unavailable: %s", error)
            return Refused("unavailable")

    async def logout(self, user: User) -> str:
        """Return nothing: the issuer has no session that is known here."""
        return ""

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()

    def _user(self, claims: Mapping[str, Any]) -> User:
        settings, room = self._settings, claims.get("room", "*")
        login = login_of(claims, settings.login_claim)
        if not login:
            raise TokenError(f"claim {settings.login_claim} names nobody")
        name = targets.room_name(room) if isinstance(room, str) and room != "*" else ""
        if room != "*" and not name:
            raise TokenError("claim room is no name of a room")
        return User(login, is_moderator(claims, settings.moderator_claim, settings.moderator_value), name)


def _pairs(fragment: str) -> Iterator[tuple[str, str]]:
    for pair in filter(None, fragment.split("&")):
        key, _, value = pair.partition("=")
        yield key, value


def check(kind: str, settings: Mapping[str, Any], test_login: Mapping[str, str] | None) -> Iterator[Finding]:
    """Yield what is found at the address of the keys. Raises TypeError, ValueError or OSError for settings."""
    made = Settings(**settings)
    if not made.keys_url:
        yield Finding(OK, "tokens are checked with the secret that the issuer has, too; nothing is asked")
        return

    async def ask() -> int:
        client = Client(made.ca_file, made.seconds)
        try:
            return len(public_keys((await client.get(made.keys_url)).json(), made.keys_url))
        finally:
            await client.close()

    try:
        yield Finding(OK, f"{made.keys_url} has {asyncio.run(ask())} public keys for signatures")
    except RequestError as error:
        yield finding_of(error)


def create(kind: str, settings: Mapping[str, Any]) -> ForeignTokens:
    """Return the back end. Raises TypeError or ValueError for settings that cannot work."""
    return ForeignTokens(Settings(**settings))
