"""The SAML back end as the login service calls it."""

import asyncio
import logging
from collections.abc import Mapping

from .. import ProviderError, Refused, Target, User
from ..claims import is_moderator, login_of
from ..handshake import Handshake
from ..http import Client
from .answers import AnswerError, Person, UnknownSignatureError, login_url, read
from .metadata import MetadataSource
from .settings import Settings

LONGEST_ANSWER = 256 * 1024

log = logging.getLogger(__name__)


class SamlProvider:
    """A RedirectBackend."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings. Raises OSError and ValueError for files that cannot work."""
        self._settings, self._client = settings, Client(settings.ca_file, settings.seconds)
        self._source, self._handshake = MetadataSource(settings, self._client), Handshake()

    async def start(self, target: Target, browser: str) -> str:
        """Return the address at the provider. Raises ProviderError."""
        provider = await self._source.provider()
        return login_url(provider, self._handshake.state(target, browser), self._request_id(browser))

    async def finish(self, request: Mapping[str, str], browser: str) -> tuple[User, Target] | Refused:
        """Read the provider's answer, which the person's browser posts."""
        target = self._handshake.target(request.get("RelayState", ""), browser)
        if target is None:
            return Refused("stale")
        try:
            async with asyncio.timeout(self._settings.seconds):
                person = await self._person(request.get("SAMLResponse", ""), browser)
            return self._user(person), target
        except AnswerError as error:
            log.info("an answer of the provider is refused: %s", error)
            return Refused("provider")
        except (ProviderError, TimeoutError) as error:
            log.warning("the provider is unavailable: %s", error or "no answer in time")
            return Refused("unavailable")

    async def logout(self, user: User) -> str:
        """Return nothing: the session at the provider is the provider's."""
        return ""

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()

    async def _person(self, answer: str, browser: str) -> Person:
        if len(answer) > LONGEST_ANSWER:
            raise AnswerError("it is too long")
        request_id = self._request_id(browser)
        provider = await self._source.provider()
        try:
            return await asyncio.to_thread(read, provider, answer, request_id)
        except UnknownSignatureError:
            renewed = await self._source.provider(renewed=True)
            if renewed is provider:
                raise
            return await asyncio.to_thread(read, renewed, answer, request_id)

    def _user(self, person: Person) -> User:
        settings = self._settings
        attribute, wanted = settings.login_attribute, settings.moderator_attribute
        logins = person.attributes.get(attribute, []) if attribute else [person.name_id]
        login = login_of({"login": logins[0]}, "login") if len(set(logins)) == 1 else ""
        if not login:
            where = f"attribute {attribute}" if attribute else "the NameID"
            raise AnswerError(f"{where} is missing, changes with every login, or names nobody")
        if wanted and wanted not in person.attributes:
            log.info("attribute %s is missing: who logs in is no moderator", wanted)
        values = {"values": person.attributes.get(wanted, [])}
        return User(login, is_moderator(values, "values", settings.moderator_value or "true"))

    def _request_id(self, browser: str) -> str:
        return f"id-{self._handshake.text('request', browser)}"
