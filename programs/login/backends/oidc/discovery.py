"""What a provider says of itself: its discovery document."""

import dataclasses
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from .. import ProviderError
from ..http import Client
from ..jwt_checks import ASYMMETRIC
from .settings import Settings

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
LONGEST_SHOWN = 100
OPTIONAL = ("userinfo_endpoint", "end_session_endpoint")

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Metadata:
    """The parts of a discovery document that a login needs; optional ones may be empty."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    end_session_endpoint: str
    secret_in_form: bool  # the token endpoint does not take the secret as HTTP's password

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Metadata":
        """Return the metadata of a document without errors."""
        methods = document.get("token_endpoint_auth_methods_supported")
        addresses = {name: str(document.get(name) or "") for name in (*ENDPOINTS, *OPTIONAL)}
        return cls(**addresses, secret_in_form=_lacks(methods, "client_secret_basic"))


class Discovery:
    """Reads the document of a provider, and keeps it for a while."""

    def __init__(self, settings: Settings, client: Client) -> None:
        """Read nothing yet."""
        self._settings, self._client = settings, client
        self._metadata: Metadata | None = None
        self._read = float("-inf")  # when, by time.monotonic

    async def metadata(self) -> Metadata:
        """Return the metadata. Raises ProviderError when there is none."""
        if self._metadata is None or time.monotonic() - self._read > self._settings.metadata_seconds:
            try:
                self._metadata, self._read = await self._ask(), time.monotonic()
            except ProviderError as error:
                if self._metadata is None:
                    raise
                log.warning("the former discovery document is used: %s", error)
        return self._metadata

    async def _ask(self) -> Metadata:
        document = (await self._client.get(self._settings.discovery_url)).json()
        errors = list(document_errors(document, self._settings))
        if errors:
            raise ProviderError("; ".join(errors))
        return Metadata.of(document)


def document_errors(document: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    """Yield why logins cannot work with this document, a sentence without its end for each."""
    issuer = document.get("issuer")
    if issuer != settings.issuer:
        shown = repr(issuer)[:LONGEST_SHOWN]
        yield f"the issuer is {shown} there and not {settings.issuer!r} (jitsi_directory.issuer)"
    for name in (*ENDPOINTS, *OPTIONAL):
        address = document.get(name)
        if not address and name in ENDPOINTS:
            yield f"{name} is missing in {settings.discovery_url}"
        elif address and urlsplit(str(address)).scheme != "https":
            yield f"{name} does not begin with https://"
    yield from _ability_errors(document)


def _ability_errors(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the provider says that it cannot do; it may leave each of these out."""
    needs = {
        "response_types_supported": (("code",), "the authorization code flow (response type code)"),
        "code_challenge_methods_supported": (("S256",), "PKCE with S256"),
        "id_token_signing_alg_values_supported": (ASYMMETRIC, "ID tokens signed with a key pair, such as RS256"),
    }
    for name, (wanted, meaning) in needs.items():
        offered = document.get(name)
        if isinstance(offered, list) and not set(wanted) & set(map(str, offered)):
            yield f"the provider does not offer {meaning}"


def _lacks(offered: object, wanted: str) -> bool:
    """Return whether a list is there, and the wanted one is not in it."""
    return isinstance(offered, list) and bool(offered) and wanted not in offered
