"""The OpenID back end as the login service calls it."""

import asyncio
import hmac
import logging
from collections.abc import Mapping
from typing import Any

from .. import ProviderError, Refused, Target, User
from ..claims import claim, is_moderator, login_of
from ..handshake import Handshake
from ..http import Client
from ..jwt_checks import PublicKeys, TokenError, verified_claims
from .discovery import Discovery, Metadata
from .exchange import ask_about_person, ask_for_tokens, authorization_url, known_code, tokens_of, with_query
from .settings import Settings

log = logging.getLogger(__name__)


class OpenIdProvider:
    """A RedirectBackend."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings. Raises OSError when the CA certificates cannot be read."""
        self._settings, self._client = settings, Client(settings.ca_file, settings.seconds)
        self._discovery, self._handshake = Discovery(settings, self._client), Handshake()
        self._keys: dict[str, PublicKeys] = {}  # by their address, which a provider may change

    async def start(self, target: Target, browser: str) -> str:
        """Return the address at the provider. Raises ProviderError."""
        metadata = await self._discovery.metadata()
        state = self._handshake.state(target, browser)
        return authorization_url(metadata, self._settings, state, self._nonce(browser), self._verifier(browser))

    async def finish(self, request: Mapping[str, str], browser: str) -> tuple[User, Target] | Refused:
        """Read what the provider sent the person back with."""
        target = self._handshake.target(request.get("state", ""), browser)
        if target is None:
            return Refused("stale")
        try:
            async with asyncio.timeout(self._settings.seconds):
                return await self._user(self._code(request), browser), target
        except TokenError as error:
            log.info("a login at the provider is refused: %s", error)
            return Refused("provider")
        except ProviderError as error:
            log.warning("the provider is unavailable: %s", error)
        except TimeoutError:
            log.warning("the provider is unavailable: no answer within %g s", self._settings.seconds)
        return Refused("unavailable")

    async def logout(self, user: User) -> str:
        """Return the address that ends the session at the provider, if it has one."""
        try:
            address = (await self._discovery.metadata()).end_session_endpoint
        except ProviderError as error:
            log.warning("nobody is logged out at the provider: %s", error)
            return ""
        query = {
            "id_token_hint": user.logout,
            "post_logout_redirect_uri": self._settings.home_url,
            "client_id": self._settings.client_id,
        }
        return with_query(address, query) if address else ""

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()

    def _code(self, request: Mapping[str, str]) -> str:
        if "error" in request:
            raise TokenError(f"the provider says {known_code(request['error']) or 'something that is no error code'}")
        if request.get("iss", self._settings.issuer) != self._settings.issuer:
            raise TokenError("the answer is of another issuer")
        return request.get("code", "")

    async def _user(self, code: str, browser: str) -> User:
        settings, metadata = self._settings, await self._discovery.metadata()
        answer = await ask_for_tokens(self._client, metadata, settings, code, self._verifier(browser))
        id_token, access_token = tokens_of(answer)
        claims = await self._claims(metadata, id_token, browser)
        wanted = [path for path in (settings.login_claim, settings.moderator_claim) if path]
        if any(claim(claims, path) is None for path in wanted):
            claims = await ask_about_person(self._client, metadata, access_token, claims["sub"]) | claims
        login = login_of(claims, settings.login_claim)
        if not login:
            raise TokenError(f"claim {settings.login_claim} is missing or names nobody")
        if settings.moderator_claim and claim(claims, settings.moderator_claim) is None:
            log.info("claim %s is missing: who logs in is no moderator", settings.moderator_claim)
        moderator = bool(settings.moderator_claim) and is_moderator(
            claims, settings.moderator_claim, settings.moderator_value
        )
        return User(login, moderator, logout=id_token)

    async def _claims(self, metadata: Metadata, id_token: str, browser: str) -> dict[str, Any]:
        """Return the claims of an ID token that is good, for this client and for this login."""
        settings = self._settings
        if metadata.jwks_uri not in self._keys:
            self._keys = {metadata.jwks_uri: PublicKeys(self._client, metadata.jwks_uri, settings.renewal_seconds)}
        keys = self._keys[metadata.jwks_uri]
        claims = await verified_claims(id_token, keys, settings.issuer, settings.client_id, settings.leeway)
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), self._nonce(browser).encode()):
            raise TokenError("the ID token is of another login (nonce)")
        if claims.get("azp", settings.client_id) != settings.client_id:
            raise TokenError("the ID token is for another client (azp)")
        return claims

    def _nonce(self, browser: str) -> str:
        return self._handshake.text("nonce", browser)

    def _verifier(self, browser: str) -> str:
        return self._handshake.text("verifier", browser)
