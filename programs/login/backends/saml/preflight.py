"""The preflight of a SAML provider: its metadata, and its page to log in; a sentence for each error."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from .. import ProviderError
from ..findings import ASK, ERROR, OK, UNREACHABLE, Finding
from ..http import Client, RequestError, finding_of
from .answers import login_url
from .metadata import Provider, expired, fetch
from .settings import Settings


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield what is found. Raises OSError when a file cannot be read."""

    async def ask() -> list[Finding]:
        client = Client(settings.ca_file, settings.seconds)
        try:
            return [finding async for finding in _findings(settings, client)]
        except RequestError as error:
            return [finding_of(error)]
        except ProviderError as error:
            return [Finding(ERROR, f"{error}: {ASK} for the metadata of its identity provider.")]
        finally:
            await client.close()

    yield from asyncio.run(ask())


async def _findings(settings: Settings, client: Client) -> AsyncIterator[Finding]:
    if settings.metadata_url:
        text = await fetch(client, settings.metadata_url)
    else:
        text = Path(settings.metadata_file).read_text(encoding="utf-8")
    provider = Provider(text, settings)
    address = provider.login_url()
    if urlsplit(address).scheme != "https":
        yield Finding(ERROR, f"{address} does not begin with https://: {ASK} for its page to log in with TLS.")
        return
    days = [expired(certificate) for certificate in provider.certificates()]
    if all(days):
        yield Finding(ERROR, f"the certificate that signs answers expired on {max(days)}: {ASK} for new metadata.")
    yield Finding(OK, f"the metadata is of {provider.entity_id}, answers are signed with {len(days)} certificates")
    yield await _page_finding(provider, settings, client)


async def _page_finding(provider: Provider, settings: Settings, client: Client) -> Finding:
    """Ask for the page to log in, as a browser would; whose certificate is the browsers' business."""
    try:
        answer = await client.get(login_url(provider, "state", f"id-{secrets.token_hex(16)}"))
    except RequestError as error:
        text = f"{error}: people's browsers have to reach it; {ASK} {error.fix}."
        return Finding(UNREACHABLE, text)
    skew = answer.clock_skew()
    if abs(skew) > settings.leeway:
        text = f"the provider's clock and this machine's differ by {abs(skew):.0f} s: correct the wrong one."
        return Finding(ERROR, text)
    if answer.status >= 400:
        return Finding(
            ERROR,
            f"the provider refuses requests of {settings.entity_id} (status {answer.status}): {ASK} to register this "
            f"entity with the assertion consumer service {settings.redirect_url} (HTTP-POST).",
        )
    text = f"the provider answers a request of {settings.entity_id}; only a login shows whether it knows who that is"
    return Finding(OK, text)
