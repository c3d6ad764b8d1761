"""The metadata of the provider, and with it the configuration of pysaml2."""

import datetime
import logging
import time
from base64 import b64decode
from pathlib import Path
from typing import Any

from cryptography import x509
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, SAMLError
from saml2.config import SPConfig
from saml2.s_utils import SamlException

from .. import ProviderError
from ..http import Client, RequestError
from .settings import Settings

XMLSEC = "/usr/bin/xmlsec1"

# It logs whole answers, with names and attributes.
logging.getLogger("saml2").setLevel(logging.CRITICAL + 1)
log = logging.getLogger(__name__)


class Provider:
    """A provider's metadata, read."""

    def __init__(self, text: str, settings: Settings) -> None:
        """Read the metadata. Raises ProviderError for what is none, and where there is not exactly one provider."""
        self.config = SPConfig()
        try:
            self.config.load(_configuration(text, settings))
            found = list(self.config.metadata.identity_providers())
        except (SAMLError, SyntaxError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise ProviderError("the metadata is no SAML metadata, or it is no longer valid (validUntil)") from error
        if not found:
            raise ProviderError("the metadata has no identity provider, or it is no longer valid (validUntil)")
        if len(found) > 1:
            raise ProviderError(f"the metadata has {len(found)} identity providers and not one")
        self.entity_id: str = found[0]

    def login_url(self) -> str:
        """Return the address for requests by redirect. Raises ProviderError."""
        try:
            services = self.config.metadata.service(
                self.entity_id, "idpsso_descriptor", "single_sign_on_service", BINDING_HTTP_REDIRECT
            )
            return str(services[0]["location"])
        except (SamlException, LookupError) as error:
            raise ProviderError("the metadata has no SingleSignOnService with binding HTTP-Redirect") from error

    def certificates(self) -> list[x509.Certificate]:
        """Return the certificates that its answers are signed with. Raises ProviderError without one."""
        found: list[Any] = self.config.metadata.certs(self.entity_id, "idpsso", "signing")
        # Since pysaml2 7.2 with the name of the key before it.
        texts = [each if isinstance(each, str) else each[1] for each in found]
        try:
            made = [x509.load_der_x509_certificate(b64decode(text)) for text in texts]
        except ValueError as error:
            raise ProviderError("the metadata has a certificate that is none") from error
        if not made:
            raise ProviderError("the metadata has no certificate for signatures")
        return made


class MetadataSource:
    """Reads the metadata, from an address again after a while and when an answer has an unknown signature."""

    def __init__(self, settings: Settings, client: Client) -> None:
        """Read a file at once. Raises OSError and ValueError for one that cannot work."""
        self._settings, self._client = settings, client
        self._provider: Provider | None = None
        self._read = float("-inf")  # when, by time.monotonic
        if settings.metadata_file:
            try:
                self._provider = Provider(Path(settings.metadata_file).read_text(encoding="utf-8"), settings)
            except ProviderError as error:
                raise ValueError(f"{settings.metadata_file}: {error}") from error

    async def provider(self, *, renewed: bool = False) -> Provider:
        """Return the provider, as it is now if renewed is set. Raises ProviderError."""
        age = time.monotonic() - self._read
        limit = self._settings.renewal_seconds if renewed else self._settings.metadata_seconds
        if self._settings.metadata_url and age > limit:
            try:
                text = await fetch(self._client, self._settings.metadata_url)
                self._provider, self._read = Provider(text, self._settings), time.monotonic()
            except ProviderError as error:
                if self._provider is None:
                    raise
                log.warning("the former metadata is used: %s", error)
        assert self._provider
        return self._provider


async def fetch(client: Client, url: str) -> str:
    """Return the metadata at an address. Raises RequestError."""
    answer = await client.get(url)
    if answer.status != 200:
        fix = "for the right address of its metadata (jitsi_directory.metadata_url)"
        raise RequestError(f"{url} answers with status {answer.status}", fix, status=answer.status)
    return answer.body.decode("utf-8", "replace")


def expired(certificate: x509.Certificate) -> str:
    """Return the day on which a certificate has expired, empty if it has not."""
    end = certificate.not_valid_after.replace(tzinfo=datetime.UTC)
    return f"{end:%Y-%m-%d}" if end < datetime.datetime.now(datetime.UTC) else ""


def _configuration(text: str, settings: Settings) -> dict[str, Any]:
    return {
        "entityid": settings.entity_id,
        "xmlsec_binary": XMLSEC,
        "accepted_time_diff": settings.leeway,
        "allow_unknown_attributes": True,
        "metadata": {"inline": [text]},
        "service": {
            "sp": {
                "endpoints": {"assertion_consumer_service": [(settings.redirect_url, BINDING_HTTP_POST)]},
                "allow_unsolicited": False,
                "authn_requests_signed": False,
                "want_response_signed": False,
                "want_assertions_signed": False,
                # One of the two has to be: providers sign either.
                "want_assertions_or_response_signed": True,
            }
        },
    }
